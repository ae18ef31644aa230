"""The design of an experiment: who rated what, and over what results can be generalised."""

from ...result.parts import ResultPart
from .names import DesignKind, Inference, Scope
from .notes import Note

SCOPES = (Scope.PASSAGES, Scope.MUSIC)


class Allowed(ResultPart):
    """Whether an inference may be drawn, and why or why not."""

    inference: Inference
    allowed: bool
    reason: str
    coded_reason: Note | None = None


class Design(ResultPart):
    """Counts, names and kind of one question's ratings of the systems under test.

    ``replicates`` is the least and the greatest number of ratings in a cell that has any.
    ``missing`` counts cells without a rating; ``expected`` all cells. ``set_aside`` names the
    reference and the anchors, ``per_listener`` counts ratings in the order of ``listener_names``.
    """

    kind: DesignKind
    listeners: int
    passages: int
    systems: int
    ratings: int
    complete: bool
    balanced: bool
    replicates: tuple[int, int]
    expected: int
    missing: int
    dependent: bool
    allows: tuple[Allowed, ...]
    questions: int
    system_names: tuple[str, ...]
    passage_names: tuple[str, ...]
    listener_names: tuple[str, ...]
    set_aside: tuple[str, ...]
    per_listener: tuple[int, ...]

    def permits(self, inference: Inference) -> bool:
        """Whether ``inference`` is allowed."""
        return any(entry.inference is inference and entry.allowed for entry in self.allows)

    def why(self, inference: Inference) -> Note:
        """Why ``inference`` is allowed or not.

        Raises:
            LookupError: where the design says nothing of it, or is of a version without codes.
        """
        for entry in self.allows:
            if entry.inference is inference and entry.coded_reason is not None:
                return entry.coded_reason
        raise LookupError(f"the design gives no reason for inference over {inference}")
