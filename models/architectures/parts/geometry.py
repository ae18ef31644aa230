"""How the output samples of a network depend on its input samples."""

from dataclasses import dataclass

from ...systems.contract import Mode


@dataclass(frozen=True)
class Geometry:
    """How a network's output samples depend on its input samples; the words of ``Spec``."""

    mode: Mode
    left: int = 0
    right: int = 0
    stride: int = 1
    minimum: int = 1
    delay: int = 0
    window: int = 0
