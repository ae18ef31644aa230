"""What each schema of ``results.sqlite`` added to the one before; what is in here never changes."""

from . import m0001_tables, m0002_metric_facts, m0003_runs

# In order: the schema's number is the position, from 1.
MIGRATIONS = (m0001_tables.STATEMENTS, m0002_metric_facts.STATEMENTS, m0003_runs.STATEMENTS)
