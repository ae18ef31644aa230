"""Stimuli that are called by their files: passage and system are found in the names, and told."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from earmark.analysis.ratings.reading.files import RatingsFile, Reading, read_files
from earmark.analysis.ratings.reading.layouts.contract import Hints
from earmark.models.errors import UserError

PEOPLE, SONGS, SYSTEMS = ("p1", "p2"), ("ballad", "funk", "rock"), ("plain", "tcn_small")
Named = Callable[[str, str], str]


def read(
    path: Path, header: str, name: Named, how: Reading | None = None, *, bare: bool
) -> RatingsFile:
    """Ratings of stimuli that ``name`` calls by song and system; ``bare``: no column of systems."""
    rows = [
        f"{who},{name(song, system)}{'' if bare else ',' + system},{10 + at}"
        for at, (who, song, system) in enumerate(itertools.product(PEOPLE, SONGS, SYSTEMS))
    ]
    path.write_text("\n".join([header, *rows]) + "\n")
    return read_files([path], how)


def told(file: RatingsFile) -> str:
    assert file.account is not None
    return " ".join(file.account.notes)


@pytest.mark.parametrize(
    "name",
    [
        lambda song, system: f"{song}_{system}.wav",
        lambda song, system: f"{system}-{song}.flac",
        lambda song, system: f"stimuli/{song}/{system}.wav",
        lambda song, system: f"stimuli/{system}/{song}.mp3",
    ],
)
def test_names_of_files_are_parted_where_no_column_tells(name: Named, tmp_path: Path) -> None:
    for header, bare in (
        ("listener,stimulus,rating", True),
        ("listener,file,system,rating", False),
    ):
        file = read(tmp_path / "r.csv", header, name, bare=bare)
        assert set(file.ratings.systems) == set(SYSTEMS)
        assert set(file.ratings.passages) == set(SONGS)
        assert "split as" in told(file) or "less that of the system" in told(file)


def test_names_that_are_no_files_stay_systems_and_the_other_reading_is_told(tmp_path: Path) -> None:
    header = "listener,stimulus,rating"

    def name(song: str, system: str) -> str:
        return f"{song}_{system}"

    file = read(tmp_path / "r.csv", header, name, bare=True)
    assert len(file.ratings.systems) == 6
    assert "--names '{passage}_{system}'" in told(file)
    how = Reading(told=Hints(names="{passage}_{system}"))
    assert read(tmp_path / "r.csv", header, name, how, bare=True).ratings.passages == SONGS
    with pytest.raises(UserError, match="do not all fit --names"):
        read(
            tmp_path / "r.csv",
            header,
            name,
            Reading(told=Hints(names="{passage}-{system}")),
            bare=True,
        )


def test_stimuli_of_one_system_each_are_no_passages(tmp_path: Path) -> None:
    numbers = {key: str(at) for at, key in enumerate(itertools.product(SONGS, SYSTEMS))}

    def name(song: str, system: str) -> str:
        return numbers[song, system]

    header = "listener,stimulus_id,system,rating"
    with pytest.raises(UserError, match=r"of one system alone.*--passage stimulus_id"):
        read(tmp_path / "r.csv", header, name, bare=False)
    how = Reading(columns={"passage": "stimulus_id"})
    assert len(read(tmp_path / "r.csv", header, name, how, bare=False).ratings.passages) == 6
    with_songs = read(tmp_path / "r.csv", header.replace("stimulus_id", "song"), name, bare=False)
    assert len(with_songs.ratings.passages) == 6, "a song is a passage, whoever plays it"


def test_trials_of_jspsych_that_only_know_their_file_are_parted(tmp_path: Path) -> None:
    trials = [
        {
            "trial_type": "audio-slider-response",
            "trial_index": at,
            "stimulus": f"audio/{song}/{system}.wav",
            "response": 30 + at,
            "subject": who,
        }
        for at, (who, song, system) in enumerate(itertools.product(PEOPLE, SONGS, SYSTEMS))
    ]
    path = tmp_path / "data.json"
    path.write_text(json.dumps(trials))
    assert read_files([path]).ratings.passages == SONGS
