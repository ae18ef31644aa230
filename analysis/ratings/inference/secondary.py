"""The other tests that a reader may ask for: other methods, single passages, one baseline.

None of them decides; they show whether the primary result hangs on the choice of method.
"""

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from ....models.errors import UserError
from ..estimation.order_effects import order_effect
from ..methods.abx import BetaBinomial, Binomial, abx_d_prime, beta_binomial_test, binomial_test
from ..methods.bradley_terry import bradley_terry, circular_triads, preferences
from ..methods.crossed import mean_squares, quasi_f
from ..methods.friedman import (
    conover_friedman,
    critical_difference,
    friedman,
    nemenyi,
    quade,
    quade_pairs,
)
from ..methods.incomplete import skillings_mack
from ..methods.mixed import fit_mixed, work
from ..methods.multiplicity import adjusted
from ..methods.paired import paired, wilcoxon
from ..methods.permutation import permutation_pairs, permutation_test
from ..reading.scales import Scale
from ..reading.table import Floats, Ratings, listener_means
from ..result.design import Design
from ..result.tests import Comparison, Omnibus, comparison_p
from .options import Options
from .pairs import omnibus_form, pair_forms

_UNTESTED = ("one system", "no variation", "between", "one listener")
_POOLED = tuple(field.name for field in fields(BetaBinomial))
_MOST_LISTENERS = 2000  # above, the permutation takes long and says what F says
_MOST_WORK = 3e7  # above, a mixed model takes longer than a second opinion is worth


def secondary(
    ratings: Ratings, everything: Ratings, design: Design, scale: Scale, options: Options
) -> dict[str, Any]:
    """All secondary results of one question.

    Args:
        ratings: the systems under test.
        everything: also the hidden reference and anchors.
        design: the design of ``ratings``.
        scale: the question's scale.
        options: what the user asks.
    """
    tests: list[dict[str, Any]] = []
    if design.kind not in (*_UNTESTED, "preferences") and not options.abx:
        tests += _rank_tests(ratings, options)
        tests += _crossed_tests(ratings, design)
    return {
        "tests": tests,
        "per_passage": _per_passage(ratings, options),
        "many_to_one": [
            _many_to_one(everything, control, options)
            for control in dict.fromkeys((options.reference, options.baseline))
            if control is not None
        ],
        "preference": _preference(ratings) if design.kind == "preferences" else None,
        "abx": _abx(everything, options) if options.abx else None,
        "against_zero": _against_zero(ratings, options) if scale.signed else None,
        "order_effects": [
            vars(order_effect(everything, order, options.alpha)) for order in ("position", "page")
        ],
    }


def _rank_tests(ratings: Ratings, options: Options) -> list[dict[str, Any]]:
    # Means over different passages would rank the passages too.
    known = ~np.isnan(ratings.cells)
    full = known.all(axis=2, keepdims=True)
    means = listener_means(np.where(full, ratings.cells, np.nan))
    whole = means[~np.isnan(means).any(axis=1)]
    unit = f"{len(whole)} listener means"
    if bool((known & ~full).any()):
        unit += " over pages with every system"
    if len(whole) < len(means):
        unit += f"; {len(means) - len(whole)} listeners have no page with every system"
    names, tests = ratings.systems, []
    ranks, weighted = friedman(whole), quade(whole, decimals=10)
    tests.append(_entry(ranks.chi2, unit, kendall_w=ranks.kendall_w))
    own = pair_forms(conover_friedman(ranks), names, {}, options.adjust, options.alpha)
    form = _entry(ranks.f, unit, kendall_w=ranks.kendall_w)
    tests.append(form | {"pair_method": "Conover-Friedman", "pairs": own, "adjust": options.adjust})
    pairs = pair_forms(quade_pairs(weighted), names, {}, options.adjust, options.alpha)
    form = _entry(weighted.omnibus, unit)
    tests.append(form | {"pair_method": "Quade", "pairs": pairs, "adjust": options.adjust})
    if len(whole) >= 2 and len(names) >= 2:
        # Nemenyi's own distribution adjusts for all pairs.
        own = pair_forms(nemenyi(ranks), names, {}, "none", options.alpha)
        cd = critical_difference(len(whole), len(names), options.alpha)
        form = {"method": "Nemenyi", "unit": unit, "critical_difference": cd}
        form |= {"pair_method": "Nemenyi", "pairs": own, "adjust": "none"}
        form["mean_ranks"] = dict(zip(names, ranks.mean_ranks.tolist(), strict=True))
        tests.append(form)
    if 2 <= len(whole) <= _MOST_LISTENERS:
        flips = permutation_pairs(whole, options.seed)
        forms = pair_forms(flips, names, {}, options.adjust, options.alpha)
        form = _entry(permutation_test(whole, options.seed), unit)
        form |= {"pair_method": "permutation of pairs", "pairs": forms, "adjust": options.adjust}
        tests.append(form)
    blocks = ratings.cells.reshape(-1, len(names))
    used = blocks[(~np.isnan(blocks)).sum(axis=1) >= 2]
    if len(ratings.passages) > 1 and len(used):
        note = f"{len(used)} listener × passage blocks, taken as independent, which they are not"
        tests.append(_entry(skillings_mack(np.round(used, 10)).omnibus, note))
    return tests


def _crossed_tests(ratings: Ratings, design: Design) -> list[dict[str, Any]]:
    if not design.permits("music"):
        return []
    unit = "listeners and passages random"
    tests = []
    if design.balanced:
        tests.append(_entry(quasi_f(mean_squares(ratings.cells)), unit))
    if work(ratings.cells) > _MOST_WORK:
        return tests
    for scope, words in (("music", unit), ("passages", "listeners random, passages fixed")):
        found = _quietly(lambda scope=scope: fit_mixed(ratings.cells, scope).omnibus())  # type: ignore[misc]
        if found is not None:
            tests.append(_entry(found, words))
    return tests


def _quietly(fit: Callable[[], Omnibus]) -> Omnibus | None:
    try:
        return fit()
    except (ValueError, np.linalg.LinAlgError):
        return None  # the primary analysis states why, where it needs the model


def _entry(test: Omnibus, unit: str, **more: Any) -> dict[str, Any]:
    return {"method": test.method, "unit": unit, "omnibus": omnibus_form(test), **more}


def _per_passage(ratings: Ratings, options: Options) -> dict[str, Any]:
    rows = []
    # Right and wrong answers are tested against guessing, not comparison against comparison.
    for at, name in enumerate(() if options.abx else ratings.passages):
        table = np.round(ratings.cells[:, at, :], 10)
        whole = table[~np.isnan(table).any(axis=1)]
        test = friedman(whole).f
        rows.append({"passage": name, "listeners": len(whole), **omnibus_form(test)})
    p_adj = adjusted([row["p"] for row in rows], options.adjust)
    for row, p in zip(rows, p_adj, strict=True):
        row["p_adj"], row["reject"] = p, None if p is None else p < options.alpha
    return {"method": "Friedman F per passage", "adjust": options.adjust, "passages": rows}


def _many_to_one(ratings: Ratings, control: str, options: Options) -> dict[str, Any]:
    """Every system under test against ``control``: Wilcoxon on listener means, Demšar's z.

    A ``note`` says why where nothing can be compared with it.
    """
    nobody = {"control": control, "adjust": options.adjust, "wilcoxon": [], "demsar": []}
    if control not in ratings.systems:
        return nobody | {"note": f"{control} has no rating that counts here: nothing to compare"}
    under = ratings.without_systems(tuple(name for name in options.aside if name != control))
    if under.systems == (control,):
        return nobody | {"note": f"no system under test to compare with {control}"}
    at = under.systems.index(control)
    means = listener_means(under.cells)
    k = means.shape[1]
    whole = means[~np.isnan(means).any(axis=1)]
    ranks = friedman(whole).mean_ranks if len(whole) > 1 else np.full(k, np.nan)
    estimates = paired(means, options.alpha)
    signed, demsar, differences = [], [], {}
    for other in range(k):
        if other == at:
            continue
        low, high = min(at, other), max(at, other)
        sign = 1.0 if other < at else -1.0
        estimate = estimates[low, high]
        bounds = sorted(sign * v for v in (estimate.low, estimate.high) if v is not None)
        known = estimate.difference is not None
        differences[other, at] = {
            "n": estimate.units,
            "mean_diff": sign * (estimate.difference or 0.0) if known else None,
            "low": bounds[0] if bounds else None,
            "high": bounds[1] if bounds else None,
        }
        d = means[:, other] - means[:, at]
        signed.append(wilcoxon(d[~np.isnan(d)], other, at))
        z = float((ranks[other] - ranks[at]) / np.sqrt(k * (k + 1) / (6 * max(len(whole), 1))))
        finite = bool(np.isfinite(z))
        p = comparison_p("normal", z, None) if finite else None
        demsar.append(Comparison(other, at, z if finite else None, "normal", None, p))
    adjust, alpha = options.adjust, options.alpha
    return {
        "control": control,
        "adjust": adjust,
        "wilcoxon": pair_forms(signed, under.systems, differences, adjust, alpha),
        "demsar": pair_forms(demsar, under.systems, {}, adjust, alpha),
        "note": "",
    }


def _preference(ratings: Ratings) -> dict[str, Any] | None:
    wins = preferences(ratings)
    if wins is None:
        return None
    triads = [circular_triads(listener) for listener in wins]
    found: dict[str, Any] = {
        "wins": wins.sum(axis=0).tolist(),
        "circular_triads": sum(circles for circles, _ in triads),
        "decided_triads": sum(decided for _, decided in triads),
        "listeners": [
            {"listener": name, "circular": circles, "decided": decided}
            for name, (circles, decided) in zip(ratings.listeners, triads, strict=True)
        ],
    }
    try:
        fit = bradley_terry(wins.sum(axis=0))
    except ValueError as error:
        return found | {"abilities": None, "note": str(error)}
    abilities = [
        {"system": name, "ability": float(ability), "se": float(error)}
        for name, ability, error in zip(ratings.systems, fit.abilities, fit.errors, strict=True)
    ]
    note = "log odds against the first system; the errors take every answer as independent"
    return found | {
        "abilities": abilities,
        "deviance": fit.deviance,
        "df": fit.df,
        "note": note,
    }


def _abx(ratings: Ratings, options: Options) -> list[dict[str, Any]]:
    """Right (1) or wrong (0) answers per system, which here names what A and B were."""
    if not set(np.unique(ratings.value).tolist()) <= {0.0, 1.0}:
        raise UserError("--abx needs ratings that are 1 (right) or 0 (wrong)")
    found = []
    for code, name in enumerate(ratings.systems):
        mine = ratings.system == code
        who, value = ratings.listener[mine], ratings.value[mine]
        count = len(ratings.listeners)
        trials = np.bincount(who, minlength=count).astype(np.float64)
        right: Floats = np.bincount(who, weights=value, minlength=count).astype(np.float64)
        took = trials > 0
        exact = binomial_test(int(right.sum()), int(trials.sum()), options.alpha)
        found.append(
            {
                "system": name,
                **asdict(exact),
                **_decided(exact, right[took], trials[took], options.alpha),
                "d_prime_strategy": "differencing",
                "listeners": [
                    {
                        "listener": ratings.listeners[at],
                        **asdict(binomial_test(int(right[at]), int(trials[at]), options.alpha)),
                    }
                    for at in np.flatnonzero(took)
                ],
            }
        )
    decisive = [
        row["p"] if row["test"] == "exact binomial" else row["beta_binomial"]["p"] for row in found
    ]
    p_adj = adjusted(decisive, options.adjust)
    for row, p in zip(found, p_adj, strict=True):
        row["p_adj"], row["reject"] = p, p is not None and p < options.alpha
    return found


def _decided(exact: Binomial, right: Floats, trials: Floats, alpha: float) -> dict[str, Any]:
    """What decides: of several listeners the beta-binomial test and its interval, else the exact.

    The exact interval of pooled answers takes listeners as alike and is too narrow where they are
    not.
    """
    if len(right) == 1:
        share, pooled = exact.right / exact.trials, dict.fromkeys(_POOLED)
        test = {"test": "exact binomial", "low": exact.low, "high": exact.high}
    else:
        found = beta_binomial_test(right, trials, alpha)
        share, pooled = float((right / trials).mean()), asdict(found)
        test = {"test": "beta-binomial", "low": found.low, "high": found.high}
    return test | {"share": share, "beta_binomial": pooled, "d_prime": abx_d_prime(share)}


def _against_zero(ratings: Ratings, options: Options) -> dict[str, Any]:
    """Listener means of each system against zero, "no difference" on a signed scale (CCR)."""
    means = listener_means(ratings.cells)
    table = np.concatenate([means, np.zeros((len(means), 1))], axis=1)
    zero = means.shape[1]
    tests, differences = [], {}
    for system in range(zero):
        d = means[:, system]
        tests.append(wilcoxon(d[~np.isnan(d)], system, zero))
        estimate = paired(table[:, [system, zero]], options.alpha)[0, 1]
        differences[system, zero] = {
            "n": estimate.units,
            "mean_diff": estimate.difference,
            "low": estimate.low,
            "high": estimate.high,
        }
    names = (*ratings.systems, "zero (no difference)")
    forms = pair_forms(tests, names, differences, options.adjust, options.alpha)
    return {"method": "Wilcoxon signed rank", "adjust": options.adjust, "systems": forms}
