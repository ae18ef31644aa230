"""The sentence of every note: once, for the page, the tables, the terminal and the JSON."""

from collections.abc import Mapping
from typing import Required, TypedDict, assert_never

from . import notes
from .notes import BecauseCode, CountCode, Note, NoteCode, Said, SystemCode, coded

_PLAIN: Mapping[NoteCode, str] = {
    NoteCode.FEW_BLOCKS: "needs at least two blocks and two systems",
    NoteCode.BLOCKS_EQUAL: "within every block all values are equal",
    NoteCode.NO_F_FORM: "complete agreement or too few blocks for the F form",
    NoteCode.RATINGS_EQUAL: "all ratings are equal",
    NoteCode.FEW_SYSTEMS_RATED: "fewer than two systems have ratings",
    NoteCode.FEW_LISTENERS: "needs at least two listeners",
    NoteCode.FEW_LISTENERS_OR_SYSTEMS: "needs at least two listeners and two systems",
    NoteCode.GROUPS_APART: "the systems fall into groups that no listener compares",
    NoteCode.SYSTEMS_RANKED_ALIKE: (
        "listeners and passages do not differ at all in how systems rank"
    ),
    NoteCode.NO_VARIATION_LEFT: "the model leaves no variation to test against",
    NoteCode.COMPLETE_AGREEMENT: "complete agreement: the statistic has no bound, p < 1e-16",
    NoteCode.NO_RESIDUAL: "beyond what its terms explain the ratings do not vary",
    NoteCode.NOT_PROVED: "not proved: the search for its variances did not end at an optimum",
    NoteCode.GRADES_APART: "some systems share no grade, so their difference has no bound",
    NoteCode.MODEL_TOO_SMALL: "needs two listeners, two systems and, for music, two passages",
    NoteCode.SYSTEM_UNRATED: "a system has no rating",
    NoteCode.SYSTEM_UNRATED_ON_PASSAGE: "a system has no rating on one of the passages",
    NoteCode.FEW_RATINGS: "too few ratings for the variances of the model",
    NoteCode.NO_BOUND: (
        "some systems never win or never lose against the rest, so abilities have no bound"
    ),
    NoteCode.FEW_FOR_SUBJECTS: (
        "needs three listeners and two stimuli: of two listeners, nobody can say which is "
        "inconsistent"
    ),
    NoteCode.LISTENERS_APART: "the listeners fall into groups that rated no stimulus in common",
    NoteCode.TAKEN_FOR_TRUTH: (
        "the likelihood has no maximum: it is the higher, the more one listener's ratings are "
        "taken for the truth; more listeners on each stimulus help"
    ),
    NoteCode.ENDS_OR_STEPS: (
        "few steps, or ratings at an end of the scale: aligned ranks do not keep their level there"
    ),
    NoteCode.NO_REST: (
        "the ratings of a listener leave nothing to measure inconsistency by, beside quality and "
        "bias"
    ),
    NoteCode.ONE_SYSTEM: "one system leaves nothing to compare",
    NoteCode.ONE_LISTENER: "one listener: results hold for this listener, on passages like these",
    NoteCode.ONE_LISTENER_ONE_PASSAGE: (
        "one listener and one passage: there is nothing to generalise over"
    ),
    NoteCode.LISTENER_STANDS_ALONE: "one listener stands for no others",
    NoteCode.ONE_SYSTEM_EACH: "each listener rated one system, on which no other was rated",
    NoteCode.PREFERENCES_OVER_LISTENERS: "preferences are tested over listeners only",
    NoteCode.PASSAGE_STANDS_ALONE: "one passage stands for no other music",
    NoteCode.BALANCED: "complete and balanced, listeners and passages random",
    NoteCode.NOT_BALANCED: "not balanced, so a mixed model with both slopes instead of quasi-F′",
    NoteCode.TWO_ON_EVERY_PAGE: "one of two systems on every page, listeners as units",
    NoteCode.DIFFERENT_LISTENERS: "different listeners rated each system",
    NoteCode.TWO_SYSTEMS: (
        "two systems, every listener rated both: signs of differences are exchangeable"
    ),
    NoteCode.EVERY_SYSTEM: "every listener rated every system",
    NoteCode.BALANCED_PARTS: "each listener rated a balanced part of the systems",
    NoteCode.CELLS_MISSING: "cells are missing, so a mixed model with the passages fixed",
    NoteCode.CELLS_MISSING_ON_ONE: "cells are missing on one passage",
    NoteCode.RIGHT_OR_WRONG: (
        "answers are right or wrong, and each comparison is tested against guessing"
    ),
    NoteCode.FEW_STEPS: "The scale has few steps; a model of their means is an approximation.",
    NoteCode.EQUIVALENCE_UNTESTED: (
        "Equivalence was not tested: no pair has an error in points of the scale."
    ),
    NoteCode.NONE_EXCLUDED: (
        "The screening rules would exclude every listener, so none is excluded."
    ),
    NoteCode.NONE_UNDER_TEST: "Only reference and anchors were rated; they are tested.",
    NoteCode.MASTER_HELD_AGAINST: (
        "Listeners were asked to hold versions against the master, not which they prefer: a "
        "rating below it shows a difference that was heard, and none can be better."
    ),
    NoteCode.LOG_ODDS: (
        "log odds against the first system; the errors take every answer as independent"
    ),
    NoteCode.ORDER_UNKNOWN: "the ratings do not say the order",
    NoteCode.PAGES_SUM_TO_ONE: "what two systems get on a page sums to one on every page",
    NoteCode.FEW_HEARD_STEPS: "fewer than two listeners heard more than one step",
    NoteCode.SLOPES_EQUAL: "the slopes of all listeners are equal",
    NoteCode.FEW_STIMULI: "fewer than three stimuli",
    NoteCode.STIMULI_ALIKE: "the same for all stimuli",
    NoteCode.LEVELS_MATCHED: "levels were matched; what differs is the tolerance of that",
    NoteCode.NO_ICC: "needs two stimuli that every listener rated, and variation",
    NoteCode.NOTHING_TWICE: "not estimable: nothing was rated twice",
    NoteCode.NEGATIVE_VARIANCE: (
        "A negative variance means: no more variation than chance; taken as zero."
    ),
    NoteCode.TASTE_AND_CHANCE: (
        "One passage: a listener's own taste and chance cannot be told apart."
    ),
    NoteCode.FEW_RATED_ALL: "not estimable: fewer than two listeners rated every system",
    NoteCode.DETECTABLE: (
        "The smallest true difference of two systems that one comparison would find with this "
        "power, without adjustment for several comparisons."
    ),
    NoteCode.NOT_RECORDED: "not recorded",
    NoteCode.NO_CONSENT: "the study asks for no consent",
    NoteCode.BOTH_RANDOM: "listeners and passages random",
    NoteCode.PASSAGES_FIXED: "listeners random, passages fixed",
}
_COUNTED: Mapping[CountCode, str] = {
    CountCode.ALL_ARRANGEMENTS: "all {0} arrangements",
    CountCode.RANDOM_ARRANGEMENTS: "{0} random arrangements",
    CountCode.ALL_FLIPS: "all {0} flips of listeners",
    CountCode.RANDOM_FLIPS: "random {0} flips of listeners",
    CountCode.LISTENERS_ARE_UNITS: (
        "{0} listeners are the independent units; the passages are taken as given"
    ),
    CountCode.FEW_PASSAGES: "only {0} passages: intervals for other music are wide",
    CountCode.BLOCKS_AS_INDEPENDENT: (
        "{0} listener × passage blocks, taken as independent, which they are not"
    ),
    CountCode.MANY_GRADES: "{0} grades are more than the cumulative-link model takes",
    CountCode.MANY_FOR_SUBJECTS: "{0} listeners are more than the model of listeners takes",
    CountCode.GENRE_PASSAGES: "fewer than {0} passages: no verdict",
    CountCode.GENRE_LISTENERS: "fewer than {0} listeners: no verdict",
    CountCode.MANY_PATTERNS: "{0} listeners lack cells in more ways than the mixed model takes",
}
_OF_SYSTEM: Mapping[SystemCode, str] = {
    SystemCode.NOTHING_TO_COMPARE: "{0} has no rating that counts here: nothing to compare",
    SystemCode.NONE_TO_COMPARE: "no system under test to compare with {0}",
}
_BECAUSE: Mapping[BecauseCode, str] = {
    BecauseCode.FLIPS_INSTEAD: (
        "The mixed model cannot be fitted ({0}); flips of listeners take its place."
    ),
    BecauseCode.FLIPS_INSTEAD_HERE: (
        "The mixed model cannot be fitted ({0}); flips of listeners take its place, for these "
        "passages only."
    ),
    BecauseCode.CELLS_MISSING_NO_MODEL: (
        "cells are missing and a mixed model cannot be fitted: {0}"
    ),
    BecauseCode.TESTS_WITHOUT_FIT: (
        "Bradley-Terry cannot be fitted: {0}; the tests stand without it."
    ),
    BecauseCode.NOT_ESTIMABLE: "not estimable: {0}",
}


def sentence(said: Said) -> str:
    """What a note says, in words."""
    match note := coded(said):
        case notes.Plain():
            return _PLAIN[note.code]
        case notes.OfCount():
            return _COUNTED[note.code].format(note.count)
        case notes.OfSystem():
            return _OF_SYSTEM[note.code].format(note.system)
        case notes.Because():
            return _BECAUSE[note.code].format(sentence(note.because))
        case notes.SignedRanksCannot():
            return (
                f"Signed ranks of {note.differences} differences cannot fall below an adjusted p "
                f"of {note.least:.3g} with {note.pairs} pairs: no pair can be decided, whatever "
                "was answered."
            )
        case notes.ResamplesWithoutFit():
            return f"{note.without} of {note.resamples} bootstraps had no fit."
        case notes.PassagesVary():
            return f"{note.passages} passages and {note.listeners} listeners vary crosswise"
        case notes.ModelTooLarge():
            size = f"{note.passages} passages × {note.systems} systems"
            return f"{size} are more than the mixed model takes"
        case notes.NotForMusic():
            why, instead = sentence(note.because), sentence(note.instead)
            return f"Scope music is not possible ({why}), so: {instead}"
        case notes.NoVariancesOf():
            return f"not estimable: {note.design}"
        case notes.NoSolution():
            return note.message
        case notes.Headphones():
            return f"{note.failed} failed, {note.skipped} skipped"
        case notes.ListenerMeans():
            over = " over pages with every system" if note.pages else ""
            left = f"; {note.left_out} listeners have no page with every system"
            return f"{note.listeners} listener means{over}{left if note.left_out else ''}"
        case _:
            assert_never(note)


class Noted(TypedDict, total=False):
    """A note as a part of a result holds it."""

    note: Required[str]
    coded_note: Note


class Reasoned(TypedDict):
    """A reason as a part of a result holds it."""

    reason: str
    coded_reason: Note


def noted(said: Said | None) -> Noted:
    """The fields of a note: its sentence and its code; '' and no code where nothing is said."""
    return {"note": ""} if said is None else {"note": sentence(said), "coded_note": coded(said)}


def reasoned(said: Said) -> Reasoned:
    """The fields of a reason: its sentence and its code."""
    return {"reason": sentence(said), "coded_reason": coded(said)}


class NotFittedError(ValueError):
    """A model that cannot be fitted, with the reason as a note."""

    def __init__(self, said: Said) -> None:
        super().__init__(sentence(said))
        self.note = coded(said)


def unsolved(error: Exception) -> Note:
    """The reason why a model has no fit: its own, or what a library says of the equations."""
    if isinstance(error, NotFittedError):
        return error.note
    return notes.NoSolution(message=str(error))
