"""A system under examination: it hears a signal through the runner, each signal once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from ...models.errors import OutputError, UserError
from ...models.rendering import runner
from ...models.rendering.runner import Output
from ...models.systems.contract import Material, Spec, System
from .signals import PINK, pink
from .timing import Heard

USUAL_RATE = 44_100
_SECONDS = 2.0
# Longer contexts would make the examination longer than the benchmark.
_LONGEST_CONTEXT = 8 * USUAL_RATE


class UnheardError(Exception):
    """The system gave nothing for a signal; the text is why, in one line."""


class WrongOutputError(UnheardError):
    """It gave something that is no render: another length or shape, values that are not finite."""


@dataclass
class Patient:
    """``system`` on ``device``; what was heard is kept by signal, length and level."""

    system: System
    device: str = "cpu"
    _heard: dict[tuple[Any, ...], Tensor] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> Spec:
        """What the system says of itself."""
        return self.system.spec

    @property
    def rate(self) -> int:
        """The rate that it works at, or a usual one."""
        return self.spec.sample_rate or USUAL_RATE

    @property
    def edge(self) -> int:
        """Samples at either end that depend on what lies beyond it; not judged."""
        return min(max(self.spec.left, self.spec.right, self.rate // 50), _LONGEST_CONTEXT)

    @property
    def samples(self) -> int:
        """The length of the usual signal: two seconds and the context on either side."""
        return round(_SECONDS * self.rate) + 2 * self.edge

    def pink(self, level_dbfs: float = -20.0) -> Heard:
        """Pink noise through the system, without the edges.

        Raises:
            UnheardError: if nothing came out.
        """
        given = pink(self.samples, self.rate, level_dbfs)
        output = self.hear(given, (PINK, level_dbfs))
        return self.judged(output, given, PINK)

    def judged(self, output: Tensor, given: Tensor, signal: str) -> Heard:
        """An output beside its input, without the edges."""
        inner = slice(self.edge, given.shape[-1] - self.edge)
        return Heard(output[:, inner], given[:, inner], self.rate, signal)

    def hear(
        self, audio: Tensor, key: tuple[Any, ...] = (), *, rate: int | None = None, **how: Any
    ) -> Tensor:
        """The output for ``(channels, samples)``; kept under ``key`` where one is given.

        Raises:
            UnheardError: if nothing came out, with the reason.
        """
        if key and key in self._heard:
            return self._heard[key]
        found = self.output(audio, rate=rate, **how).audio
        if key:
            self._heard[key] = found
        return found

    def output(self, audio: Tensor, *, rate: int | None = None, **how: Any) -> Output:
        """As :meth:`hear`, always anew, with all that the runner says of it."""
        try:
            found = runner.run(
                self.system, self.material(audio, rate or self.rate), None, self.device, **how
            )
        except OutputError as error:
            raise WrongOutputError(_bare(error)) from None
        except UserError as error:
            raise UnheardError(_bare(error)) from None
        except Exception as error:  # a user's network or program may raise anything
            text = " ".join(str(error).split())
            raise UnheardError(f"{type(error).__name__}: {text}") from None
        self.notes |= dict(found.notes)
        return found

    def material(self, audio: Tensor, rate: int) -> Material:
        """The song that ``audio`` is: as two stems that add up to it, as its own reference."""
        reference = audio if self.spec.uses_reference else None
        if self.spec.input == "stems":
            audio = torch.stack([0.5 * audio, 0.5 * audio])
        return Material(audio, rate, reference, label="examination")

    def in_one_call(self) -> "Patient":
        """The same system, given each song in one piece."""
        return Patient(_InOneCall(self.system), self.device)


class _InOneCall:
    """A system whose blocks are the whole song, for comparison with what chunks give."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.spec = replace(system.spec, mode="whole")

    def prepare(self, material: Material, controls: Mapping[str, float]) -> Any:
        return self._system.prepare(material, controls)

    def render(self, block: Tensor, state: Any) -> Tensor:
        spec = self._system.spec
        if spec.mode == "context":
            block = torch.nn.functional.pad(block, (spec.left, spec.right))
        return self._system.render(block, state)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._system, name)


def _bare(error: UserError) -> str:
    """The message without the runner's name of the song."""
    text = " ".join(str(error).split())
    _, found, rest = text.partition("song 'examination': ")
    return rest if found else text
