"""The hand-made slips of ``make mutants`` still fit the code, and their tests are there."""

from check import ROOT, kept
from known import KNOWN


def test_every_known_slip_can_be_made() -> None:
    assert len(kept()) == len(KNOWN) > 20
    named = {name.split("::")[0] for one in KNOWN for name in one.tests}
    assert [name for name in named if not (ROOT / name).is_file()] == []
