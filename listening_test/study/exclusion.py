"""The small language in which a study says beforehand whom it will exclude.

``anchor >= 20 on more than 60% of pages``: what is looked at, a comparison with a number in points
of the scale, and the share of the listener's own pages on which it must hold.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from operator import ge, gt, le, lt

from ...models.errors import UserError

# The two rules of the recommendation, and the word for none at all.
STANDARD = "bs1534"
NOBODY = "nobody"
_FORM = "'WHAT < 20 on more than 60% of pages'"
_RULE = re.compile(
    r"""(?P<what>"[^"]+"|'[^']+'|.+?)\s*(?P<sign>>=|<=|>|<)\s*(?P<value>[-−+]?\d+(?:\.\d+)?)\s+
    on\s+(?P<how>more\s+than|at\s+least)\s+(?P<share>\d+(?:\.\d+)?)\s*%\s+of\s+(?:their\s+)?pages""",
    re.VERBOSE | re.IGNORECASE,
)
_SIGNS = {">=": ge, "<=": le, ">": gt, "<": lt}


class Looked(StrEnum):
    """What a rule looks at, beside versions by their names."""

    REFERENCE = "reference"
    ANCHOR = "anchor"
    MID_ANCHOR = "mid anchor"
    RANGE = "range"  # the highest less the lowest rating of a page


@dataclass(frozen=True)
class Exclusion:
    """A rule: ``what`` ``sign`` ``value`` on more than (or at least) ``share`` of the pages.

    ``what`` is a :class:`Looked` or the name of a version; ``share`` lies between 0 and 1.
    """

    text: str
    what: str
    sign: str
    value: float
    share: float
    at_least: bool

    def broken(self, value: float) -> bool:
        """Whether a page with this value counts against the listener."""
        return bool(_SIGNS[self.sign](value, self.value))

    def excludes(self, share: float) -> bool:
        """Whether this share of a listener's pages excludes the listener."""
        return share >= self.share if self.at_least else share > self.share


def read_exclusion(text: str) -> Exclusion:
    """The rule that a text means.

    Raises:
        UserError: one line that says how a rule is written.
    """
    said = " ".join(text.split())
    found = _RULE.fullmatch(said)
    if found is None:
        words = ", ".join(Looked)
        raise UserError(
            f"exclude {said[:80]!r}: is no rule; write {_FORM} with <, <=, > or >=, where WHAT is "
            f"{words} or the name of a version; {STANDARD!r} means the rules of BS.1534, "
            f"{NOBODY!r} excludes nobody"
        )
    share = float(found["share"]) / 100
    at_least = found["how"].lower().startswith("at")
    if not (share <= 1 if at_least else share < 1):
        raise UserError(f"exclude {said!r}: {found['share']} % of pages can never be reached")
    if at_least and share == 0:
        raise UserError(f"exclude {said!r}: every listener has at least 0 % of pages")
    what = found["what"].strip()
    what = what[1:-1] if what[0] in "\"'" else what
    role = what.lower()
    return Exclusion(
        text=said,
        what=role if role in list(Looked) else what,
        sign=found["sign"],
        value=float(found["value"].replace("−", "-")),
        share=share,
        at_least=at_least,
    )


def read_exclusions(texts: "list[str] | tuple[str, ...]") -> tuple[bool, tuple[Exclusion, ...]]:
    """Whether the standard's rules exclude, and the rules of one's own.

    Raises:
        UserError: for a text that is no rule, or 'nobody' beside others.
    """
    if NOBODY in texts and len(texts) > 1:
        raise UserError(f"exclude: {NOBODY!r} stands alone; leave the other rules out")
    own = tuple(read_exclusion(text) for text in texts if text not in (STANDARD, NOBODY))
    return STANDARD in texts, own
