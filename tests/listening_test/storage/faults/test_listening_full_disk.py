"""A disk that is full: nothing is confirmed that is not stored, and all goes on when there is room.

The kernel's limit on the size of a file stands for the disk: a write beyond it fails as on a full
disk, it can be set for the running server alone, and be taken away again.
"""

import contextlib
import json
import resource
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from study_fixtures import make_study, served

from earmark.cli.study import study
from earmark.listening_test.create import make_study as make
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.server.request import CSRF_HEADER
from earmark.listening_test.simulate import Browser
from earmark.listening_test.storage.backup import backup
from earmark.listening_test.storage.many import events
from earmark.listening_test.storage.tables import Listening, opened
from earmark.listening_test.study.study import StudyFolder
from earmark.models.errors import UserError


def stored(folder: StudyFolder) -> set[str]:
    with opened(folder) as database, database.reading() as session:
        return {one.id for one in events(session, session.scalars(select(Listening.token)).all())}


@pytest.mark.slow
def test_a_full_disk_confirms_nothing_and_loses_nothing(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape", passages=2, seconds=0.6)
    with served(folder) as server:
        browser = Browser(server.links["simulated"])
        browser.begin()
        step = browser.state()["step"]
        first = step["stimuli"][0]["id"]

        def rate(number: int) -> dict[str, object]:
            # Long enough that a few fill what room is left in the log of the database.
            return {
                "id": f"event-{number}",
                "seq": number,
                "at_ms": 10.0 * number,
                "type": "comment",
                "page": step["number"],
                "stimulus": first,
                "value": f"{number} " + 9_000 * "&",
            }

        def send(number: int) -> int:
            request = Request(
                f"{server.url}/api/l/{browser.session}/events",
                json.dumps({"client": "one", "events": [rate(number)]}).encode(),
                {"Content-Type": "application/json", CSRF_HEADER: browser._csrf},
            )
            try:
                with browser._open(request) as answer:
                    return int(answer.status)
            except HTTPError as error:
                error.close()
                return error.code

        assert send(0) == 200
        log = folder.ratings.with_name(folder.ratings.name + "-wal")
        largest = max(folder.ratings.stat().st_size, log.stat().st_size)
        before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (largest, before[1]))
        answers = {number: send(number) for number in range(1, 8)}
        assert set(answers.values()) == {503}, answers
        assert stored(folder) == {"event-0"}
        # What is read needs no room.
        assert browser.state()["step"]["number"] == step["number"]
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)
        assert {send(number) for number in range(1, 8)} == {200}
    assert stored(folder) == {f"event-{number}" for number in range(8)}


@contextlib.contextmanager
def full_at(size: int) -> Iterator[None]:
    """A disk that takes no file larger than this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_export_or_backup_that_the_disk_has_no_room_for_leaves_nothing_half_written(
    tmp_path: Path,
) -> None:
    folder = make_study(tmp_path, "ape", passages=2, seconds=0.6)
    results = str(tmp_path / "results")
    run = CliRunner().invoke
    assert (
        run(study, ["simulate", "small", "--results", results, "--listeners", "1"]).exit_code == 0
    )
    out = tmp_path / "out"
    out.mkdir()
    (out / "r.csv").write_text("an earlier export")
    words = ["export", "small", "--results", results, "--simulated"]
    kinds = {"--ratings": out / "r.csv", "--json": out / "r.json"}
    for option, path in kinds.items():
        # Held open, as while it is served: what reading needs beside the file is there already.
        with opened(folder), full_at(500):
            done = run(study, [*words, option, str(path)])
        assert isinstance(done.exception, UserError)
        assert f"{path}: cannot be written (File too large); free space" in str(done.exception)
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [
        ("r.csv", "an earlier export")
    ]
    with (
        opened(folder),
        full_at(50_000),
        pytest.raises(UserError, match="the backup cannot be written"),
    ):
        backup(folder, out / "copy")
    assert not (out / "copy").exists()
    for option, path in kinds.items():
        assert run(study, [*words, option, str(path)]).exit_code == 0
    backup(folder, out / "copy")
    assert stored(StudyFolder(out / "copy")) == stored(folder) != set()


@pytest.mark.slow
def test_a_study_that_the_disk_has_no_room_for_is_not_half_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    file = read_study_file(tmp_path / "small.yaml")
    with full_at(20_000), pytest.raises(UserError) as caught:
        make(file, tmp_path / "other")
    assert "\n" not in str(caught.value)
    assert "cannot be written" in str(caught.value)
    assert not (tmp_path / "other" / "studies" / "small" / "study.json").exists()
    # With room again the same command makes it.
    assert make(file, tmp_path / "other").study.is_file()
    assert folder.study.is_file()
