"""The course of a training, as curves of bounded length.

Whatever the number of steps, at most ``_MOST`` points of each curve are kept: those of the
training loss are means over blocks of steps, which double in length when there are too many.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST = 120


@dataclass
class History:
    """Curves by step: the loss and the learning rate in training, the validations.

    ``every`` is the number of steps that a point of the training curve is the mean of; ``open``
    are the steps of the last, unfinished block, and the sum of their losses.
    """

    every: int = 1
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    validations: list[dict[str, float]] = field(default_factory=list)
    open: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def add_step(self, step: int, loss: float, rate: float) -> None:
        """A step of training was done; steps count from 1."""
        self.open = [self.open[0] + 1, self.open[1] + loss]
        if self.open[0] < self.every:
            return
        self.steps.append(step)
        self.losses.append(self.open[1] / self.open[0])
        self.rates.append(rate)
        self.open = [0.0, 0.0]
        if len(self.steps) > _MOST:
            self._halve()

    def add_validation(self, step: int, values: Mapping[str, float]) -> None:
        """The validation songs were rendered."""
        self.validations.append({"step": step, **values})
        if len(self.validations) > _MOST:
            # The last one always stays.
            self.validations = self.validations[::-2][::-1]

    def card(self) -> dict[str, Any]:
        """What a model card keeps: columns of numbers of six digits."""
        validations = self.validations
        return {
            "training": {
                "step": self.steps,
                "loss": [_short(one) for one in self.losses],
                "learning_rate": [_short(one) for one in self.rates],
            },
            "validation": {
                name: [one[name] if name == "step" else _short(one[name]) for one in validations]
                for name in (validations[0] if validations else ())
            },
        }

    def _halve(self) -> None:
        # An odd last point goes back to the block that is open.
        if len(self.steps) % 2:
            self.open = [float(self.every), self.every * self.losses.pop()]
            self.steps.pop()
            self.rates.pop()
        pairs = range(0, len(self.steps), 2)
        self.losses = [(self.losses[one] + self.losses[one + 1]) / 2 for one in pairs]
        self.steps, self.rates = self.steps[1::2], self.rates[1::2]
        self.every *= 2


def _short(value: float) -> float:
    return float(f"{value:.6g}")
