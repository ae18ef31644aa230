"""The mutation check makes the slips it speaks of, and its hand-made ones still fit the code."""

import ast
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from areas import AREAS
from changes import changes
from check import Copy, Slip, drawn, ended, kept
from known import ALIKE, KNOWN
from places import ROOT

SOURCE = b'''"""Words that stay 1."""
LIMIT: int = 3

def f(x: int = 1, *, quick: bool = False) -> int:
    """Stays 2."""
    if x < 0 or not quick:
        raise ValueError(f"{x} is below 0")
    total = max(x, 5) + 1.5
    for item in range(x):
        total += item
        if item == 4:
            break
    print(total)
    return -total if quick else abs(total)
'''


@cache
def made(source: bytes) -> set[str]:
    """Each line that a change makes, without its indent."""
    found = set()
    for one in changes(source):
        text = one.applied(source)
        ast.parse(text)
        found.add(text.decode().splitlines()[one.line - 1].strip())
    return found


def test_each_kind_of_slip_is_made() -> None:
    assert made(SOURCE) >= {
        "LIMIT: int = 4",
        "def f(x: int = 2, *, quick: bool = False) -> int:",
        "def f(x: int = 1, *, quick: bool = True) -> int:",
        "if (x <= 0) or not quick:",
        "if (x > 0) or not quick:",
        "if (x < 0 and (not quick)):",
        "if x < 0 or (quick):",
        "if True:",
        "if False:",
        "pass",
        "total = min(x, 5) + 1.5",
        "total = (max(x, 5) - 1.5)",
        "total = max(x, 6) + 1.5",
        "if (item != 4):",
        "continue",
        "return None",
        "return (total) if quick else abs(total)",
        "return -total if quick else (total)",
    }


def test_words_and_annotations_are_left_alone() -> None:
    lines = SOURCE.decode().splitlines()
    touched = {one.line for one in changes(SOURCE)}
    assert not touched & {lines.index(line) + 1 for line in lines if '"""' in line}
    assert "raise" not in "".join(made(SOURCE))
    assert (
        made(b"x: tuple[int, 3]\n")
        == made(b"from a import b\n")
        == made(b"assert x > 1\n")
        == set()
    )


@pytest.mark.slow
def test_changes_of_every_module_are_valid() -> None:
    for area in AREAS:
        files = area.files(ROOT)
        assert files, area.name
        for path in files:
            source = (ROOT / path).read_bytes()
            for one in changes(source)[::31]:
                text = one.applied(source)
                assert text != source
                ast.parse(text)


def test_every_area_has_tests_that_are_there() -> None:
    for area in AREAS:
        for path in area.files(ROOT):
            found = area.tests_of(ROOT, path)
            assert found
            assert all((ROOT / name).is_file() for name in found)


def test_the_hand_made_slips_stand_in_the_code_and_name_tests_that_are_there() -> None:
    slips = kept()
    assert len(slips) == len(KNOWN) > 20
    for slip, known in zip(slips, KNOWN, strict=True):
        ast.parse(slip.source)
        assert slip.source != (ROOT / slip.path).read_bytes()
        assert all((ROOT / name).is_file() for name in known.tests)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "line"), ALIKE)
def test_a_change_that_changes_nothing_is_still_one_that_would_be_made(
    path: str, line: str
) -> None:
    assert line in made((ROOT / Path(path)).read_bytes())


def test_a_sample_is_the_same_for_its_seed_and_leaves_out_what_changes_nothing() -> None:
    area = next(one for one in AREAS if one.name == "designs")
    words = [slip.words for slip in drawn(area, 10, 3)]
    assert len(words) == 10
    assert words == [slip.words for slip in drawn(area, 10, 3)]
    assert words != [slip.words for slip in drawn(area, 10, 4)]
    every = drawn(area, 0, 0)
    unlike = [line for path, line in ALIKE if path == "listening_test/study/orders.py"]
    assert len(every) == len(changes((ROOT / area.files(ROOT)[0]).read_bytes())) - len(unlike)


class Machine:
    """Stands for a copy of the tree; runs take these ``seconds``, and a run over its limit ends."""

    def __init__(self, *seconds: float) -> None:
        self._seconds = list(seconds)
        self.limits: list[float] = []

    def with_slip(self, slip: Slip) -> Any:
        return nullcontext(slip)

    def outcome(self, tests: Sequence[str], limit: float) -> tuple[str, float]:
        seconds = self._seconds.pop(0)
        self.limits.append(limit)
        return ("passed" if seconds <= limit else "endless"), min(seconds, limit)


SLIP = Slip("area", Path("x.py"), 1, "", b"", ("test_x.py",))


def test_a_machine_that_becomes_slow_makes_no_slip_look_noticed() -> None:
    usual, slow = 10.0, 300.0
    machine = Machine(slow, slow, slow)  # with the slip, without it, with it again
    assert ended(cast("Copy", machine), SLIP, usual) == "passed"
    assert machine.limits[0] == 60
    assert machine.limits[2] == 4 * slow + 20


def test_tests_that_never_end_on_a_quick_machine_have_noticed_the_slip() -> None:
    never = float("inf")
    machine = Machine(never, 1.0, never)
    assert ended(cast("Copy", machine), SLIP, 10.0) == "endless"
    assert machine.limits[2] == 60, "a quicker run makes the limit no shorter"
    assert ended(cast("Copy", Machine(9.0)), SLIP, 10.0) == "passed"
