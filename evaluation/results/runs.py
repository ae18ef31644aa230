"""The runs of a results folder: listed, found by number, name or id, and looked back at.

The tables of a benchmark hold its latest run; those named ``past_`` hold the runs before it.
:func:`looking_at` lets every reader of a store see one run alone, as it stood, whichever it is.
"""

import contextlib
import difflib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...models.errors import UserError
from .store import Store

# The tables that a run leaves behind when the next one of its benchmark registers.
KEPT = ("benchmark", "song", "system", "selection", "placement", "failure")
_LATEST = "latest"
_ID = re.compile(r"[0-9a-f]{12}")
_NAME = re.compile(r"\w[\w .+-]{0,79}")


@dataclass(frozen=True)
class Run:
    """One run of a benchmark; its ``number`` is given once in a folder and never again.

    ``kept`` says whether what it used is known; a run that ended before it had looked at its songs
    left nothing, nor did most runs of an Earmark that kept no runs (``earlier``). ``latest`` is
    the last of its benchmark that left something.
    """

    number: int
    id: str
    name: str
    benchmark: str
    started: str
    finished: str | None
    command: Sequence[str]
    record: Mapping[str, Any]
    kept: bool
    latest: bool
    earlier: bool

    @property
    def title(self) -> str:
        """``run 3``, with its name where it has one."""
        return f"run {self.number} ({self.name})" if self.name else f"run {self.number}"


def all_runs(store: Store, benchmark: str | None = None) -> list[Run]:
    """The runs of a folder or of one benchmark, the latest first."""
    earlier = store.rows("SELECT earlier FROM main.numbering")[0]["earlier"]
    latest = {row["name"]: row["run"] for row in store.rows("SELECT * FROM main.benchmark")}
    past = store.rows("SELECT run_number FROM main.past_benchmark")
    kept = {row["run_number"] for row in past} | set(latest.values())
    rows = store.rows(
        "SELECT * FROM main.run WHERE number IS NOT NULL AND (?1 IS NULL OR benchmark = ?1)"
        " ORDER BY number DESC",
        (benchmark,),
    )
    return [
        Run(
            number=row["number"],
            id=row["id"],
            name=row["name"] or "",
            benchmark=row["benchmark"],
            started=row["started"],
            finished=row["finished"],
            command=tuple(json.loads(row["command"])),
            record=json.loads(row["record"]),
            kept=row["number"] in kept,
            latest=row["number"] == latest.get(row["benchmark"]),
            earlier=row["number"] <= earlier,
        )
        for row in rows
    ]


def find_run(store: Store, which: str | int, benchmark: str | None = None) -> Run:
    """The run of that number, name or id; ``latest`` is the last of the benchmark, or of all.

    Raises:
        UserError: if there is none, or it left nothing that could be shown.
    """
    found = any_run(store, which, benchmark)
    if not found.kept:
        raise UserError(f"{store.folder}: {found.title} {why_empty(found)}; choose another run")
    return found


def any_run(store: Store, which: str | int, benchmark: str | None = None) -> Run:
    """As :func:`find_run`, also a run that left nothing."""
    known = all_runs(store, benchmark)
    asked = str(which).strip()
    if asked == _LATEST:
        found = [run for run in known if run.latest][:1]
    else:
        found = [run for run in known if asked in (str(run.number), run.name, run.id) and asked]
    if found:
        return found[0]
    of = f" of benchmark {benchmark!r}" if benchmark else ""
    if not known:
        raise UserError(f"{store.folder}: holds no run{of} yet; run 'earmark run BENCH.yaml' first")
    names = [name for run in known for name in (str(run.number), run.name) if name]
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    last = store.rows("SELECT last FROM main.numbering")[0]["last"]
    gone = asked.isdigit() and 0 < int(asked) <= last and benchmark is None
    close = [] if asked.isdigit() else difflib.get_close_matches(asked, names, n=1)
    why = " (it was deleted)" if gone else f" (did you mean {close[0]!r}?)" if close else ""
    raise UserError(
        f"{store.folder}: holds no run {asked!r}{of}{why}; choose from {shown}, or see "
        "'earmark runs'"
    )


def latest_run(store: Store, benchmark: str) -> Run | None:
    """The run whose state the tables of a benchmark hold; None where no run is known."""
    return next((run for run in all_runs(store, benchmark) if run.latest), None)


def why_empty(run: Run) -> str:
    """Why nothing is known of what a run used."""
    if run.earlier:
        return "was made before Earmark kept what each run used"
    return "ended before it had looked at its songs"


def checked_name(store: Store, name: str, run: int | None = None) -> str:
    """A name that no other run has and that can be told from numbers and ids.

    Raises:
        UserError: if it cannot be used.
    """
    text = name.strip()
    if not _NAME.fullmatch(text) or text.isdigit() or _ID.fullmatch(text) or text == _LATEST:
        raise UserError(
            f"run name {name!r}: a name is 1 to 80 letters, digits, spaces, '-', '+', '_' or '.', "
            f"begins with a letter or digit, and is neither a number nor {_LATEST!r}"
        )
    taken = store.rows("SELECT number, started FROM main.run WHERE name = ?", (text,))
    if taken and taken[0]["number"] != run:
        raise UserError(
            f"run name {text!r}: run {taken[0]['number']} of {taken[0]['started'][:10]} has it in "
            f"{store.folder}; choose another, or rename that run with 'earmark runs name "
            f"{taken[0]['number']} NAME'"
        )
    return text


def rename_run(store: Store, run: Run, name: str) -> None:
    """Give a run another name; '' takes it away.

    Raises:
        UserError: if the name cannot be used, or the folder not be written.
    """
    with store.transaction():
        text = checked_name(store, name, run.number) if name else None
        store.connection.execute(
            "UPDATE main.run SET name = ? WHERE number = ?", (text, run.number)
        )


def next_number(store: Store) -> int:
    """A number for a run, in the open transaction; never given again."""
    store.connection.execute("UPDATE main.numbering SET last = last + 1")
    return int(store.rows("SELECT last FROM main.numbering")[0]["last"])


def put_past(store: Store, benchmark: str) -> None:
    """Move what a benchmark's tables hold to its run, in the open transaction; failures stay too.

    State that no run is known of cannot be looked at again and is left out.
    """
    row = store.rows("SELECT run FROM main.benchmark WHERE name = ?", (benchmark,))
    number = row[0]["run"] if row else None
    for table in KEPT:
        of = "name" if table == "benchmark" else "benchmark"
        if number is not None:
            columns = ", ".join(_columns(store, table))
            store.connection.execute(
                f"INSERT INTO main.past_{table} (run_number, {columns})"
                f" SELECT ?, {columns} FROM main.{table} WHERE {of} = ?",
                (number, benchmark),
            )
        if table not in ("benchmark", "failure"):
            store.connection.execute(f"DELETE FROM main.{table} WHERE {of} = ?", (benchmark,))


@contextlib.contextmanager
def looking_at(store: Store, run: Run | None) -> Iterator[Store]:
    """The store as ``run`` left it: whatever is read inside sees this run alone.

    All that is read is of one moment, although another process may write. ``run`` None changes
    nothing: the tables as they are.

    Raises:
        UserError: if the run has been deleted meanwhile.
    """
    if run is None:
        yield store
        return
    connection = store.connection
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("BEGIN")
    try:
        now = any_run(store, run.id)
        for table, query in _views(store, now).items():
            connection.execute(f"CREATE TEMP VIEW {table} AS {query}")
        yield store
    finally:
        # The views go with it; nothing else was written.
        connection.execute("ROLLBACK")


@contextlib.contextmanager
def opened_at(
    folder: Path, run: str | int | None = None, benchmark: str | None = None
) -> Iterator[tuple[Store, str]]:
    """A results folder as one run left it, and the name of its benchmark.

    ``run`` is a number, a name or an id; the latest of ``benchmark`` by default, and ``benchmark``
    is that of the latest run.

    Raises:
        UserError: if there is no such folder, benchmark or run.
    """
    with Store(folder, create=False) as store:
        name = choose_benchmark(store, benchmark)
        if run is None:
            found = latest_run(store, name)
        else:
            found = find_run(store, run, benchmark)
            name = found.benchmark
        with looking_at(store, found):
            yield store, name


def choose_benchmark(store: Store, name: str | None) -> str:
    """The benchmark of that name, or the one that was run last.

    Raises:
        UserError: if there is none, or none of that name.
    """
    known = store.benchmarks()
    if not known:
        raise UserError(
            f"{store.folder}: holds no benchmark yet; run 'earmark run BENCH.yaml' first"
        )
    if name is None:
        return known[0]
    if name not in known:
        raise UserError(
            f"benchmark {name!r}: not in {store.folder}; choose from {', '.join(sorted(known))}"
        )
    return name


def _views(store: Store, run: Run) -> Mapping[str, str]:
    """The tables that a reader knows, as one run left them."""
    number, named = run.number, _quoted(run.benchmark)
    views = {}
    for table in KEPT:
        columns = ", ".join(_columns(store, table))
        of = "name" if table == "benchmark" else "benchmark"
        source = (
            f"main.{table} WHERE {of} = {named}"
            if run.latest
            else f"main.past_{table} WHERE run_number = {number}"
        )
        views[table] = f"SELECT {columns}, rowid FROM {source}"
    scores = ", ".join(_columns(store, "score"))
    # Only by the code that the run used: another one's values of the same metric are not its own.
    code = "SELECT source FROM temp.selection AS m WHERE m.metric = s.metric"
    views["score"] = (
        f"SELECT * FROM (SELECT {scores}, rowid FROM main.score WHERE since <= {number}"
        f" UNION ALL SELECT {scores}, rowid FROM main.past_score"
        f" WHERE since <= {number} AND {number} < until) AS s"
        f" WHERE s.source = '' OR s.source IN ({code})"
    )
    views["run"] = f"SELECT * FROM main.run WHERE number <= {number}"
    return views


def _columns(store: Store, table: str) -> list[str]:
    found: list[sqlite3.Row] = store.rows(f"PRAGMA main.table_info({table})")
    return [row["name"] for row in found]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
