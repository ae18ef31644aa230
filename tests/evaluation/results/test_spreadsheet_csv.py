"""The guard against formulas: what it writes is safe, and gives back what it was given."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from earmark.evaluation.results.spreadsheet_csv import guarded, unguarded

SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Any text, and often one that begins with apostrophes and a formula's sign.
TEXTS = st.one_of(
    st.text(max_size=20),
    st.builds("".join, st.lists(st.sampled_from(("'", *SIGNS, "a", "\ufeff")), max_size=6)),
)


@given(text=TEXTS)
@example(text="'=1+1")
@example(text="'''@a")
@example(text="\n=1")
def test_a_guarded_text_is_found_again_and_never_runs(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(SIGNS)


@given(first=TEXTS, second=TEXTS)
def test_two_texts_never_share_a_cell(first: str, second: str) -> None:
    assert (guarded(first) == guarded(second)) == (first == second)


@pytest.mark.parametrize("text", ["", "a", "don't", "'quoted'", "a=b", "1.5"])
def test_text_without_a_formula_stays_as_it_is(text: str) -> None:
    assert guarded(text) == unguarded(text) == text
