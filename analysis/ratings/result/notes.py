"""What a result says beside its numbers: codes, with the values that a sentence names.

A part of a result holds a sentence (``note``, ``reason``) for people, and beside it the same as a
code for programs (``coded_note``, ``coded_reason``). Whoever computes gives the code;
:mod:`.note_words` makes both of it, so that the words stand in one place. Results of versions
before there were codes have the sentence alone.
"""

from enum import StrEnum
from typing import Any, Literal

from ...result.parts import Number, ResultPart
from .names import DesignKind


class NoteCode(StrEnum):
    """What is said without any value."""

    # why there is no test of all systems
    FEW_BLOCKS = "few-blocks"
    BLOCKS_EQUAL = "blocks-equal"
    NO_F_FORM = "no-f-form"
    RATINGS_EQUAL = "ratings-equal"
    FEW_SYSTEMS_RATED = "few-systems-rated"
    FEW_LISTENERS = "few-listeners"
    FEW_LISTENERS_OR_SYSTEMS = "few-listeners-or-systems"
    GROUPS_APART = "groups-apart"
    SYSTEMS_RANKED_ALIKE = "systems-ranked-alike"
    NO_VARIATION_LEFT = "no-variation-left"
    COMPLETE_AGREEMENT = "complete-agreement"
    # why a model cannot be fitted
    NO_RESIDUAL = "no-residual"
    NOT_PROVED = "not-proved"
    GRADES_APART = "grades-apart"
    MODEL_TOO_SMALL = "model-too-small"
    SYSTEM_UNRATED = "system-unrated"
    SYSTEM_UNRATED_ON_PASSAGE = "system-unrated-on-passage"
    FEW_RATINGS = "few-ratings"
    NO_BOUND = "no-bound"
    FEW_FOR_SUBJECTS = "few-for-subjects"
    LISTENERS_APART = "listeners-apart"
    TAKEN_FOR_TRUTH = "taken-for-truth"
    NO_REST = "no-rest"
    ENDS_OR_STEPS = "ends-or-steps"
    # what a design allows, and the analysis that follows
    ONE_SYSTEM = "one-system"
    ONE_LISTENER = "one-listener"
    ONE_LISTENER_ONE_PASSAGE = "one-listener-one-passage"
    LISTENER_STANDS_ALONE = "listener-stands-alone"
    ONE_SYSTEM_EACH = "one-system-each"
    PREFERENCES_OVER_LISTENERS = "preferences-over-listeners"
    PASSAGE_STANDS_ALONE = "passage-stands-alone"
    BALANCED = "balanced"
    NOT_BALANCED = "not-balanced"
    TWO_ON_EVERY_PAGE = "two-on-every-page"
    DIFFERENT_LISTENERS = "different-listeners"
    TWO_SYSTEMS = "two-systems"
    EVERY_SYSTEM = "every-system"
    BALANCED_PARTS = "balanced-parts"
    CELLS_MISSING = "cells-missing"
    CELLS_MISSING_ON_ONE = "cells-missing-on-one"
    RIGHT_OR_WRONG = "right-or-wrong"
    # what to know before reading the primary analysis
    FEW_STEPS = "few-steps"
    EQUIVALENCE_UNTESTED = "equivalence-untested"
    NONE_EXCLUDED = "none-excluded"
    NONE_UNDER_TEST = "none-under-test"
    MASTER_HELD_AGAINST = "master-held-against"
    # preferences, orders, metrics, agreement, variances
    LOG_ODDS = "log-odds"
    ORDER_UNKNOWN = "order-unknown"
    PAGES_SUM_TO_ONE = "pages-sum-to-one"
    FEW_HEARD_STEPS = "few-heard-steps"
    SLOPES_EQUAL = "slopes-equal"
    FEW_STIMULI = "few-stimuli"
    STIMULI_ALIKE = "stimuli-alike"
    LEVELS_MATCHED = "levels-matched"
    NO_ICC = "no-icc"
    NOTHING_TWICE = "nothing-twice"
    NEGATIVE_VARIANCE = "negative-variance"
    TASTE_AND_CHANCE = "taste-and-chance"
    FEW_RATED_ALL = "few-rated-all"
    DETECTABLE = "detectable"
    # who took part
    NOT_RECORDED = "not-recorded"
    NO_CONSENT = "no-consent"
    # units
    BOTH_RANDOM = "both-random"
    PASSAGES_FIXED = "passages-fixed"


class CountCode(StrEnum):
    """What is said of a count."""

    ALL_ARRANGEMENTS = "all-arrangements"
    RANDOM_ARRANGEMENTS = "random-arrangements"
    ALL_FLIPS = "all-flips"
    RANDOM_FLIPS = "random-flips"
    LISTENERS_ARE_UNITS = "listeners-are-units"
    FEW_PASSAGES = "few-passages"
    BLOCKS_AS_INDEPENDENT = "blocks-as-independent"
    MANY_PATTERNS = "many-patterns"
    MANY_GRADES = "many-grades"
    MANY_FOR_SUBJECTS = "many-for-subjects"
    GENRE_PASSAGES = "genre-passages"
    GENRE_LISTENERS = "genre-listeners"


class SystemCode(StrEnum):
    """What is said of one system."""

    NOTHING_TO_COMPARE = "nothing-to-compare"
    NONE_TO_COMPARE = "none-to-compare"


class BecauseCode(StrEnum):
    """What is said with the reason, which is a note of its own."""

    FLIPS_INSTEAD = "flips-instead"
    FLIPS_INSTEAD_HERE = "flips-instead-here"
    CELLS_MISSING_NO_MODEL = "cells-missing-no-model"
    TESTS_WITHOUT_FIT = "tests-without-fit"
    NOT_ESTIMABLE = "not-estimable"


class _Coded(ResultPart):
    def model_post_init(self, _context: Any) -> None:
        """Count the code as given, so that it is written where a class has but one."""
        self.model_fields_set.add("code")


class Plain(_Coded):
    """A note without values."""

    code: NoteCode


class OfCount(_Coded):
    """A note of a ``count``; what is counted is in the code."""

    code: CountCode
    count: int


class OfSystem(_Coded):
    """A note of a ``system``."""

    code: SystemCode
    system: str


class Because(_Coded):
    """A note with its reason."""

    code: BecauseCode
    because: "Note"


class SignedRanksCannot(_Coded):
    """So few differences cannot reject with so many pairs: the ``least`` p after adjustment."""

    code: Literal["signed-ranks-cannot"] = "signed-ranks-cannot"
    differences: int
    least: Number
    pairs: int


class ResamplesWithoutFit(_Coded):
    """Bootstraps that the model of preferences could not be fitted to."""

    code: Literal["resamples-without-fit"] = "resamples-without-fit"
    without: int
    resamples: int


class PassagesVary(_Coded):
    """Passages and listeners vary crosswise."""

    code: Literal["passages-vary"] = "passages-vary"
    passages: int
    listeners: int


class ModelTooLarge(_Coded):
    """More cells than the mixed model takes."""

    code: Literal["model-too-large"] = "model-too-large"
    passages: int
    systems: int


class NotForMusic(_Coded):
    """The scope that was asked for is not possible, with the reason and what is done instead."""

    code: Literal["not-for-music"] = "not-for-music"
    because: "Note"
    instead: "Note"


class NoVariancesOf(_Coded):
    """A design from which no variances can be estimated."""

    code: Literal["no-variances-of"] = "no-variances-of"
    design: DesignKind


class NoSolution(_Coded):
    """Equations without a solution, with what the library says of them."""

    code: Literal["no-solution"] = "no-solution"
    message: str


class Headphones(_Coded):
    """How many people failed or skipped the headphone test."""

    code: Literal["headphones"] = "headphones"
    failed: int
    skipped: int


class ListenerMeans(_Coded):
    """Means of so many listeners; ``pages`` says that some of their pages lack a system.

    ``left_out`` listeners have no page with every system.
    """

    code: Literal["listener-means"] = "listener-means"
    listeners: int
    pages: bool
    left_out: int


Note = (
    Plain
    | OfCount
    | OfSystem
    | Because
    | SignedRanksCannot
    | ResamplesWithoutFit
    | PassagesVary
    | ModelTooLarge
    | NotForMusic
    | NoVariancesOf
    | NoSolution
    | Headphones
    | ListenerMeans
)
Said = Note | NoteCode

for _class in (Because, NotForMusic):
    _class.model_rebuild()


def coded(said: Said) -> Note:
    """A code alone as a note."""
    return Plain(code=said) if isinstance(said, NoteCode) else said
