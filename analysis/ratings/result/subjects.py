"""The model of listeners in a result: bias, inconsistency, the quality of each stimulus."""

from ...result.parts import Maybe, Number, ResultPart
from .notes import Note

_LEVEL = 1e-8
_LEAST_CURVATURE = 1e-4


class SubjectListener(ResultPart):
    """One listener: ``bias`` in points above the others, ``inconsistency`` a standard deviation.

    ``published`` is the inconsistency by maximum likelihood, as other programs print it; None
    where that has no maximum.
    """

    listener: str
    ratings: int
    bias: Number
    bias_low: Number
    bias_high: Number
    inconsistency: Number
    inconsistency_low: Number
    inconsistency_high: Number
    published: Maybe


class SubjectStimulus(ResultPart):
    """The quality of a passage as one system made it, with its interval for these listeners.

    ``mean`` is the plain mean of its ratings. ``published`` is the quality by maximum likelihood.
    """

    passage: str
    system: str
    ratings: int
    mean: Number
    quality: Number
    low: Number
    high: Number
    published: Maybe


class SubjectProof(ResultPart):
    """Why a fit is a maximum: no slope, curved in every direction, after so many rounds."""

    slope: Number
    curvature: Number
    rounds: int

    @property
    def holds(self) -> bool:
        """Whether this is a proof."""
        return self.slope <= _LEVEL and self.curvature > _LEAST_CURVATURE


class SubjectModel(ResultPart):
    """Bias, inconsistency and quality by restricted likelihood; ``note`` says why there are none.

    ``log_likelihood`` is the restricted one. ``published_note`` says why there is no fit by
    maximum likelihood, whose numbers are those that other programs print.
    """

    interval: str
    note: str
    coded_note: Note | None = None
    listeners: tuple[SubjectListener, ...] = ()
    stimuli: tuple[SubjectStimulus, ...] = ()
    log_likelihood: Maybe = None
    proof: SubjectProof | None = None
    published_log_likelihood: Maybe = None
    published_note: str = ""
    coded_published_note: Note | None = None
