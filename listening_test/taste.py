"""What simulated listeners think of systems: a worth that all hear, and each one's own taste."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from .study.orders import generator
from .study.study import Study


@dataclass(frozen=True)
class Taste:
    """How a simulated listener rates: all in points of a scale of 100, but for the chances."""

    quality: Mapping[str, float]
    bias: float
    stretch: float
    own: Mapping[str, float]
    noise: float
    lazy: float
    faulty: float

    def of(self, system: str, draw: random.Random) -> float:
        """What the listener thinks of a system this time."""
        felt = 50 + self.stretch * (self.quality[system] - 50) + self.own[system] + self.bias
        return min(max(felt + draw.gauss(0, self.noise), 0.0), 100.0)


@dataclass(frozen=True)
class Feeling:
    """What a listener of this taste thinks of systems, drawn anew each time."""

    taste: Taste
    draw: random.Random

    def __call__(self, system: str) -> float:
        if self.draw.random() < self.taste.lazy:
            return self.draw.uniform(45, 55)
        return self.taste.of(system, self.draw)

    def worth(self, system: str) -> float:
        return self.taste.quality[system]


def taste(study: Study, draw: random.Random, quality: Mapping[str, float]) -> Taste:
    """One listener's taste, drawn around what everybody hears."""
    return Taste(
        quality=quality,
        bias=draw.gauss(0, 5),
        stretch=max(draw.gauss(1, 0.15), 0.3),
        own={name: draw.gauss(0, 6) for name in study.systems},
        noise=draw.uniform(4, 12),
        lazy=0.8 if draw.random() < 0.1 else 0.02,
        faulty=0.15,
    )


def qualities(study: Study, seed: int) -> dict[str, float]:
    """What systems are worth in a simulation: drawn; anchors low, a reference high."""
    draw = generator(seed, "quality", study.id)
    fixed = {"anchor": (15.0, 30.0), "reference": (80.0, 95.0)}
    return {
        name: draw.uniform(*fixed.get(role, (30.0, 80.0))) for name, role in study.systems.items()
    }
