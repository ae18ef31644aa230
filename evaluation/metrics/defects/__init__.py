"""Defects of a render: what no master should have, found without a reference and against one."""
