"""``results/`` on disk."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.evaluation.results.store import Store, now, render_path, written
from earmark.models.content_key import content_key, path_sha256
from earmark.models.errors import UserError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_equal_content_has_an_equal_key(value: object) -> None:
    assert content_key(value) == content_key(value)
    assert content_key(value) != content_key([value])


def test_a_key_does_not_depend_on_the_order_of_names() -> None:
    assert content_key({"a": 1, "b": 2}) == content_key({"b": 2, "a": 1})
    assert content_key(1) != content_key("1")
    assert content_key(True) != content_key(1)


def test_a_path_counts_by_its_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    for name, text in (("a.bin", "one"), ("b.bin", "one"), ("c.bin", "two")):
        (tmp_path / name).write_text(text)
    one, same, other = (tmp_path / name for name in ("a.bin", "b.bin", "c.bin"))
    assert content_key(one) == content_key(same) != content_key(other)


def test_a_folder_counts_by_the_names_and_bytes_inside(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "f").write_text("1")
    before = path_sha256(tmp_path / "x")
    (tmp_path / "x").rename(tmp_path / "y")
    assert path_sha256(tmp_path / "y") == before
    (tmp_path / "y" / "g").write_text("1")
    assert path_sha256(tmp_path / "y") != before


def test_what_cannot_be_a_key_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        content_key(object())


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    with pytest.raises(RuntimeError, match="midway"), written(path) as scratch:
        scratch.write_text("half")
        raise RuntimeError("midway")
    assert list(path.parent.iterdir()) == []
    with written(path) as scratch:
        scratch.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


def test_a_failed_rewrite_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("before")
    with pytest.raises(RuntimeError), written(path) as scratch:
        scratch.write_text("after")
        raise RuntimeError
    assert path.read_text() == "before"


def test_an_unwritable_place_is_one_line_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with (
        pytest.raises(UserError, match=r"cannot be written.*another folder"),
        written(tmp_path / "file" / "render.wav"),
    ):
        pass
    with pytest.raises(UserError, match="cannot be used"):
        Store(tmp_path / "file")


def test_a_full_disk_is_one_line_with_the_mend(tmp_path: Path) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with (
        pytest.raises(UserError, match=r"No space left on device.*free space"),
        written(tmp_path / "render.wav") as scratch,
    ):
        full(scratch)
    assert list(tmp_path.iterdir()) == []


def test_rows_come_back_as_they_were_put(tmp_path: Path) -> None:
    row = {"id": "007", "benchmark": "b", "started": "t", "command": ["a", "ü"], "record": {"x": 1}}
    with Store(tmp_path) as store, store.transaction():
        store.put("run", [row])
    with Store(tmp_path) as store:
        (found,) = store.rows("SELECT * FROM run")
    assert found["id"] == "007"
    assert found["command"] == '["a", "ü"]'
    assert found["finished"] is None


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        with pytest.raises(RuntimeError), store.transaction():
            store.put("meta", [{"key": "k", "value": "v"}])
            raise RuntimeError
        assert {row["key"] for row in store.rows("SELECT key FROM meta")} == {"schema", "earmark"}


def test_the_time_is_utc_to_the_second() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    found = datetime.fromisoformat(now())
    assert before <= found <= datetime.now(UTC)
    assert found.utcoffset() == timedelta(0)
    assert found.microsecond == 0


def test_something_else_named_results_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results.sqlite").write_text("this is no database, and long enough to tell so")
    with pytest.raises(UserError, match="cannot be used"):
        Store(tmp_path)


def test_a_folder_without_results_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="earmark run"):
        Store(tmp_path / "nothing", create=False)
    assert not (tmp_path / "nothing").exists()


def test_what_killed_writers_left_is_swept_later(tmp_path: Path) -> None:
    folder = render_path(tmp_path, "ab" * 32).parent
    folder.mkdir(parents=True)
    old, new, kept = folder / ".x.1.wav", folder / ".y.2.wav", folder / "z.wav"
    for path in (old, new, kept):
        path.write_bytes(b"1")
    for path in (old, kept):
        os.utime(path, (1, 1))
    with Store(tmp_path) as store:
        store.sweep()
    assert sorted(p.name for p in folder.iterdir()) == [".y.2.wav", "z.wav"]
