"""A ratings file that is taken away while it is served: nothing is confirmed, nothing is lost."""

import shutil
from pathlib import Path

import pytest
from listening_client import Client
from study_fixtures import make_study

from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.request import ServedStudy
from earmark.listening_test.storage.backup import backup
from earmark.listening_test.storage.tables import opened
from earmark.listening_test.study.study import StudyFolder
from earmark.models.errors import UserError


def begun(folder: StudyFolder) -> tuple[Client, ServedStudy]:
    app = create_app(folder)
    held: ServedStudy = app.extensions["earmark"]
    return Client(app, held.keys.study), held


def first(client: Client) -> str:
    found: str = next(one for one in client.step()["stimuli"] if one["role"] == "stimulus")["id"]
    return found


def test_nothing_is_confirmed_while_the_file_is_gone_and_all_goes_on_when_it_is_back(
    tmp_path: Path,
) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    client, held = begun(folder)
    one = first(client)
    client.rate(one, 11)
    backup(folder, tmp_path / "copy")
    event = client.event("rating", page=1, stimulus=one, question="preference", value=22)
    batch = {"client": client.client, "events": [event]}
    folder.ratings.rename(tmp_path / "away")
    for _ in range(3):
        answer = client.post("events", batch)
        assert (answer.status_code, answer.get_json()) == (503, {"error": "busy"})
    assert client.http.get(client.link).status_code == 503
    assert not folder.ratings.exists()
    # From a backup: another file of the name. Its rating is there; what was kept comes on top.
    for name in ("ratings.sqlite-wal", "ratings.sqlite-shm"):
        (folder.path / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy" / "ratings.sqlite", folder.ratings)
    answers = [client.post("events", batch).status_code for _ in range(2)]
    assert answers == [503, 200]
    rated = [found["rating"].get("preference") for found in client.step()["stimuli"]]
    assert 22 in rated
    held.database.close()
    with opened(folder) as database:
        assert database.storage.name == str(folder.ratings)


def test_a_file_that_is_gone_is_not_begun_anew_in_silence(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    _, held = begun(folder)
    held.database.close()
    folder.ratings.unlink()
    with pytest.raises(UserError, match=r"ratings\.sqlite: is gone; restore it from a backup"):
        create_app(folder)
    assert not folder.ratings.exists()
    folder.database.unlink()
    create_app(folder).extensions["earmark"].database.close()


def test_a_file_that_is_taken_away_within_a_request_does_not_take_the_rating_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from earmark.listening_test.session import clean_input, events

    folder = make_study(tmp_path, "ape", seconds=0.6)
    client, held = begun(folder)
    event = client.event("play", page=1)
    usual = clean_input.clean

    def slow(value: str) -> str:
        if folder.ratings.exists():
            folder.ratings.rename(tmp_path / "away")
        return usual(value)

    monkeypatch.setattr(events, "clean", slow)
    assert client.post("events", {"client": "c", "events": [event]}).status_code == 503
    monkeypatch.undo()
    (tmp_path / "away").rename(folder.ratings)
    assert client.send(event)["acknowledged"] == [event["id"]]
    held.database.close()


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2, "url": ""}', '{"format": 1}'])
def test_a_damaged_note_of_where_ratings_lie_is_one_line(tmp_path: Path, text: str) -> None:
    folder = make_study(tmp_path, "ape", passages=1, seconds=0.6)
    folder.database.write_text(text)
    with pytest.raises(UserError, match=r"database\.json: cannot be read") as caught:
        create_app(folder)
    assert "\n" not in str(caught.value)
