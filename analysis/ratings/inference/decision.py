"""The primary block of a result: the test that fits the design, and a verdict per pair."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..estimation.effect_sizes import matched_rank_biserial, paired_superiority, unpaired_dominance
from ..methods.equivalence import tost, verdict
from ..methods.multiplicity import adjusted, letters
from ..methods.paired import WILCOXON, Estimate, differences
from ..reading.scales import Scale
from ..reading.table import Bools, Ratings, listener_means
from ..result.design import Design
from .options import Options
from .pairs import omnibus_form, pair_forms
from .primary import Choice, Outcome, run


@dataclass(frozen=True)
class Case:
    """What is to be decided: a design, the method chosen for it, its scale and the options."""

    design: Design
    choice: Choice
    scale: Scale
    options: Options
    notes: tuple[str, ...] = ()


def decide(tested: Ratings, case: Case, standard: Mapping[str, Any]) -> dict[str, Any]:
    """Run the primary analysis and compare each pair with the ``standard`` (classical) one."""
    options, notes = case.options, list(case.notes)
    outcome = run(case.choice, tested, options.alpha, options.seed)
    if options.abx:
        # Differences of points mean nothing between right and wrong.
        outcome = replace(outcome, pairs=[])
    choice = replace(
        case.choice,
        scope=outcome.scope or case.choice.scope,
        reason=outcome.reason or case.choice.reason,
    )
    case = replace(case, choice=choice)
    if case.scale.ordinal and choice.scope == "music":
        notes = [*notes, "The scale has few steps; a model of their means is an approximation."]
    notes += _too_few(tested, case, outcome)
    margin = options.margin
    if margin is not None and not any(e.error is not None for e in outcome.estimates.values()):
        margin = None
        if outcome.pairs:
            notes.append("Equivalence was not tested: no pair has an error in points of the scale.")
    details = {
        pair: _details(tested, case, pair, outcome)
        for pair in [(test.first, test.second) for test in outcome.pairs]
    }
    pairs = pair_forms(outcome.pairs, tested.systems, details, options.adjust, options.alpha)
    by_name = {(p["group1"], p["group2"]): p for p in standard["pairs"]}
    different: Bools = np.zeros((len(tested.systems),) * 2, dtype=bool)
    for pair, test in zip(pairs, outcome.pairs, strict=True):
        other = by_name[pair["group1"], pair["group2"]]
        pair["classical_p_adj"], pair["classical_reject"] = other["p_adj"], other["reject"]
        decided = None not in (pair["reject"], other["reject"])
        pair["agrees"] = pair["reject"] == other["reject"] if decided else None
        within = pair["equivalence"]
        pair["verdict"] = verdict(
            pair["mean_diff"],
            rejected=pair["reject"],
            equivalent=bool(within and within["equivalent"]),
            names=(pair["group1"], pair["group2"]),
        )
        different[test.first, test.second] = different[test.second, test.first] = pair["reject"]
    return {
        "method": outcome.omnibus.method,
        "choice": choice.method,
        "pair_method": outcome.pair_method,
        "scope": choice.scope,
        "scope_asked": options.resolved_scope(),
        "reason": choice.reason,
        "omnibus": omnibus_form(outcome.omnibus, kendall_w=outcome.kendall_w),
        "adjust": options.adjust,
        "alpha": options.alpha,
        "margin": margin,
        "interval": f"{100 * (1 - options.alpha):g} % {outcome.interval}, pointwise",
        "pairs": pairs,
        "letters": dict(zip(tested.systems, letters(different), strict=True)),
        "notes": [*notes, *outcome.notes],
    }


def _too_few(tested: Ratings, case: Case, outcome: Outcome) -> list[str]:
    """Said where signed ranks of so few listeners cannot reject, whatever they answer."""
    units = len(tested.passages if case.choice.scope == "this listener" else tested.listeners)
    if outcome.pair_method != WILCOXON or not outcome.pairs:
        return []
    least = adjusted([min(1.0, 2.0 ** (1 - units))] * len(outcome.pairs), case.options.adjust)[0]
    if least is None or least < case.options.alpha:
        return []
    return [
        f"Signed ranks of {units} differences cannot fall below an adjusted p of {least:.3g} with "
        f"{len(outcome.pairs)} pairs: no pair can be decided, whatever was answered."
    ]


def _details(
    tested: Ratings, case: Case, pair: tuple[int, int], outcome: Outcome
) -> dict[str, Any]:
    """By how much the systems of a pair differ: points, interval, effect sizes, equivalence."""
    (i, j), options = pair, case.options
    estimate = outcome.estimates.get(pair, Estimate(None))
    # The units of one listener are the passages.
    alone = case.design.kind == "one listener"
    d = differences(tested.cells[0] if alone else tested.cells, i, j)
    known = d[~np.isnan(d)]
    if case.design.kind == "between":
        means = listener_means(tested.cells)
        columns = [means[~np.isnan(means[:, system]), system] for system in pair]
        effects = [unpaired_dominance(*columns, alpha=options.alpha, seed=options.seed)]
        median: float | None = float(np.median(columns[0]) - np.median(columns[1]))
    else:
        median = float(np.median(known)) if len(known) else None
        effects = [outcome.effects[pair]] if pair in outcome.effects else []
        effects += [
            paired_superiority(
                tested.cells[:, :, i],
                tested.cells[:, :, j],
                alpha=options.alpha,
                seed=options.seed,
                passages=case.choice.scope == "music",
            ),
            matched_rank_biserial(d, alpha=options.alpha, seed=options.seed),
        ]
    return {
        "n": estimate.units,
        "mean_diff": estimate.difference,
        "median_diff": median,
        "low": estimate.low,
        "high": estimate.high,
        "effect": asdict(effects[0]),
        "effects": [asdict(effect) for effect in effects[1:]],
        "equivalence": _equivalence(estimate, options),
    }


def _equivalence(estimate: Estimate, options: Options) -> dict[str, Any] | None:
    if options.margin is None or estimate.error is None or estimate.df is None:
        return None
    test = tost(
        estimate.difference or 0.0, estimate.error, estimate.df, options.margin, options.alpha
    )
    return asdict(test) | {"equivalent": test.holds(options.alpha)}
