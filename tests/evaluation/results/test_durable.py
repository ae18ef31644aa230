"""What was written is on disk, whole: what the disk is told, in which order, before a file counts.

A power cut cannot be made in a test. What survives one is what was synchronised, so these tests
watch the calls that synchronise and rename, and the files that lie there at each of them.
"""

import errno
import os
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from earmark.evaluation.results.schema import SCHEMA
from earmark.evaluation.results.store import Store, render_path, written
from earmark.models.errors import StorageError

Event = tuple[str, str, str | None]


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Event]:
    """What was synchronised or renamed, with what the target ``file.txt`` held at that moment."""
    seen: list[Event] = []
    target = tmp_path / "file.txt"
    synchronise, rename, swap = os.fsync, os.rename, os.replace

    def held() -> str | None:
        return target.read_text() if target.exists() else None

    def fsync(handle: int) -> None:
        seen.append(("sync", str(Path(f"/proc/self/fd/{handle}").readlink()), held()))
        synchronise(handle)

    def renamed(how: Any) -> Any:
        def call(source: Any, goal: Any, **more: Any) -> None:
            seen.append(("rename", str(source), held()))
            how(source, goal, **more)

        return call

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", renamed(rename))
    monkeypatch.setattr(os, "replace", renamed(swap))
    return seen


@pytest.mark.parametrize("before", [None, "old"])
def test_the_bytes_are_on_disk_before_the_name_and_the_name_before_it_counts(
    tmp_path: Path, events: list[Event], before: str | None
) -> None:
    path = tmp_path / "file.txt"
    if before is not None:
        path.write_text(before)
    with written(path) as scratch:
        scratch.write_text("new")
        assert scratch.parent == path.parent, "a rename is atomic within one folder alone"
    assert events == [
        ("sync", str(scratch), before),
        ("rename", str(scratch), before),
        ("sync", str(tmp_path), "new"),
    ]
    assert path.read_text() == "new"


def test_no_file_stays_open_after_a_writing(tmp_path: Path) -> None:
    def held() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = held()
    for number in range(5):
        with written(tmp_path / f"{number}.txt") as scratch:
            scratch.touch()
    assert held() == before


def test_who_reads_the_old_file_meanwhile_reads_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old and whole")
    with path.open() as stream:
        with written(path) as scratch:
            scratch.write_text("new")
        assert stream.read() == "old and whole"
        assert os.fstat(stream.fileno()).st_ino != path.stat().st_ino


def test_a_scratch_file_is_hidden_keeps_its_ending_and_has_a_name_of_its_own(
    tmp_path: Path,
) -> None:
    names = set()
    for _ in range(20):
        with written(tmp_path / "file.wav") as scratch:
            scratch.touch()
            assert scratch.name.startswith(".")
            assert scratch.suffix == ".wav"
            assert str(os.getpid()) in scratch.name
            names.add(scratch.name)
    assert len(names) == 20
    assert [path.name for path in tmp_path.iterdir()] == ["file.wav"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError("in our own words"), "in our own words"),
        (StorageError("the tail of it"), "the tail of it"),
    ],
)
def test_what_stopped_a_writing_is_told_with_the_file_and_nothing_is_left(
    tmp_path: Path, error: Exception, words: str
) -> None:
    path = tmp_path / "file.txt"
    with pytest.raises(StorageError) as caught, written(path) as scratch:
        scratch.write_text("half")
        raise error
    said = str(caught.value)
    assert said.startswith(f"{path}: cannot be written ({words}")
    assert scratch.name not in said
    assert list(tmp_path.iterdir()) == []


def test_the_cause_of_a_storage_error_is_told_instead_of_it(tmp_path: Path) -> None:
    def inner() -> None:
        try:
            raise OSError(errno.EROFS, "Read-only file system")
        except OSError as error:
            raise StorageError("scratch: cannot be written") from error

    with (
        pytest.raises(StorageError, match=r"Read-only file system") as caught,
        written(tmp_path / "file.txt"),
    ):
        inner()
    assert isinstance(caught.value.__cause__, OSError)
    assert "scratch: cannot" not in str(caught.value)


def test_a_file_that_was_never_made_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file"), written(tmp_path / "file.txt"):
        pass
    assert list(tmp_path.iterdir()) == []


def one(connection: sqlite3.Connection, question: str) -> Any:
    return connection.execute(question).fetchone()[0]


def test_the_database_waits_for_the_disk_and_lets_readers_be(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert one(store.connection, "PRAGMA journal_mode") == "wal"
        assert one(store.connection, "PRAGMA synchronous") == 2, "FULL: a commit is on disk"
        assert one(store.connection, "PRAGMA busy_timeout") == 60_000
        assert store.database == tmp_path / "results.sqlite"
        with store.transaction():
            store.put("meta", [{"key": "k", "value": "v"}])
            other = sqlite3.connect(store.database)
            assert other.execute("SELECT * FROM meta WHERE key = 'k'").fetchall() == []
            other.close()
        assert [row["value"] for row in store.rows("SELECT value FROM meta WHERE key = 'k'")] == [
            "v"
        ]


def test_a_transaction_holds_the_only_pen_from_its_beginning(tmp_path: Path) -> None:
    with Store(tmp_path) as store, store.transaction():
        other = sqlite3.connect(store.database, timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_what_interrupts_a_transaction_undoes_it_and_leaves_the_next_one_alone(
    tmp_path: Path,
) -> None:
    with Store(tmp_path) as store:
        for error in (KeyboardInterrupt, ValueError):
            with pytest.raises(error), store.transaction():
                store.put("meta", [{"key": "k", "value": "v"}])
                raise error
            assert not store.connection.in_transaction
        with store.transaction():
            store.put("meta", [{"key": "next", "value": "v"}])
    with Store(tmp_path) as store:
        assert {row["key"] for row in store.rows("SELECT key FROM meta")} >= {"schema", "next"}
        assert store.rows("SELECT key FROM meta WHERE key = 'k'") == []


def test_a_locked_database_is_one_line_with_the_mend(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.connection.execute("PRAGMA busy_timeout = 0")
        holder = sqlite3.connect(store.database, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        words = r"results.sqlite: cannot be written .*free space"
        with pytest.raises(StorageError, match=words), store.transaction():
            pass
        holder.close()


def test_rows_of_one_key_replace_each_other_and_objects_become_json(tmp_path: Path) -> None:
    rows: Sequence[Mapping[str, Any]] = [
        {"key": "k", "value": {"b": 1, "a": "ü"}},
        {"key": "k", "value": ("x", 2)},
        {"key": "n", "value": "plain"},
    ]
    with Store(tmp_path) as store:
        with store.transaction():
            store.put("meta", rows[:1])
        assert one(store.connection, "SELECT value FROM meta WHERE key = 'k'") == (
            '{"a": "ü", "b": 1}'
        )
        with store.transaction():
            store.put("meta", rows[1:])
        found = store.rows(
            "SELECT key, value FROM meta WHERE key < ? AND key > 'f' ORDER BY key", ["o"]
        )
        assert [tuple(row) for row in found] == [("k", '["x", 2]'), ("n", "plain")]
        with pytest.raises(ValueError, match="JSON"), store.transaction():
            store.put("meta", [{"key": "k", "value": [float("nan")]}])


def test_the_latest_benchmark_comes_first_and_equals_by_name(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert store.benchmarks() == []
        for name, day in (("b", 1), ("a", 2), ("c", 2), ("d", 3)):
            with store.transaction():
                row = {"name": name, "config": {}, "simulated": 0, "updated": f"2026-01-0{day}"}
                store.put("benchmark", [row])
        assert store.benchmarks() == ["d", "a", "c", "b"]


def test_a_store_is_opened_again_as_it_was_and_closed_at_the_end(tmp_path: Path) -> None:
    with Store(tmp_path / "deep" / "results") as store:
        assert store.rows("SELECT * FROM meta")[0]["value"] == str(SCHEMA)
        key = "ab" * 32
        assert store.render_path(key) == render_path(store.folder, key)
        assert store.render_path(key).relative_to(store.folder) == Path(
            "renders", "ab", f"{key}.wav"
        )
    with pytest.raises(sqlite3.ProgrammingError):
        store.rows("SELECT 1")
    with Store(tmp_path / "deep" / "results", create=False) as again:
        assert again.rows("SELECT * FROM meta")[0]["value"] == str(SCHEMA)


def test_a_relative_folder_stays_the_same_one_wherever_the_process_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Store(Path("results")) as store:
        monkeypatch.chdir("/")
        assert store.folder == tmp_path / "results"
        assert store.render_path("ab").is_absolute()


def test_the_schema_is_the_one_that_results_folders_out_there_have(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        (found,) = store.rows("SELECT value FROM meta WHERE key = 'schema'")
    assert found["value"] == "3", "a new number comes with a migration and a test of it"


@pytest.mark.parametrize("place", ["renders", "embeddings", "sets", "insights"])
def test_only_hidden_files_older_than_an_hour_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    home = tmp_path / place / "ab"
    (home / ".folder").mkdir(parents=True)
    now = 1_800_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    for name, age in ((".old", 3601), (".young", 3599), ("kept", 9999)):
        (home / name).write_text("1")
        os.utime(home / name, (now - age, now - age))
    os.utime(home / ".folder", (1, 1))
    elsewhere = tmp_path / "studies" / ".old"
    elsewhere.parent.mkdir()
    elsewhere.write_text("1")
    os.utime(elsewhere, (1, 1))
    with Store(tmp_path) as store:
        store.sweep()
    assert sorted(path.name for path in home.iterdir()) == [".folder", ".young", "kept"]
    assert elsewhere.exists()


def test_two_processes_that_make_the_same_folder_make_one(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def make() -> None:
        try:
            Store(tmp_path / "results").close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
