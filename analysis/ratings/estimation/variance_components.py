"""Variance components of the ratings at hand, and what another test with them would find."""

import numpy as np

from ..methods.crossed import components, mean_squares
from ..mixed_models.linear import fit_mixed
from ..reading.table import Ratings, listener_means
from ..result.blocks import Planning, PlanRow, VarianceComponents, VarianceTerm
from ..result.design import Design
from ..result.names import DesignKind, Estimator, Scope, Term
from ..result.note_words import noted, unsolved
from ..result.notes import (
    Because,
    BecauseCode,
    NoteCode,
    NoVariancesOf,
    Said,
)
from ..result.proof import Proof
from .sample_size import better_buy, precision, smallest_detectable

_WANTED = 0.8
_NOT_ESTIMABLE = (
    DesignKind.ONE_SYSTEM,
    DesignKind.NO_VARIATION,
    DesignKind.BETWEEN,
    DesignKind.ONE_LISTENER,
    DesignKind.PREFERENCES,
)


def variance_components(
    ratings: Ratings, design: Design, scope: Scope, alpha: float
) -> VarianceComponents:
    """Variances by term, the smallest detectable differences, and what to buy more of."""
    variances, method, note, proof = _variances(ratings, design)
    if variances is None:
        return VarianceComponents(method=None, **noted(note), terms=(), planning=None)
    positive = {name: max(value, 0.0) for name, value in variances.items()}
    return VarianceComponents(
        method=method,
        **noted(note),
        terms=tuple(_terms(variances, positive)),
        planning=_planning(positive, design, scope, alpha),
        **({"proof": proof} if proof else {}),
    )


def _terms(variances: dict[str, float], positive: dict[str, float]) -> list[VarianceTerm]:
    total = sum(positive.values())
    return [
        VarianceTerm(
            term=name,
            variance=variances[name],
            sd=float(np.sqrt(positive[name])),
            share=positive[name] / total if total else None,
        )
        for name in Term
        if name in variances
    ]


def _variances(
    ratings: Ratings, design: Design
) -> tuple[dict[str, float] | None, Estimator | None, Said | None, Proof | None]:
    if design.kind in _NOT_ESTIMABLE:
        return None, None, NoVariancesOf(design=design.kind), None
    if design.passages > 1:
        if design.balanced:
            found = components(mean_squares(ratings.cells))
            note = None
            if min(found.values()) < 0:
                note = NoteCode.NEGATIVE_VARIANCE
            return found, Estimator.MOMENTS, note, None
        try:
            fit = fit_mixed(ratings.cells, Scope.MUSIC)
            return fit.variances, Estimator.REML, None, fit.proof
        except (ValueError, np.linalg.LinAlgError) as error:
            why = Because(code=BecauseCode.NOT_ESTIMABLE, because=unsolved(error))
            return None, None, why, None
    means = listener_means(ratings.cells)
    whole = means[~np.isnan(means).any(axis=1)]
    n, k = whole.shape
    if n < 2:
        return None, None, NoteCode.FEW_RATED_ALL, None
    centred = whole - whole.mean(axis=1, keepdims=True) - whole.mean(axis=0) + whole.mean()
    residual = float((centred**2).sum()) / ((n - 1) * (k - 1))
    variances = {Term.TASTE_AND_CHANCE.value: residual}
    return variances, Estimator.MOMENTS, NoteCode.TASTE_AND_CHANCE, None


def _planning(variances: dict[str, float], design: Design, scope: Scope, alpha: float) -> Planning:
    known = variances
    if Term.RESIDUAL not in variances:
        known = {Term.RESIDUAL.value: variances[Term.TASTE_AND_CHANCE]}
        scope = Scope.PASSAGES
    n, m = design.listeners, design.passages
    listeners = [count for count in sorted({5, 10, 15, 20, 30, 50, 100, n}) if count > 1]
    passages = sorted({m}) if m < 2 else sorted({5, 10, 15, 20, m})
    grid = [_plan(known, count, pieces, scope, alpha) for count in listeners for pieces in passages]
    now = next(row for row in grid if row.listeners == n and row.passages == m)
    return Planning(
        scope=scope,
        power=_WANTED,
        alpha=alpha,
        detectable_now=now.detectable,
        better_buy=better_buy(known, n, m, scope),
        grid=tuple(grid),
        **noted(NoteCode.DETECTABLE),
    )


def _plan(
    variances: dict[str, float], listeners: int, passages: int, scope: Scope, alpha: float
) -> PlanRow:
    at = precision(variances, listeners, passages, scope)
    return PlanRow(
        listeners=listeners,
        passages=passages,
        standard_error=at.error,
        df=at.df,
        detectable=smallest_detectable(at, alpha, _WANTED),
    )
