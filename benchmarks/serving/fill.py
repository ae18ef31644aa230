"""Fills a study's ratings with copies of one session: ten thousand of them in seconds.

Every row of the session is copied by SQL under new names; counters are multiplied.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

_PREFIX = 6
_COUNTERS = ("held", "heard", "sessions")


def _copied(table: str, column: str) -> str:
    """The value of a column in the copy of this number."""
    name = f"printf('%0{_PREFIX}d', n.n) || substr(t.\"{column}\", {_PREFIX + 1})"
    if column in ("session_token", "token") or (table, column) == ("session", "id"):
        return name
    if column in ("presentation", "stimulus"):
        return f"CASE WHEN t.\"{column}\" = '' THEN '' ELSE {name} END"
    if (table, column) == ("session", "number"):
        return "n.n"
    if (table, column) == ("page", "id") or column == "page_id":
        return f't."{column}" + n.n * 1000'
    if column in ("id", "arrival") and (table, column) != ("event", "id"):
        return "NULL"
    return f't."{column}"'


def fill(path: Path, token: str, sessions: int) -> None:
    """Add copies of the session of ``token`` until there are ``sessions`` of its study."""
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as database:
        database.executescript("PRAGMA journal_mode = WAL; PRAGMA cache_size = -200000")
        (there,) = database.execute("SELECT count(*) FROM session").fetchone()
        (highest,) = database.execute("SELECT max(number) FROM session").fetchone()
        first, last = highest + 1, highest + sessions - there
        if last < first:
            return
        database.execute("BEGIN IMMEDIATE")
        (pages,) = database.execute("SELECT max(id) FROM page").fetchone()
        if pages >= 1000:
            # The first copies took the numbers above; the template's pages are still the lowest.
            (pages,) = database.execute(
                "SELECT max(id) FROM page WHERE session_token = ?", [token]
            ).fetchone()
        assert pages < 1000, "the session to copy has to be among the first"
        names = [
            row[0]
            for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        numbers = (
            f"WITH RECURSIVE n(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM n "
            f"WHERE n < {last}) "
        )
        of_pages = "(SELECT id FROM page WHERE session_token = :token)"
        for table in ("session", "page", *(one for one in names if one not in ("session", "page"))):
            columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
            if table == "session":
                where = "t.token = :token"
            elif "session_token" in columns:
                where = "t.session_token = :token"
            elif "page_id" in columns:
                where = f"t.page_id IN {of_pages}"
            else:
                continue
            quoted = ", ".join(f'"{one}"' for one in columns)
            values = ", ".join(_copied(table, one) for one in columns)
            database.execute(
                f'{numbers} INSERT INTO "{table}" ({quoted}) '
                f'SELECT {values} FROM n CROSS JOIN "{table}" t WHERE {where} ORDER BY n.n',
                {"token": token},
            )
        for table in names:
            columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
            for column in set(_COUNTERS) & set(columns):
                if table == "session":
                    continue
                database.execute(
                    f'UPDATE "{table}" SET "{column}" = "{column}" * {sessions} / {there}'
                )
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
