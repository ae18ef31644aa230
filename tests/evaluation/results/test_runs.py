"""Runs are listed, found, named and looked back at, in new results and in those of schema 1."""

import shutil
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from places import DATA
from report_fixtures import Fake, build

import earmark as em
from earmark.analysis.benchmark.result import tables
from earmark.cli import earmark
from earmark.evaluation.results.runs import (
    KEPT,
    all_runs,
    any_run,
    find_run,
    looking_at,
    next_number,
    opened_at,
    put_past,
    rename_run,
)
from earmark.evaluation.results.store import Store
from earmark.models.errors import UserError

FAKE = Fake(seconds=0.1, audio=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two runs of one benchmark: in the second the first song is another one."""
    results = build(tmp_path / "results", FAKE)
    with Store(results) as store:
        again(store, "second run")
        with store.transaction():
            store.connection.execute("UPDATE song SET sha256 = 'other' WHERE position = 0")
    return results


def again(store: Store, name: str | None = None) -> None:
    """Another run of the benchmark that finds everything as it is."""
    with store.transaction():
        store.connection.execute("UPDATE numbering SET last = max(last, 1)")
        number = next_number(store)
        for table in ("song", "system", "selection", "placement"):
            store.connection.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table}")
        put_past(store, "small")
        for table in ("song", "system", "selection", "placement"):
            store.connection.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
            store.connection.execute(f"DROP TABLE kept_{table}")
        store.connection.execute("UPDATE benchmark SET run = ?", (number,))
        row = {"id": f"run-{number}", "number": number, "name": name, "benchmark": "small"}
        store.put("run", [row | {"started": f"2031-01-0{number}", "command": [], "record": {}}])


def songs(results: Path, run: str | int | None) -> list[str]:
    with opened_at(results, run) as (store, name):
        return list(tables.songs(store, name)["sha256"])


@pytest.mark.parametrize("first", [1, "1", "run-1"])
def test_a_run_is_found_by_number_name_and_id_and_seen_as_it_was(
    folder: Path, first: str | int
) -> None:
    assert songs(folder, first)[0] != "other"
    for second in (2, "second run", "run-2", "latest", None):
        assert songs(folder, second)[0] == "other"
    assert songs(folder, first)[1:] == songs(folder, None)[1:]


def test_what_was_looked_at_leaves_no_trace(folder: Path) -> None:
    with Store(folder) as store:
        with looking_at(store, find_run(store, 1)):
            before = tables.songs(store, "small")
        assert list(before["sha256"]) == songs(folder, 1)
        assert tables.songs(store, "small")["sha256"][0] == "other"
        with store.transaction():
            store.put("meta", [{"key": "k", "value": "v"}])


def test_results_that_cannot_be_written_are_looked_at_too(folder: Path) -> None:
    with (
        Store(folder, read_only=True) as store,
        looking_at(store, find_run(store, 1)),
    ):
        assert tables.songs(store, "small")["sha256"][0] != "other"


def test_a_run_that_another_process_goes_on_writing_is_read_of_one_moment(folder: Path) -> None:
    with opened_at(folder, 2) as (store, name):
        count = len(tables.songs(store, name))
        with Store(folder) as other, other.transaction():
            other.connection.execute("DELETE FROM song")
        assert len(tables.songs(store, name)) == count
    assert songs(folder, 2) == []


def test_a_run_that_was_deleted_meanwhile_is_told(folder: Path) -> None:
    with Store(folder) as store:
        first = find_run(store, 1)
        with store.transaction():
            store.connection.execute("DELETE FROM run WHERE number = 1")
        words = r"holds no run 'run-1'.*choose from 2, second run"
        with pytest.raises(UserError, match=words), looking_at(store, first):
            pass
        with pytest.raises(UserError, match=r"holds no run '1' \(it was deleted\); choose from 2"):
            any_run(store, 1)


def test_an_unknown_run_names_the_nearest(folder: Path) -> None:
    with Store(folder) as store:
        with pytest.raises(UserError, match=r"did you mean 'second run'"):
            find_run(store, "second ru")
        with pytest.raises(UserError, match=r"holds no run '3'; choose from"):
            find_run(store, 3)
        with pytest.raises(UserError, match=r"of benchmark 'x' yet"):
            find_run(store, 1, "x")


def test_numbers_are_never_given_twice(folder: Path) -> None:
    with Store(folder) as store:
        with store.transaction():
            store.connection.execute("DELETE FROM run")
            assert next_number(store) == 3
        with pytest.raises(RuntimeError), store.transaction():
            assert next_number(store) == 4
            raise RuntimeError
        with store.transaction():
            assert next_number(store) == 4


@pytest.mark.parametrize("name", ["7", "latest", "0123456789ab", "-x", "a/b", "x" * 81, "a\nb"])
def test_a_name_that_could_be_taken_for_something_else_is_refused(folder: Path, name: str) -> None:
    with Store(folder) as store, pytest.raises(UserError, match="a name is 1 to 80 letters"):
        rename_run(store, find_run(store, 1), name)


def test_a_name_is_given_taken_refused_and_taken_away(folder: Path) -> None:
    with Store(folder) as store:
        with pytest.raises(UserError, match=r"'second run': run 2 of 2031-01-02 has it"):
            rename_run(store, find_run(store, 1), "second run")
        rename_run(store, find_run(store, 2), "second run")  # its own
        rename_run(store, find_run(store, 2), "")
        rename_run(store, find_run(store, 1), "second run")
        assert [run.name for run in all_runs(store)] == ["", "second run"]
        assert find_run(store, "second run").number == 1


def test_two_threads_that_look_at_two_runs_do_not_meet(folder: Path) -> None:
    found = {}

    def look(run: int) -> None:
        found[run] = [songs(folder, run)[0] for _ in range(5)]

    threads = [threading.Thread(target=look, args=(run,)) for run in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found[2]) == {"other"}
    assert "other" not in found[1]


def test_a_program_sees_runs_as_the_command_does(folder: Path, tmp_path: Path) -> None:
    found = em.results(folder)
    assert list(found.runs()["number"]) == [2, 1]
    assert list(found.runs()["name"]) == ["second run", ""]
    assert found.run(1).songs()["sha256"][0] != "other"
    assert em.results(folder, run="second run").songs()["sha256"][0] == "other"
    assert "run 1" in repr(found.run(1))
    assert list(found.run(1).runs()["number"]) == [1]
    runner = CliRunner()
    listed = runner.invoke(earmark, ["runs", "--results", str(folder)])
    assert listed.output.splitlines()[3].split()[:3] == ["2", "second", "run"]
    with Store(folder) as store, store.transaction():
        store.connection.execute("DELETE FROM past_song WHERE position > 0")
    csv = tmp_path / "scores.csv"
    words = ["export", str(folder), "--run", "1", "--scores", str(csv)]
    assert runner.invoke(earmark, words).exit_code == 0
    assert {line.split(",")[0] for line in csv.read_text().splitlines()[1:]} == {FAKE.songs[0]}


def test_a_report_of_an_earlier_run_lies_beside_that_of_the_latest(folder: Path) -> None:
    runner = CliRunner()
    words = ["report", "--results", str(folder)]
    latest = runner.invoke(earmark, words).output.strip()
    earlier = runner.invoke(earmark, [*words, "--run", "1"]).output.strip()
    assert Path(latest).is_file()
    assert Path(earlier).is_file()
    assert latest != earlier
    assert '"other"' in (Path(latest).parent / "result.json").read_text()
    assert '"other"' not in (Path(earlier).parent / "result.json").read_text()


@pytest.mark.parametrize("table", [*KEPT, "score"])
def test_what_is_past_has_every_column_of_what_is_present(tmp_path: Path, table: str) -> None:
    with Store(tmp_path) as store:
        present, past = (
            [row["name"] for row in store.rows(f"PRAGMA table_info({name})")]
            for name in (table, f"past_{table}")
        )
    assert set(past) == {*present, "until" if table == "score" else "run_number"}


def test_of_results_of_schema_1_the_last_run_is_kept_and_the_others_say_so(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    shutil.copy(DATA / "kept" / "benchmark" / "stored" / "results.sqlite", tmp_path / "old")
    with Store(tmp_path / "old") as store:
        assert [(run.number, run.kept, run.latest, run.earlier) for run in all_runs(store)] == [
            (2, True, True, True),
            (1, False, False, True),
        ]
        everything = tables.scores(store, "kept")
        with pytest.raises(UserError, match=r"run 1 was made before Earmark kept what each run"):
            find_run(store, 1)
    assert len(everything) > 30
    assert em.results(tmp_path / "old", run=2).scores().equals(everything)
    runner = CliRunner()
    shown = runner.invoke(earmark, ["runs", "show", "1", "--results", str(tmp_path / "old")])
    assert "what it used is not known" in shown.output
    shown = runner.invoke(earmark, ["runs", "--results", str(tmp_path / "old"), "show", "2"])
    assert "may hold scores of earlier runs" in shown.output
