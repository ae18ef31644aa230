"""AB tests of WAET are read as choices between two versions, and ABX tests are not guessed."""

import random
from collections import Counter
from pathlib import Path

import pytest

from earmark.analysis.ratings.in_code import analyse
from earmark.analysis.ratings.reading.files import read_ratings
from earmark.analysis.ratings.reading.layouts.contract import Form
from earmark.models.errors import UserError

PAIRS = (("ballad", "tcn", "lstm"), ("ballad", "tcn", "plain"), ("funk", "tcn", "lstm"))


def save(
    folder: Path, key: str, chosen: list[int | None], interface: str = "AB", more: str = ""
) -> None:
    """The XML that the tool saves; ``chosen`` is 0, 1 or None for each page."""
    pages = []
    for number, ((song, *systems), one) in enumerate(zip(PAIRS, chosen, strict=True)):
        elements = "".join(
            f'<audioelement ref="{number}-{at}" name="{system}" type="normal" '
            f'url="{song}_{system}.wav" presentedId="{at}"><value>{int(one == at)}</value>'
            "</audioelement>"
            for at, system in enumerate(systems)
        )
        reference = '<audioelement ref="r" type="outside-reference" url="r.wav"></audioelement>'
        pages.append(
            f'<page ref="{song}" presentedId="{number}">{elements}{reference}{more}</page>'
        )
    folder.mkdir(exist_ok=True)
    (folder / f"save-{key}.xml").write_text(
        f'<waetresult key="{key}" state="complete"><waet><setup interface="{interface}"></setup>'
        f"</waet>{''.join(pages)}</waetresult>",
        encoding="utf-8",
    )


def test_each_page_is_one_choice_and_the_chosen_one_wins(tmp_path: Path) -> None:
    draw = random.Random(4)
    wins: Counter[str] = Counter()
    for listener in range(12):
        chosen = [draw.choice([0, 0, 1]) for _ in PAIRS]
        wins.update(systems[at] for (_, *systems), at in zip(PAIRS, chosen, strict=True))
        save(tmp_path / "saves", f"k{listener}", list(chosen))
    file = read_ratings(tmp_path / "saves")
    assert file.converted is not None
    assert file.converted.unfolded.form is Form.VOTES
    ratings = file.ratings
    found: Counter[str] = Counter()
    for system, value in zip(ratings.system, ratings.value, strict=True):
        found[ratings.systems[system]] += int(value)
    assert found == wins
    assert len(ratings) == 12 * 3 * 2
    assert "preferred most often" in analyse(file).finding


def test_a_page_without_a_choice_is_missing_and_no_loss(tmp_path: Path) -> None:
    save(tmp_path / "saves", "k1", [0, None, 1])
    save(tmp_path / "saves", "k2", [1, 0, 1])
    file = read_ratings(tmp_path / "saves")
    assert len(file.ratings) == 5 * 2
    assert file.account is not None
    assert any("1 pages name no winner" in note for note in file.account.notes)


@pytest.mark.parametrize(
    ("interface", "more", "said"),
    [
        ("ABX", "", "does not tell which version X was"),
        (
            "AB",
            '<audioelement ref="x" name="x" url="x.wav"><value>0</value></audioelement>',
            "has 3 versions",
        ),
    ],
)
def test_what_is_no_pair_is_not_guessed(
    interface: str, more: str, said: str, tmp_path: Path
) -> None:
    save(tmp_path, "k", [0, 1, 1], interface, more)
    with pytest.raises(UserError, match=said):
        read_ratings(tmp_path / "save-k.xml")


def test_sliders_that_call_themselves_ab_stop(tmp_path: Path) -> None:
    save(tmp_path, "k", [0, 1, 1])
    path = tmp_path / "save-k.xml"
    path.write_text(path.read_text().replace("<value>1</value>", "<value>0.4</value>", 1))
    with pytest.raises(UserError, match="neither 0 nor 1"):
        read_ratings(path)
