"""The aligned rank transform: systems, passages, and whether passages rank systems otherwise.

For each of the three effects all others are taken out of the ratings (what is left of a cell of
system × passage, and the effect that is asked for), everything is ranked at once with midranks, and
of the analysis of variance of the ranks only that effect is read (Higgins & Tashtoush 1994;
Wobbrock, Findlater, Gergle & Higgins 2011). Listeners are blocks who met every cell: an effect's
error is its interaction with them.

Ranks of aligned values keep their level where ratings are continuous and cells spread alike. Ends
of a scale and few steps break that (Lüpsen 2017; Tsandilas & Casiez 2025), the interaction first.
"""

from collections.abc import Mapping

import numpy as np
from scipy import stats

from ..reading.table import Floats
from ..result.names import Method, Term
from ..result.notes import NoteCode
from ..result.p_values import complete_agreement, f_test, no_test
from ..result.tests import Omnibus

# The axis of listeners, passages, systems that each effect varies along.
_VARIES: Mapping[Term, tuple[int, ...]] = {
    Term.SYSTEM: (2,),
    Term.PASSAGE: (1,),
    Term.PASSAGE_SYSTEM: (1, 2),
}


def aligned_ranks(cells: Floats) -> dict[Term, Omnibus]:
    """The tests of complete ``cells`` ``(n, m, k)``, by effect; with one passage of systems alone.

    Raises:
        ValueError: if a cell is missing.
    """
    if np.isnan(cells).any():
        raise ValueError("aligned ranks need every cell")
    terms = [Term.SYSTEM] if cells.shape[1] == 1 else list(_VARIES)
    return {term: _tested(aligned(cells, term), _VARIES[term]) for term in terms}


def aligned(cells: Floats, term: Term) -> Floats:
    """Midranks ``(n, m, k)`` of ``cells`` without all effects but that of ``term``."""
    cell = cells.mean(axis=0, keepdims=True)
    kept = cells - cell + _effect(cells, _VARIES[term])
    # Values that are equal but for rounding share a rank.
    ranks: Floats = stats.rankdata(np.round(kept, 9)).reshape(cells.shape)
    return ranks


def _effect(values: Floats, axes: tuple[int, ...]) -> Floats:
    """The part of ``values`` that varies along all of ``axes`` and is a mean over the others."""
    others = tuple(axis for axis in range(values.ndim) if axis not in axes)
    found: Floats = values.mean(axis=others, keepdims=True)
    for axis in axes:
        found = found - found.mean(axis=axis, keepdims=True)
    return found


def _tested(ranks: Floats, axes: tuple[int, ...]) -> Omnibus:
    """F of an effect along ``axes`` against its interaction with listeners."""
    name = (Method.ALIGNED_RANKS, "F")
    df = int(np.prod([ranks.shape[axis] - 1 for axis in axes]))
    df2 = df * (len(ranks) - 1)
    if not df or not df2:
        return no_test(*name, NoteCode.FEW_BLOCKS)
    effect, error = _effect(ranks, axes), _effect(ranks, (0, *axes))
    sizes = [ranks.size / part.size * float((part**2).sum()) for part in (effect, error)]
    least = 1e-12 * float(((ranks - ranks.mean()) ** 2).sum())
    if sizes[1] <= least:
        # Nothing but the effect varies, or nothing at all.
        if sizes[0] <= least:
            return no_test(*name, NoteCode.BLOCKS_EQUAL)
        return complete_agreement(*name, df, df2)
    return f_test(*name, (sizes[0] / df) / (sizes[1] / df2), df, df2)
