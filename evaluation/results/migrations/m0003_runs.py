"""Schema 3: every run keeps what it used, and code counts for what a plug-in measured.

The tables of a benchmark hold its latest run, whose number is in ``benchmark.run``. When the next
run registers, the rows move to the ``past_`` tables under the number of their run. Numbers go from
1 and are never given twice: ``numbering`` holds the last one. Runs up to ``numbering.earlier`` are
from before: what they used was not kept, but for the last run of each benchmark.

A score holds from run ``since`` on. What ``--force`` measured anew moves to ``past_score``, where
it holds before run ``until``. ``source`` is the code of a plug-in, '' for Earmark's own.
"""

_SCORE = "subject, reference, metric, variant, parameters, version"
_TABLES = (
    "ALTER TABLE run ADD COLUMN number INTEGER",
    "ALTER TABLE run ADD COLUMN name TEXT",
    "CREATE UNIQUE INDEX run_by_number ON run (number)",
    "CREATE UNIQUE INDEX run_by_name ON run (name)",
    "CREATE TABLE numbering (last INTEGER NOT NULL, earlier INTEGER NOT NULL)",
    "ALTER TABLE benchmark ADD COLUMN run INTEGER",
    "ALTER TABLE selection ADD COLUMN source TEXT NOT NULL DEFAULT ''",
    # Another key cannot be given to a table that is there.
    "ALTER TABLE score RENAME TO score_of_schema_2",
    "DROP INDEX score_by_reference",
    "CREATE TABLE score ("
    " subject TEXT NOT NULL, reference TEXT NOT NULL, metric TEXT NOT NULL,"
    " variant TEXT NOT NULL, parameters TEXT NOT NULL, version INTEGER NOT NULL,"
    " value REAL, reason TEXT NOT NULL, unit TEXT NOT NULL, run TEXT NOT NULL,"
    " source TEXT NOT NULL DEFAULT '', since INTEGER NOT NULL DEFAULT 0,"
    f" PRIMARY KEY ({_SCORE}, source))",
    "CREATE INDEX score_by_reference ON score (reference)",
    "CREATE TABLE past_score AS SELECT *, 0 AS until FROM score WHERE 0",
    "CREATE INDEX past_score_by_subject ON past_score (subject)",
    *(
        f"CREATE TABLE past_{table} AS SELECT 0 AS run_number, * FROM {table} WHERE 0"
        for table in ("benchmark", "song", "system", "selection", "placement", "failure")
    ),
    *(
        f"CREATE INDEX past_{table}_by_run ON past_{table} (run_number)"
        for table in ("benchmark", "song", "system", "selection", "placement", "failure")
    ),
)
_ROWS = (
    "UPDATE run SET number = (SELECT count(*) FROM run AS r WHERE r.started < run.started"
    " OR (r.started = run.started AND r.rowid <= run.rowid))",
    # Of several runs of a benchmark only the last has left what it used.
    "UPDATE benchmark SET run = (SELECT max(number) FROM run WHERE run.benchmark = benchmark.name)",
    f"INSERT INTO score (rowid, {_SCORE}, value, reason, unit, run, since)"
    # Since ever: what one benchmark's run measured anew stood for every benchmark of its renders.
    f" SELECT rowid, {_SCORE}, value, reason, unit, run, 0 FROM score_of_schema_2",
    "DROP TABLE score_of_schema_2",
    "INSERT INTO numbering SELECT coalesce(max(number), 0), coalesce(max(number), 0) FROM run",
)

STATEMENTS = (*_TABLES, *_ROWS)
