"""What the user asks of an analysis, checked against the ratings before anything is computed."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ....listening_test.study.exclusion import STANDARD, read_exclusions
from ....models.errors import UserError
from ..reading.scales import Scale
from ..result.names import Adjust, Scope
from .screening.wish import ScreeningWish

SCOPES = ("auto", "passages", "music")
DECLARABLE = (
    *("primary", "scope", "alpha", "adjust", "margin", "reference", "anchors", "baseline"),
    *("question", "mid_anchor", "exclude", "reference_master"),
)


@dataclass(frozen=True)
class RatingsOptions:
    """How to analyse; ``declared`` is what the study fixed beforehand, for flagging deviations.

    ``mid_anchor`` is the anchor that BS.1534's second rule is about. ``exclude`` are the rules that
    exclude listeners: ``bs1534``, rules of one's own, or ``nobody``.

    ``margin`` is in points of the scale. ``baseline`` is a system under test that the others are
    compared with; ``reference`` and ``anchors`` are left out of the test of all systems.
    ``reference_master`` is the human master, under test or not. ``abx`` says that ratings are right
    (1) or wrong (0) answers.
    """

    question: str | None = None
    reference: str | None = None
    anchors: tuple[str, ...] = ()
    mid_anchor: str | None = None
    exclude: tuple[str, ...] = (STANDARD,)
    baseline: str | None = None
    scope: str = "auto"
    alpha: float = 0.05
    margin: float | None = None
    adjust: Adjust = Adjust.HOLM
    seed: int = 0
    abx: bool = False
    reference_master: str | None = None
    declared: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.scope not in SCOPES:
            raise UserError(f"unknown scope {self.scope!r}; choose from {', '.join(SCOPES)}")
        if not 0 < self.alpha < 0.5:
            raise UserError(f"alpha {self.alpha:g} must lie between 0 and 0.5; 0.05 is usual")
        if self.margin is not None and not self.margin > 0:
            raise UserError(f"margin {self.margin:g} must be positive, in points of the scale")
        # A command and a program name it as text.
        object.__setattr__(self, "adjust", Adjust.called(self.adjust))
        read_exclusions(self.exclude)
        if self.mid_anchor is not None and self.mid_anchor not in self.anchors:
            listed = ", ".join(self.anchors) or "none"
            raise UserError(
                f"mid anchor {self.mid_anchor!r} is no anchor; the anchors are {listed}"
            )
        if self.seed < 0:
            raise UserError(f"seed {self.seed} must not be negative")
        unknown = sorted(set(self.declared) - set(DECLARABLE))
        if unknown:
            raise UserError(
                f"declared {unknown[0]!r} is unknown; choose from {', '.join(DECLARABLE)}"
            )

    def check_names(self, systems: Sequence[str], questions: Sequence[str]) -> None:
        """Raise a UserError if a named system or question is in no row of the ratings.

        So it is for the question that was declared as primary, which would else decide unseen.
        """
        named = [
            ("reference", self.reference),
            ("baseline", self.baseline),
            ("reference master", self.reference_master),
        ]
        for what, name in [*named, *(("anchor", anchor) for anchor in self.anchors)]:
            if name is not None:
                _known(name, systems, what, "systems")
        asked = [("question", self.question), ("declared primary", self.declared.get("primary"))]
        for what, name in asked:
            if name is not None:
                _known(name, questions, what, "questions")
        for what, name in named:
            if name in self.anchors:
                raise UserError(f"{name!r} is both {what} and anchor; name it once")

    @property
    def aside(self) -> tuple[str, ...]:
        """Reference and anchors: rated, but not under test."""
        return tuple(dict.fromkeys([*([self.reference] if self.reference else []), *self.anchors]))

    def check_margin(self, scale: Scale) -> None:
        """Raise a UserError for a margin that every difference on the scale lies within."""
        span = scale.high - scale.low
        if self.margin is not None and self.margin >= span / 2:
            raise UserError(
                f"margin {self.margin:g} is half of the scale {scale.low:g} to {scale.high:g} or "
                "more, so that it says nothing; give a difference that would matter, such as "
                f"{span / 20:g}"
            )

    def screening_wish(self) -> ScreeningWish:
        """How to screen the listeners."""
        standard, own = read_exclusions(self.exclude)
        return ScreeningWish(self.reference, self.anchors, self.mid_anchor, standard, own)

    def ordered(self, questions: Sequence[str]) -> list[str]:
        """The questions to analyse, the one that was declared as primary first."""
        if self.question is not None:
            return [self.question]
        return sorted(questions, key=lambda name: name != self.declared.get("primary"))

    def resolved_scope(self) -> Scope:
        """The scope asked for; ``auto`` is what the study declared, else these passages."""
        if self.scope != "auto":
            return Scope(self.scope)
        declared = self.declared.get("scope")
        return Scope(declared) if declared in SCOPES[1:] else Scope.PASSAGES

    def deviations(self) -> list[str]:
        """Where the analysis differs from what the study declared, one sentence each."""
        asked = asdict(self) | {
            "scope": self.resolved_scope().value,
            "anchors": list(self.anchors),
            "exclude": list(self.exclude),
            "adjust": self.adjust.value,
        }
        found = []
        for name, value in sorted(self.declared.items()):
            wanted = list(value) if isinstance(value, list | tuple) else value
            if name == "primary":
                if self.question not in (None, wanted):
                    found.append(f"only {self.question!r} is analysed; primary was {wanted!r}")
                continue
            if name == "scope" and wanted == "auto":
                continue
            if asked[name] != wanted:
                found.append(f"{name} is {asked[name]!r}; the study declared {wanted!r}")
        return found


def _known(name: str, names: Sequence[str], what: str, those: str) -> None:
    if name in names:
        return
    close = difflib.get_close_matches(name, names, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    listed = ", ".join(map(repr, names[:20]))
    raise UserError(f"{what} {name!r} is in no row; the {those} are {listed}{meant}")
