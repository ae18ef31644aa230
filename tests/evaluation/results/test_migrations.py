"""Results survive an update of Earmark: the kept folder of schema 1 is brought up to date."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest
from places import DATA

from earmark.evaluation.metrics import METRICS
from earmark.evaluation.results import schema
from earmark.evaluation.results.metric_facts import MetricFacts, read_facts
from earmark.evaluation.results.migrations import MIGRATIONS
from earmark.evaluation.results.runs import latest_run, looking_at
from earmark.evaluation.results.schema import SCHEMA
from earmark.evaluation.results.store import Store
from earmark.models.errors import UserError

KEPT = DATA / "kept" / "benchmark" / "stored" / "results.sqlite"
# What the first schema had; later ones may add columns, never change these.
TABLES = (
    *("benchmark", "failure", "placement", "render", "run", "score", "selection", "song"),
    "system",
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the kept results: schema 1, written by an earlier Earmark."""
    (tmp_path / "old").mkdir()
    shutil.copy(KEPT, tmp_path / "old" / "results.sqlite")
    return tmp_path / "old"


def rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the columns of schema 1, with its type and its place."""
    with closing(sqlite3.connect(KEPT)) as connection:
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in TABLES
        }
    with closing(sqlite3.connect(folder / "results.sqlite")) as connection:
        return {
            table: connection.execute(
                f"SELECT rowid, {', '.join(f'{n}, typeof({n})' for n in names)} FROM {table}"
                " ORDER BY rowid"
            ).fetchall()
            for table, names in columns.items()
        }


def meta(folder: Path) -> dict[str, str]:
    with closing(sqlite3.connect(folder / "results.sqlite")) as connection:
        return dict(connection.execute("SELECT key, value FROM meta"))


def structure(folder: Path) -> set[tuple[str, str, tuple[object, ...]]]:
    """Tables and indexes with their columns, in whatever way they came to be."""
    with closing(sqlite3.connect(folder / "results.sqlite")) as connection:
        found = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
        pragma = {"table": "table_info", "index": "index_info"}
        return {
            (kind, name, tuple(connection.execute(f"PRAGMA {pragma[kind]}({name})").fetchall()))
            for kind, name in found
        }


def test_the_kept_results_are_of_the_first_schema_and_not_empty(old: Path) -> None:
    assert meta(old) == {"schema": "1"}
    assert len(rows(old)["score"]) > 30
    assert len(MIGRATIONS) == SCHEMA > 1


@pytest.mark.parametrize("create", [True, False])
def test_an_older_schema_is_brought_up_to_date_and_every_row_is_kept(
    old: Path, *, create: bool
) -> None:
    before = rows(old)
    Store(old, create=create).close()
    assert rows(old) == before
    assert meta(old) == {"schema": str(SCHEMA), "earmark": version("earmark")}


def test_what_was_brought_up_to_date_has_the_structure_of_what_is_new(
    old: Path, tmp_path: Path
) -> None:
    Store(old).close()
    Store(tmp_path / "new").close()
    assert structure(old) == structure(tmp_path / "new")


def test_a_second_opening_changes_nothing(old: Path) -> None:
    Store(old).close()
    before = (old / "results.sqlite").read_bytes()
    Store(old).close()
    assert (old / "results.sqlite").read_bytes() == before


def test_old_results_know_what_their_metrics_mean(old: Path) -> None:
    with Store(old) as store:
        store.connection.execute(
            "INSERT INTO selection (benchmark, position, metric, parameters, version)"
            " VALUES ('b', 0, 'of a plug-in', '{}', 1)"
        )
        facts = read_facts(store, "kept")
        assert read_facts(store, "b") == {"of a plug-in": MetricFacts()}
    ranks = list(METRICS)
    assert len(facts) > 3
    for name, known in facts.items():
        metric = METRICS[name]
        assert known == MetricFacts(metric.unit, metric.better, metric.summary, ranks.index(name))


def test_a_score_that_another_benchmarks_run_measured_anew_is_still_the_firsts(old: Path) -> None:
    with closing(sqlite3.connect(old / "results.sqlite")) as connection, connection:
        last = connection.execute("SELECT * FROM run ORDER BY started DESC LIMIT 1").fetchone()
        later = ("f" * 12, "other", "2999-01-01T00:00:00+00:00", *last[3:])
        connection.execute(f"INSERT INTO run VALUES ({', '.join('?' * len(later))})", later)
        connection.execute("UPDATE score SET run = ?", (later[0],))
        (count,) = connection.execute("SELECT count(*) FROM score").fetchone()
    with Store(old) as store:
        first = latest_run(store, last[1])
        assert first is not None
        assert first.number < find_number(store, later[0])
        with looking_at(store, first):
            assert len(store.rows("SELECT * FROM score")) == count > 0


def find_number(store: Store, run: str) -> int:
    return int(store.rows("SELECT number FROM run WHERE id = ?", (run,))[0]["number"])


def test_a_plugins_metric_takes_its_unit_from_its_scores(old: Path) -> None:
    with closing(sqlite3.connect(old / "results.sqlite")) as connection, connection:
        connection.execute("UPDATE selection SET metric = 'glow' WHERE metric = 'lufs_integrated'")
        connection.execute("UPDATE score SET metric = 'glow' WHERE metric = 'lufs_integrated'")
    with Store(old) as store:
        assert read_facts(store, "kept")["glow"] == MetricFacts(unit="LUFS")


def test_scores_against_a_render_are_found_without_reading_all(old: Path) -> None:
    query = "EXPLAIN QUERY PLAN DELETE FROM score WHERE subject = 'k' OR reference = 'k'"
    with closing(sqlite3.connect(old / "results.sqlite")) as connection:
        assert "SCAN score" in str(connection.execute(query).fetchall())
    with Store(old) as store:
        assert "SCAN" not in str([tuple(row) for row in store.rows(query)])


def test_a_migration_that_fails_midway_leaves_everything_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, was = rows(old), structure(old)
    broken = (*MIGRATIONS[:-1], (*MIGRATIONS[-1], "INSERT INTO no_such_table VALUES (1)"))
    monkeypatch.setattr(schema, "MIGRATIONS", broken)
    with pytest.raises(UserError, match="no_such_table"):
        Store(old)
    assert (rows(old), structure(old), meta(old)) == (before, was, {"schema": "1"})
    monkeypatch.undo()
    Store(old).close()
    assert rows(old) == before


def test_a_migration_that_is_killed_is_done_by_the_next_opening(old: Path) -> None:
    before = rows(old)
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from earmark.evaluation.results import schema, store\n"
        "def upgrade(connection, found):\n"
        "    schema.upgrade(connection, found)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "store.upgrade = upgrade\n"
        "store.Store(Path(sys.argv[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, old], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (rows(old), meta(old)) == (before, {"schema": "1"})
    Store(old).close()
    assert (rows(old), meta(old)["schema"]) == (before, str(SCHEMA))


def read_only(folder: Path) -> Store:
    return Store(folder, read_only=True)


def beside(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_older_schema_that_cannot_be_changed_says_what_to_do(old: Path) -> None:
    before = beside(old)
    with pytest.raises(UserError) as caught:
        read_only(old)
    (line,) = str(caught.value).splitlines()
    assert str(old / "results.sqlite") in line
    assert f"older Earmark (schema 1, this one reads {SCHEMA})" in line
    assert "'earmark report --results FOLDER'" in line
    assert beside(old) == before


def test_results_that_cannot_be_written_are_read_and_nothing_is_left_there(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(old).close()
    before = beside(old)
    with read_only(old) as store:
        assert store.benchmarks() == ["kept"]
        with pytest.raises(UserError, match="cannot be written"), store.transaction():
            store.put("meta", [{"key": "k", "value": "v"}])
    # A medium that is read-only is found out.
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with Store(old, create=False) as store:
        assert store.benchmarks() == ["kept"]
    assert beside(old) == before == {"results.sqlite": before["results.sqlite"]}


def test_what_a_run_has_just_written_is_read_beside_it(old: Path) -> None:
    with Store(old) as running:
        with running.transaction():
            running.connection.execute("UPDATE benchmark SET name = 'now'")
        with read_only(old) as store:
            assert store.benchmarks() == ["now"]


@pytest.mark.parametrize("opened", [Store, read_only])
@pytest.mark.parametrize(
    ("writer", "words"),
    [("9.8.7", "Earmark 9.8.7 wrote it"), (None, "a newer Earmark wrote it")],
)
def test_a_newer_schema_is_refused_with_its_writer_and_left_alone(
    tmp_path: Path, opened: Callable[[Path], Store], writer: str | None, words: str
) -> None:
    Store(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "results.sqlite")) as connection, connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(SCHEMA + 1),))
        connection.execute("DELETE FROM meta WHERE key = 'earmark'")
        if writer:
            connection.execute("INSERT INTO meta VALUES ('earmark', ?)", (writer,))
    before = beside(tmp_path)
    with pytest.raises(UserError) as caught:
        opened(tmp_path)
    (line,) = str(caught.value).splitlines()
    assert f"schema {SCHEMA + 1}, this Earmark reads {SCHEMA}" in line
    assert words in line
    assert beside(tmp_path) == before


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE notes (text)"],
        ["CREATE TABLE meta (key, value)"],
        ["CREATE TABLE meta (key, value)", "INSERT INTO meta VALUES ('schema', 'two')"],
        ["CREATE TABLE meta (key, value)", "INSERT INTO meta VALUES ('schema', '0')"],
        ["CREATE TABLE meta (other)"],
    ],
)
def test_another_programs_database_is_refused_and_left_alone(
    tmp_path: Path, statements: list[str]
) -> None:
    with closing(sqlite3.connect(tmp_path / "results.sqlite")) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    before = beside(tmp_path)
    with pytest.raises(UserError, match=r"results.sqlite: (is not a results database|cannot be)"):
        Store(tmp_path)
    assert beside(tmp_path) == before


def test_results_open_and_are_exported_without_torch(old: Path) -> None:
    code = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "import earmark as em\n"
        "from earmark.analysis.benchmark.result import document, tables\n"
        "from earmark.evaluation.results.store import Store\n"
        "folder = Path(sys.argv[1])\n"
        "with Store(folder) as store:\n"
        "    name = tables.choose_benchmark(store, None)\n"
        "    rows = tables.export_scores(store, name, folder / 'scores.csv')\n"
        "    found = document.load(store, name)\n"
        "heavy = sorted({'torch', 'torchaudio', 'plotly'} & set(sys.modules))\n"
        "medians = len(em.results(folder).summary())\n"
        "better = sorted({column.better for column in found.columns})\n"
        "print(json.dumps([rows, medians, better, heavy]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, old], capture_output=True, text=True, check=True
    )
    exported, medians, better, heavy = json.loads(done.stdout)
    assert exported > 30
    assert medians > 10
    assert {"lower", "none"} <= set(better)
    assert heavy == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "name", "least"),
    [("--scores", "scores.csv", 30), ("--out", "tidy.csv", 30), ("--out", "table.md", 5)],
)
def test_the_command_that_exports_loads_no_torch(
    old: Path, option: str, name: str, least: int
) -> None:
    code = (
        "import sys; from earmark.cli import earmark; "
        "earmark(sys.argv[1:], standalone_mode=False); "
        "sys.exit('torch was loaded' if 'torch' in sys.modules else 0)"
    )
    words = ["export", str(old), option, str(old / name)]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len((old / name).read_text(encoding="utf-8").splitlines()) > least
