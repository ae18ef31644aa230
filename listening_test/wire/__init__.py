"""Connections of a served study: limits, the loop that holds them, rates and counts."""
