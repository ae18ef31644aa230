"""No guess from what surrounds the samples beats chance, in every kind of test.

The same attack on a study as Earmark made it before, with FLAC files padded to one size, succeeds:
so it has the power to notice what it looks for.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from blindness_attack import DISTANCES, Guess, Seen, p_of
from blindness_studies import SYSTEMS, as_before, attacked, study_of

from earmark.listening_test.kinds import kinds

# One in a thousand for all that is tried on one kind of test together.
ALPHA = 0.001
GAMES = {
    "X of ABX", "hidden reference", "repeats", "practice against main",
    "same system across passages", "notes compared",
}  # fmt: skip


def told(found: Sequence[Guess]) -> dict[tuple[str, str], float]:
    """The p of each feature in each game."""
    return {
        (game, name): p_of([one for one in found if one.game == game], distance)
        for game in sorted({one.game for one in found})
        for name, distance in DISTANCES.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(kinds()))
def test_nothing_but_the_samples_tells_versions_apart(tmp_path: Path, kind: str) -> None:
    found = told(attacked(study_of(tmp_path, kind)))
    games = {game for game, _ in found}
    assert games <= GAMES
    assert len(games) >= 2
    assert {key: p for key, p in found.items() if p < ALPHA / len(found)} == {}


@pytest.mark.slow
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


@pytest.mark.slow
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
