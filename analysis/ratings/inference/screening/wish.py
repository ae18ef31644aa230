"""What screening is asked for, and what one rule found."""

from collections.abc import Sequence
from dataclasses import dataclass

from .....listening_test.study.exclusion import Exclusion
from ...result.blocks import Finding
from ...result.names import RuleName

Evidence = Sequence[dict[str, str | float]]


@dataclass(frozen=True)
class ScreeningWish:
    """The roles of versions, and which rules exclude.

    ``standard`` says that the rules of BS.1534 exclude, and do not only flag; ``own`` are those
    that the study declared.
    """

    reference: str | None = None
    anchors: tuple[str, ...] = ()
    mid_anchor: str | None = None
    standard: bool = True
    own: tuple[Exclusion, ...] = ()


@dataclass(frozen=True)
class Applied:
    """A rule with whom it names; ``reason`` says why it could not be applied."""

    name: RuleName
    text: str
    found: tuple[Finding, ...]
    reason: str = ""


def found_of(
    listener: str,
    rule: RuleName,
    value: float,
    threshold: float,
    evidence: Evidence = (),
    *,
    excludes: bool = False,
) -> Finding:
    """A rule that a listener breaks."""
    return Finding(
        listener=listener,
        rule=rule,
        value=value,
        threshold=threshold,
        evidence=tuple(evidence),
        excludes=excludes,
    )
