"""No guess from what surrounds the samples beats chance, in every kind of test.

The same attack on a study as Earmark made it before, with FLAC files padded to one size, succeeds:
so it has the power to notice what it looks for.
"""

import io
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import soundfile
from blindness_attack import DISTANCES, Guess, Seen, guesses, look, p_of
from study_fixtures import RATE, music, write_study

from earmark.listening_test.create import make_study
from earmark.listening_test.kinds import kinds
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.server.serve import in_background
from earmark.listening_test.simulate import Browser, Listener
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.study.orders import generator
from earmark.listening_test.study.study import Stimulus, StudyFolder, load_keys, save_study
from earmark.listening_test.taste import qualities, taste

SYSTEMS = ("bright", "dull", "loud", "soft")
MORE = "design: {repeats: 1}\nbefore: [{training: {pages: 1}}]"
SECONDS = 0.6
SESSIONS = 3
# One in a thousand for all that is tried on one kind of test together.
ALPHA = 0.001
GAMES = {
    "X of ABX", "hidden reference", "repeats", "practice against main",
    "same system across passages", "notes compared",
}  # fmt: skip


def study_of(place: Path, kind: str) -> StudyFolder:
    path = write_study(place, kind, systems=SYSTEMS, passages=2, seconds=SECONDS, more=MORE)
    for number in range(2):
        # Unlike all of the systems, so that there is something to be told.
        reference = music(number, SECONDS, 0.8, 0.55)
        soundfile.write(
            place / "audio" / f"{number}-reference.wav", reference, RATE, subtype="FLOAT"
        )
    return make_study(read_study_file(path), place / "results")


def seen_in(folder: StudyFolder, address: str, number: int) -> list[Seen]:
    """All that one listener is sent, page by page."""
    addresses = addresses_of(folder)
    study, draw = addresses.study, generator("attack", number)
    browser = Browser(f"{address}/s/{load_keys(folder).study}/")
    browser.begin()
    listener = Listener(addresses, browser, taste(study, draw, qualities(study, 0)), draw)
    found: list[Seen] = []
    step = browser.state()["step"]
    while step["type"] != "thanks":
        for place, one in enumerate(step.get("stimuli", [])):
            stimulus = addresses.behind(one["url"])
            assert isinstance(stimulus, Stimulus)
            part = "practice" if step["practice"] else "main"
            what = stimulus.passage, stimulus.system, part, step["number"], place
            where = one["label"], one["role"], one["url"]
            found.append(Seen(*what, *where, **look(address, one["url"])))
        step = listener.take(step)
    return found


def attacked(folder: StudyFolder) -> list[Guess]:
    """Every guess that some listeners together can make."""
    with in_background(folder) as address:
        return list(guesses([seen_in(folder, address, number) for number in range(SESSIONS)]))


def told(found: Sequence[Guess]) -> dict[tuple[str, str], float]:
    """The p of each feature in each game."""
    return {
        (game, name): p_of([one for one in found if one.game == game], distance)
        for game in sorted({one.game for one in found})
        for name, distance in DISTANCES.items()
    }


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_nothing_but_the_samples_tells_versions_apart(tmp_path: Path, kind: str) -> None:
    found = told(attacked(study_of(tmp_path, kind)))
    games = {game for game, _ in found}
    assert games <= GAMES
    assert len(games) >= 2
    assert {key: p for key, p in found.items() if p < ALPHA / len(found)} == {}


def as_before(folder: StudyFolder) -> None:
    """Turn a study's files into what they were: FLAC, its sizes filled up by a padding block."""
    study = addresses_of(folder).study
    stimuli = []
    for passage in study.passages:
        mine = [one for one in study.stimuli if one.passage == passage.id]
        made = [_flac(folder.stimulus(one.token)) for one in mine]
        size = max(map(len, made)) + 4
        for one, data in zip(mine, made, strict=True):
            padding = size - len(data) - 4
            whole = (
                b"fLaC\x00" + data[5:42] + b"\x81" + padding.to_bytes(3, "big") + bytes(padding)
            ) + data[42:]
            folder.stimulus(one.token, "flac").write_bytes(whole)
            stimuli.append(replace(one, bytes=len(whole), sha256=sha256(whole).hexdigest()))
    save_study(folder, replace(study, stimuli=tuple(stimuli), container="flac"))


def _flac(path: Path) -> bytes:
    """The file as FLAC, with STREAMINFO as its only block of metadata."""
    audio, rate = soundfile.read(path, dtype="int32")
    out = io.BytesIO()
    soundfile.write(out, audio, rate, format="FLAC", subtype="PCM_24")
    data, place = out.getvalue(), 4
    while not data[place] & 0x80:
        place += 4 + int.from_bytes(data[place + 1 : place + 4], "big")
    place += 4 + int.from_bytes(data[place + 1 : place + 4], "big")
    return b"fLaC\x80" + data[5:42] + data[place:]


@pytest.mark.parametrize(
    ("kind", "game"),
    [("abx", "X of ABX"), ("mushra", "hidden reference"), ("ape", "repeats"),
     ("ape", "practice against main"), ("ape", "notes compared")],
)  # fmt: skip
def test_the_same_attack_sees_through_the_files_of_before(
    tmp_path: Path, kind: str, game: str
) -> None:
    folder = study_of(tmp_path, kind)
    as_before(folder)
    found = told(attacked(folder))
    fields = [p for (named, where), p in found.items() if named == game and "header" in where]
    assert min(fields) < ALPHA / len(found)


def test_guesses_by_chance_are_judged_as_such() -> None:
    def seen(system: str, draw: np.random.Generator) -> Seen:
        return Seen(
            "p", system, "main", 1, 0, "A", "stimulus", "", 1, draw.bytes(8), b"", b"", (), 0.0
        )

    def trial(draw: np.random.Generator) -> Guess:
        four = tuple(seen(name, draw) for name in SYSTEMS)
        return Guess("repeats", seen("loud", draw), four)

    draw = np.random.default_rng(0)
    ps = [
        p_of([trial(draw) for _ in range(24)], DISTANCES["header bytes"], seed)
        for seed in range(300)
    ]
    # A valid p is at most a level in that share of cases: 15 of 300, give or take.
    assert sum(p < 0.05 for p in ps) < 28
    assert 0.4 < float(np.mean(ps)) < 0.7
