"""What an attacker learns from stimuli without listening: with padded FLAC files, and now.

Three simulated listeners of each kind of test look at all that they are sent except the samples,
and guess which stimuli are the same version. The best feature of each game is shown, with the p of
blind guessing:

    python benchmarks/blindness.py --kind abx --kind mushra
"""

import sys
import tempfile
from pathlib import Path

import click

from earmark.listening_test.kinds import kinds

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fixtures" / "listening"))

from blindness_attack import DISTANCES, Guess, p_of, right_in
from blindness_studies import as_before, attacked, study_of


def best(found: list[Guess]) -> str:
    """The feature that names most versions rightly: how many of how many, and the p."""
    ps = {name: p_of(found, distance) for name, distance in DISTANCES.items()}
    name = min(ps, key=lambda one: ps[one])
    right = right_in(found, DISTANCES[name])
    return f"{right:4d} of {len(found):4d}, p = {ps[name]:.1e} ({name})"


@click.command()
@click.option("--kind", "names", multiple=True, help="Only these kinds of test.")
def main(names: tuple[str, ...]) -> None:
    """Print the table; p of the best of 52 features is small by chance, down to about 1 in 50."""
    for kind in names or sorted(kinds()):
        with tempfile.TemporaryDirectory() as place:
            folder = study_of(Path(place), kind)
            now = attacked(folder)
            as_before(folder)
            before = attacked(folder)
        for game in sorted({one.game for one in now}):
            click.echo(f"{kind}: {game}")
            for words, found in (("before", before), ("now", now)):
                click.echo(f"  {words:7} {best([one for one in found if one.game == game])}")


if __name__ == "__main__":
    main()
