"""What ``earmark plan`` does: variances from a pilot or stated, a grid of plans, words for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ....models.errors import UserError
from ...presentation.numbers import fixed
from ..result.design import SCOPES
from ..result.document import RatingsResult
from ..result.names import Adjust, Scope, Term
from .document import SCHEMA, Enough, PlannedPower, PlanResult, SimulatedShare
from .power import USUAL_SDS, Power, Share, StudySize, simulated_power

_HOLDS_FOR = {
    Scope.MUSIC: "listeners and music like these",
    Scope.PASSAGES: "listeners, on these passages",
}


@dataclass(frozen=True)
class VarianceSource:
    """Where the standard deviations come from, in words, and the scope that belongs to them."""

    sds: Mapping[str, float]
    words: str
    scope: Scope | None = None
    label: str | None = None


@dataclass(frozen=True)
class PlanRequest:
    """What is planned for: the grid, the effect, and the options of the later analysis."""

    listeners: tuple[int, ...]
    passages: tuple[int, ...]
    systems: int
    effect: float
    scope: Scope | None
    alpha: float
    adjust: Adjust
    power: float
    runs: int
    seed: int


def planned(
    wanted: PlanRequest, source: VarianceSource, done: Callable[[int], None] = lambda _: None
) -> PlanResult:
    """Every combination of listeners and passages with its power.

    Raises:
        UserError: for a plan that cannot be.
    """
    if not 0.5 <= wanted.power < 1:
        raise UserError(f"power {wanted.power:g} must lie between 0.5 and 1; 0.8 is usual")
    scope = wanted.scope or source.scope or Scope.MUSIC
    plans = [
        StudySize(
            *(n, m, wanted.systems, wanted.effect, source.sds),
            scope=scope,
            alpha=wanted.alpha,
            adjust=wanted.adjust,
        )
        for m in wanted.passages
        for n in wanted.listeners
    ]
    grid = []
    for count, plan in enumerate(plans, start=1):
        grid.append(simulated_power(plan, wanted.runs, wanted.seed))
        done(count)
    return PlanResult(
        schema=SCHEMA,
        label=source.label,
        variances=source.words,
        sds=dict(source.sds),
        effect=wanted.effect,
        systems=wanted.systems,
        scope=scope,
        alpha=wanted.alpha,
        adjust=wanted.adjust,
        power=wanted.power,
        runs=wanted.runs,
        seed=wanted.seed,
        grid=tuple(_found(power) for power in grid),
        enough=tuple(_enough(grid, m, wanted.power) for m in wanted.passages),
    )


def _found(power: Power) -> PlannedPower:
    return PlannedPower(
        listeners=power.plan.listeners,
        passages=power.plan.passages,
        omnibus=_simulated(power.omnibus),
        pair=_simulated(power.pair),
        every=_simulated(power.every),
    )


def _simulated(share: Share) -> SimulatedShare:
    return SimulatedShare(**asdict(share))


def _enough(grid: Sequence[Power], passages: int, wanted: float) -> Enough:
    """The fewest listeners whose whole interval for a pair lies above the power wanted."""
    mine = sorted((one.plan.listeners, one.pair) for one in grid if one.plan.passages == passages)
    sure = [n for n, share in mine if share.low >= wanted]
    return Enough(passages=passages, listeners=sure[0] if sure else None, most=mine[-1][0])


def stated(text: str | None) -> VarianceSource:
    """``listener:system=6,passage:system=8,residual=12`` as standard deviations.

    Raises:
        UserError: if it cannot be read; what is not named is zero.
    """
    if text is None:
        words = "usual ones of MUSHRA tests on 0 to 100; a pilot's own are better (--pilot)"
        return VarianceSource(USUAL_SDS, words)
    found = dict.fromkeys(USUAL_SDS, 0.0)
    for part in text.split(","):
        name, equals, number = part.strip().rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not equals or name not in USUAL_SDS or not 0 <= value < 1e6:
            raise UserError(
                f"--sd {part.strip()!r}: write NAME=POINTS with the names {', '.join(USUAL_SDS)}"
            )
        found[name] = value
    return VarianceSource(found, "stated")


def from_pilot(path: Path, question: str | None = None) -> VarianceSource:
    """The standard deviations that a pilot's ``result.json`` found.

    Raises:
        UserError: if the file is no result, or its design told no variances.
    """
    result = RatingsResult.read(path)
    asked = {one.question: one for one in result.every_question()}
    block = asked.get(question or result.question)
    if block is None:
        raise UserError(
            f"{path}: has no question {question!r}; choose from {', '.join(sorted(asked))}"
        )
    terms: dict[str, float] = {term.term: term.sd for term in block.variance_components.terms}
    if not terms:
        raise UserError(f"{path}: tells no variances: {block.variance_components.note}")
    scope = block.primary.scope
    if Term.RESIDUAL not in terms:
        # One passage: a listener's own taste and chance are one.
        terms = {Term.RESIDUAL: terms[Term.TASTE_AND_CHANCE]}
        scope = Scope.PASSAGES
    sds = {name: float(terms.get(name, 0.0)) for name in USUAL_SDS}
    words = (
        f"those of {path.name} ({block.design.listeners} listeners, {block.design.passages} "
        "passages), taken as known, which they are not"
    )
    return VarianceSource(sds, words, scope if scope in SCOPES else None, result.label)


def lines(found: PlanResult) -> list[str]:
    """The plan as text: what was assumed, the table, the answer."""
    sds = ", ".join(f"{name} {sd:.3g}" for name, sd in found.sds.items() if sd)
    said = [f"{found.label} pilot."] if found.label else []
    said += [
        f"One of {found.systems} systems lies {found.effect:g} points from the others; "
        f"results for {_HOLDS_FOR[found.scope]}; alpha {found.alpha:g}, {found.adjust}.",
        f"Standard deviations in points ({found.variances}): {sds}.",
        "",
        "listeners  passages    any difference       one given pair       every pair",
    ]
    for row in found.grid:
        shares = "  ".join(map(_share, row.shares))
        said.append(f"{row.listeners:>9}  {row.passages:>8}    {shares}")
    said += [
        "",
        f"Power with its 95 % Monte-Carlo interval, {found.runs} simulated tests each.",
    ]
    for answer in found.enough:
        head = f"{answer.passages} passages: "
        if answer.listeners is None:
            said.append(
                f"{head}{answer.most} listeners are not surely enough for power {found.power:g}"
                " in a given pair."
            )
        else:
            said.append(
                f"{head}{answer.listeners} listeners find a given pair with power "
                f"{found.power:g} or more."
            )
    return said


def _share(share: SimulatedShare) -> str:
    low, high = fixed(share.low, 3), fixed(share.high, 3)
    return f"{fixed(share.value, 3)} ({low}–{high})"
