"""What pages are made of: a unit and its key say the same; a taken name is refused."""

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.listening_test.kinds import KINDS, Kind, Question, Unit, kind, kinds
from earmark.models.errors import UserError

name = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1)


@given(passage=name, systems=st.lists(name, min_size=1))
def test_a_unit_is_what_its_key_says(passage: str, systems: list[str]) -> None:
    unit = Unit(passage, tuple(systems))
    assert Unit.parse(unit.key) == unit


class Asking(Kind):
    """Asks nothing that matters."""

    def questions(self, study: object, unit: object, language: object) -> tuple[Question, ...]:
        return ()


def test_a_kind_of_a_taken_name_is_refused_and_the_first_stays() -> None:
    class Again(Asking):
        name: ClassVar[str] = "mushra"

    before = dict(kinds())
    with pytest.raises(UserError, match="two kinds of test are named 'mushra'; rename the one in"):
        kind(Again)
    assert dict(kinds()) == before


@pytest.mark.parametrize("called", ["", "Mushra", "my kind", "1st", "a" * 41, "ä", "x/y"])
def test_a_name_that_cannot_be_one_is_refused(called: str) -> None:
    class Odd(Asking):
        name: ClassVar[str] = called

    with pytest.raises(UserError, match=r"kind of test Odd: .* cannot be its name; write 1 to 40"):
        kind(Odd)


def test_a_kind_without_a_question_is_refused() -> None:
    class Mute(Kind):
        name: ClassVar[str] = "mute"

    with pytest.raises(UserError, match="kind of test 'mute' asks nothing; give it questions"):
        kind(Mute)
    assert "mute" not in KINDS


def test_an_unknown_kind_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match="unknown kind of test 'musra'; did you mean 'mushra'"):
        KINDS.named("musra")
