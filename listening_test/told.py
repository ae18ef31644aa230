"""What a browser is told of a session and tells of it, as types: for listeners who are programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .kinds import Question, Rules
from .kinds.pages import Shown


@dataclass(frozen=True)
class ToldStimulus:
    """A stimulus on a page, by its token; ``role`` is what the listener knows of it."""

    id: str
    label: str
    url: str
    role: Shown


@dataclass(frozen=True)
class ToldPage:
    """A page of stimuli to rate, with its questions as its kind made them."""

    number: int
    kind: str
    revision: int
    comments: str
    rules: Rules
    stimuli: tuple[ToldStimulus, ...]
    questions: tuple[Question, ...]

    @property
    def rated(self) -> tuple[ToldStimulus, ...]:
        """The stimuli that are rated, which the open reference is not."""
        return tuple(one for one in self.stimuli if one.role == "stimulus")


@dataclass(frozen=True)
class ToldSound:
    """A sound of the volume step or of the headphone test, by its name there."""

    id: str
    url: str


@dataclass(frozen=True)
class ToldAsk:
    """A question of a questionnaire; ``options`` are the values of its choices."""

    id: str
    type: str
    options: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    step: float | None


@dataclass(frozen=True)
class ToldStep:
    """A step of a session, with what its type has: a page, sounds, questions."""

    id: str
    type: str
    page: ToldPage | None = None
    sides: tuple[ToldSound, ...] = ()
    trials: tuple[ToldSound, ...] = ()
    asks: tuple[ToldAsk, ...] = ()

    @property
    def last(self) -> bool:
        """Whether nothing follows."""
        return self.type in ("thanks", "withdrawn")


@dataclass(frozen=True)
class SentEvent:
    """Something that a listener does on a page, as it is sent: once, in its order."""

    id: str
    seq: int
    at_ms: float
    type: str
    page: int
    stimulus: str | None = None
    question: str | None = None
    value: float | str | None = None

    def as_json(self) -> dict[str, Any]:
        """The event without what it lacks."""
        return {name: value for name, value in vars(self).items() if value is not None}


def step_of(told: Mapping[str, Any]) -> ToldStep:
    """A step as the server says it."""
    return ToldStep(
        id=told["id"],
        type=told["type"],
        page=_page(told) if told["type"] == "page" else None,
        sides=_sounds(told.get("sides", ())),
        trials=_sounds(told.get("trials", ())),
        asks=_asks(told["questions"]) if told["type"] == "questionnaire" else (),
    )


def _page(told: Mapping[str, Any]) -> ToldPage:
    labels = {one["id"]: one["label"] for one in told["stimuli"]}
    return ToldPage(
        number=told["number"],
        kind=told["kind"],
        revision=told["revision"],
        comments=told["comments"],
        rules=Rules(**told["rules"]),
        stimuli=tuple(
            ToldStimulus(one["id"], one["label"], one["url"], one["role"])
            for one in told["stimuli"]
        ),
        questions=tuple(_question(one, labels) for one in told["questions"]),
    )


def _sounds(told: Any) -> tuple[ToldSound, ...]:
    return tuple(ToldSound(one["id"], one["url"]) for one in told)


def _asks(told: Any) -> tuple[ToldAsk, ...]:
    return tuple(
        ToldAsk(
            id=one["id"],
            type=one["type"],
            options=tuple(option["value"] for option in one["options"]),
            minimum=one["minimum"],
            maximum=one["maximum"],
            step=one["step"],
        )
        for one in told
    )


def _question(told: Mapping[str, Any], labels: Mapping[str, str]) -> Question:
    """A page's question as its kind made it; ``labels`` are those of the stimuli by token."""
    scale = told["scale"]
    return Question(
        id=told["id"],
        name=told["name"],
        per=told["per"],
        input=told["input"],
        left=told["left"],
        right=told["right"],
        minimum=scale["minimum"],
        maximum=scale["maximum"],
        step=scale["step"],
        labels=tuple(scale["labels"]),
        options=tuple(
            (one["value"], one["label"], labels.get(one["stimulus"])) for one in told["options"]
        ),
    )
