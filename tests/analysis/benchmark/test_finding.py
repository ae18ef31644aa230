"""The first sentences of a report say what the songs allow, and no more. SIMULATED scores."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from report_fixtures import SYSTEMS, Fake, FakeSystem, all_failed, build, without_reference

from earmark.analysis.benchmark.result.document import load
from earmark.evaluation.results.store import Store

MUTE = Fake(songs=("amber street", "blue hour"), seconds=0.5, audio=False)
EIGHT = replace(MUTE, songs=tuple(f"song {number}" for number in range(8)))
CLONES = tuple(FakeSystem(f"clone {number}", distance=0.7) for number in range(4))


@pytest.mark.parametrize(
    ("fake", "words"),
    [
        (
            MUTE,
            r"^Over 2 songs, no system is named as the closest .* fewer than six songs.*"
            r"Mean mrstft_music runs from [\d.]+ \(tcn small\) to [\d.]+ \(unprocessed\)\.$",
        ),
        (replace(MUTE, songs=("a",)), r"^Over 1 song, no system is named .* mrstft_music runs"),
        (replace(MUTE, systems=SYSTEMS[3:4]), r"^Over 2 songs, tcn small lies at mean"),
        (
            EIGHT,
            r"^Over 8 songs, tcn small is the closest .* of 3 systems: mean mrstft_music [\d.]+\. "
            r"These songs tell [\d.]+ apart; [\d.]+ takes about \d+ songs\. Each of the 2 "
            r"others is told to be closer than unprocessed\.$",
        ),
        (without_reference(MUTE), r"without reference masters: .* LUFS \(\w+\) to −[\d.]+ LUFS"),
        (all_failed(MUTE), r"^No score was made: 12 failures in 6 systems over 2 songs\.$"),
        (
            replace(EIGHT, systems=(*SYSTEMS[:1], replace(SYSTEMS[3], distance=3), SYSTEMS[-1])),
            "unprocessed is the closest .* No system is told to be closer than unprocessed",
        ),
        (
            replace(EIGHT, systems=(SYSTEMS[0], *CLONES, SYSTEMS[-1])),
            r"4 of 5 systems tie for the closest .*: (clone \d, ){2}clone \d and clone \d \(mean",
        ),
        (
            replace(EIGHT, systems=CLONES),
            "no system is told to be the closest .*: all 4 tie, with mean mrstft_music",
        ),
    ],
)
def test_the_finding_is_one_sentence_that_fits(fake: Fake, words: str, tmp_path: Path) -> None:
    with Store(build(tmp_path, fake)) as store:
        sentence = load(store, fake.name).finding
    assert re.search(words, sentence)
    assert sentence.endswith(".")
    assert "None" not in sentence
