"""A backup holds all of a study at one moment, or there is none."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from earmark.listening_test.storage import backup as backups
from earmark.listening_test.storage.backup import backup
from earmark.listening_test.storage.tables import StudyVersion, opened
from earmark.listening_test.study.study import StudyFolder
from earmark.models.errors import UserError


def version(name: str = "v") -> StudyVersion:
    return StudyVersion(
        sha256=name, study="small", snapshot={"x": 1}, created_at="t", frozen_at=None
    )


def filled(folder: StudyFolder) -> None:
    folder.study.write_text("{}")
    folder.keys.write_text("keys")
    folder.heard.write_text("heard")
    folder.stimuli.mkdir()
    folder.stimulus("token").write_bytes(b"sound")
    folder.plugins.mkdir()
    (folder.plugins / "kind.py").write_text("a kind of test")


def test_a_backup_holds_every_file_and_the_ratings_of_the_moment(
    folder: StudyFolder, tmp_path: Path
) -> None:
    filled(folder)
    with opened(folder) as database:
        with database.writing() as session:
            session.add(version())
        backup(folder, tmp_path / "deep" / "copy")
        with database.writing() as session:
            session.add(version("later"))
    copy = StudyFolder(tmp_path / "deep" / "copy")
    for name in ("study", "keys", "heard"):
        assert getattr(copy, name).read_bytes() == getattr(folder, name).read_bytes()
    assert copy.stimulus("token").read_bytes() == b"sound"
    assert (copy.plugins / "kind.py").read_text() == "a kind of test"
    with opened(copy) as database, database.reading() as session:
        assert session.scalars(text("SELECT sha256 FROM study_version")).all() == ["v"]


def test_a_study_without_ratings_is_backed_up_without_making_any(
    folder: StudyFolder, tmp_path: Path
) -> None:
    folder.study.write_text("{}")
    backup(folder, tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["study.json"]
    assert not folder.ratings.exists()


def test_a_backup_never_writes_into_a_folder_that_is_there(
    folder: StudyFolder, tmp_path: Path
) -> None:
    filled(folder)
    target = tmp_path / "copy"
    target.mkdir()
    (target / "mine").write_text("mine")
    with pytest.raises(UserError, match="copy: already exists; give a new folder with --out"):
        backup(folder, target)
    assert [path.name for path in target.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (OSError(28, "No space left on device"), UserError),
        (sqlite3.OperationalError("database or disk is full"), UserError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (UserError("its own words"), UserError),
    ],
)
def test_nothing_is_left_of_a_backup_that_was_stopped(
    folder: StudyFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    seen: type[BaseException],
) -> None:
    filled(folder)
    with opened(folder):
        pass

    def stop(*_: object) -> None:
        raise error

    monkeypatch.setattr(backups, "_copy_ratings", stop)
    with pytest.raises(seen) as caught:
        backup(folder, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    if seen is UserError and not isinstance(error, UserError):
        assert "copy: the backup cannot be written" in str(caught.value)
        assert str(error.args[-1]) in str(caught.value)


def test_ratings_that_are_gone_are_told_and_leave_no_half_of_a_backup(
    folder: StudyFolder, tmp_path: Path
) -> None:
    filled(folder)
    with opened(folder):
        pass
    folder.ratings.unlink()
    with pytest.raises(UserError, match="is gone; restore it from a backup"):
        backup(folder, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
