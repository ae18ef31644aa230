"""Answers in words: the orders that are known, and a proposal for those that are not."""

from collections.abc import Sequence
from dataclasses import dataclass

from . import cells

_MOST = 15
# The categories of ITU-T P.800 (ACR, DCR, CCR) and of ITU-R BS.1116 and BS.1534, worst first.
_STANDARD = (
    ("ITU-T P.800 ACR", ["bad", "poor", "fair", "good", "excellent"]),
    (
        "ITU-R BS.1116",
        [
            "very annoying",
            "annoying",
            "slightly annoying",
            "perceptible, but not annoying",
            "imperceptible",
        ],
    ),
    (
        "ITU-T P.800 DCR",
        ["very annoying", "annoying", "slightly annoying", "audible but not annoying", "inaudible"],
    ),
    (
        "ITU-T P.800 CCR",
        [
            "much worse",
            "worse",
            "slightly worse",
            "about the same",
            "slightly better",
            "better",
            "much better",
        ],
    ),
)
# How much a word says; only to propose an order, never to take one.
_DEGREES = (
    ("not at all", "never", "none", "nothing", "no", "strongly disagree", "very bad", "worst"),
    ("not a lot", "not much", "hardly", "barely", "rarely", "very little", "disagree", "bad"),
    ("a bit", "a little", "slightly", "little", "sometimes", "somewhat disagree", "poor"),
    ("somewhat", "moderately", "neutral", "fairly", "medium", "fair", "neither", "average"),
    ("much", "a lot", "quite", "often", "rather", "agree", "good", "mostly", "yes"),
    ("very", "very much", "always", "strongly agree", "very good", "totally", "excellent"),
    ("extremely", "completely", "best", "perfect"),
)


@dataclass(frozen=True)
class Words:
    """The words of a column; ``order`` where it is known and ``why``, else ``proposed``."""

    words: tuple[str, ...]
    order: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()
    why: str = ""


def coded_words(values: Sequence[str], told: Sequence[str]) -> Words | None:
    """What to make of a column of ratings; None where it holds numbers, or no few words."""
    if told:
        return Words((), tuple(cells.name(word).casefold() for word in told), (), "as declared")
    some = values[:2000]
    if any(cells.number(value) is not None and not cells.is_missing(value) for value in some):
        return None
    found = {cells.name(value).casefold() for value in values if not cells.is_missing(value)}
    if not 1 < len(found) <= _MOST:
        return None
    words = tuple(sorted(found))
    for why, standard in _STANDARD:
        if found <= set(standard):
            return Words(words, tuple(standard), (), why)
    degree = {word: at for at, group in enumerate(_DEGREES) for word in group}
    known = all(word in degree for word in words)
    return Words(words, (), tuple(sorted(words, key=lambda w: degree[w])) if known else words)


def known_words(values: Sequence[str], told: Sequence[str]) -> bool:
    """Whether a column holds only words whose order is known, by a standard or by the user."""
    found = {cells.name(value).casefold() for value in values if not cells.is_missing(value)}
    orders = [set(standard) for _, standard in _STANDARD]
    orders.append({cells.name(word).casefold() for word in told})
    return bool(found) and any(found <= order for order in orders)
