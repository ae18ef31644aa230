"""What design the ratings have, and which inference it allows, with the reason.

The design is read off the cells listener × passage × system: who rated what decides which values
are independent. The words: *between* (each listener rated one system), *complete* (every listener
rated every system on every passage), *complete blocks* (every listener rated every system, on some
of the passages), *balanced incomplete* (each listener rated as many systems, each pair of systems
equally often), *preferences* (one of two systems on every page), *incomplete* (any other), and the
designs too small for inference over listeners
(*one listener*, *one system*, *no variation*).
"""

import numpy as np

from ..methods.bradley_terry import preferences
from ..methods.incomplete import is_balanced_incomplete
from ..reading.table import Floats, Ratings, listener_means
from ..result.design import Allowed, Design
from ..result.names import DesignKind, Inference
from ..result.note_words import reasoned
from ..result.notes import CountCode, NoteCode, OfCount, PassagesVary, Said


def detect(ratings: Ratings, aside: tuple[str, ...] = ()) -> Design:
    """The design of the ratings of one question, without the systems set ``aside`` beforehand."""
    counts = ratings.counts
    listeners, passages, systems = counts.shape
    filled = counts > 0
    complete = bool(filled.all())
    present = counts[filled]
    balanced = complete and present.min() == present.max()
    kind = _kind(ratings, listener_means(ratings.cells))
    dependent = bool((counts.sum(axis=(1, 2)) > 1).any())
    # Between listeners a cell of another system was never meant to be filled.
    # and of preferences each page holds two systems.
    apart = kind in (DesignKind.BETWEEN, DesignKind.PREFERENCES)
    expected = int(filled.sum()) if apart else int(filled.size)
    return Design(
        kind=kind,
        listeners=listeners,
        passages=passages,
        systems=systems,
        ratings=len(ratings),
        complete=complete,
        balanced=bool(balanced),
        replicates=(int(present.min()), int(present.max())),
        expected=expected,
        missing=expected - int(filled.sum()),
        dependent=dependent,
        allows=tuple(_allows(kind, *counts.shape)),
        questions=len(ratings.questions),
        system_names=ratings.systems,
        passage_names=ratings.passages,
        listener_names=ratings.listeners,
        set_aside=aside,
        per_listener=tuple(np.bincount(ratings.listener, minlength=listeners).tolist()),
    )


def _kind(ratings: Ratings, means: Floats) -> DesignKind:
    listeners, systems = means.shape
    if systems < 2:
        return DesignKind.ONE_SYSTEM
    if float(np.ptp(ratings.value)) == 0:
        return DesignKind.NO_VARIATION
    rated = (~np.isnan(means)).sum(axis=1)
    if listeners == 1:
        return DesignKind.ONE_LISTENER
    if systems > 2 and preferences(ratings) is not None:
        return DesignKind.PREFERENCES
    if (rated == 1).all():
        return DesignKind.BETWEEN
    if (ratings.counts > 0).all():
        return DesignKind.COMPLETE
    filled = np.asarray(ratings.counts > 0)
    pages = np.asarray(filled.any(axis=2))
    if bool((filled == pages[:, :, None]).all()):
        return DesignKind.COMPLETE_BLOCKS
    everywhere = bool((filled == np.asarray(filled.any(axis=1))[:, None, :]).all())
    if everywhere and is_balanced_incomplete(means):
        return DesignKind.BALANCED_INCOMPLETE
    return DesignKind.INCOMPLETE


def _allows(kind: DesignKind, listeners: int, passages: int, systems: int) -> list[Allowed]:
    if kind in (DesignKind.ONE_SYSTEM, DesignKind.NO_VARIATION):
        alike = NoteCode.ONE_SYSTEM if systems < 2 else NoteCode.RATINGS_EQUAL
        return [_allowed(Inference.PASSAGES, alike, allowed=False), _no_music(alike)]
    if kind is DesignKind.ONE_LISTENER:
        one = NoteCode.ONE_LISTENER if passages >= 2 else NoteCode.ONE_LISTENER_ONE_PASSAGE
        alone = NoteCode.LISTENER_STANDS_ALONE
        return [
            _allowed(Inference.LISTENER, one, allowed=passages >= 2),
            _allowed(Inference.PASSAGES, alone, allowed=False),
            _no_music(alone),
        ]
    units = OfCount(code=CountCode.LISTENERS_ARE_UNITS, count=listeners)
    found = [_allowed(Inference.PASSAGES, units, allowed=True)]
    if kind is DesignKind.BETWEEN:
        return [*found, _no_music(NoteCode.ONE_SYSTEM_EACH)]
    if kind is DesignKind.PREFERENCES:
        return [*found, _no_music(NoteCode.PREFERENCES_OVER_LISTENERS)]
    if passages < 2:
        return [*found, _no_music(NoteCode.PASSAGE_STANDS_ALONE)]
    why: Said = PassagesVary(passages=passages, listeners=listeners)
    if passages < 5:
        why = OfCount(code=CountCode.FEW_PASSAGES, count=passages)
    return [*found, _allowed(Inference.MUSIC, why, allowed=True)]


def _no_music(why: Said) -> Allowed:
    return _allowed(Inference.MUSIC, why, allowed=False)


def _allowed(inference: Inference, why: Said, *, allowed: bool) -> Allowed:
    return Allowed(inference=inference, allowed=allowed, **reasoned(why))
