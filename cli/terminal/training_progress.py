"""Shows a training's progress, and turns Ctrl-C into a stop after the current step."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class TrainingProgress:
    """A :class:`~earmark.models.training.train.TrainingWatch` that writes to the terminal."""

    def __init__(self) -> None:
        self.console = Console()
        self._bars = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._songs = self._bars.add_task("songs", total=None, note="", visible=False)
        self._steps = self._bars.add_task("training", total=None, note="", visible=False)

    def __enter__(self) -> "TrainingProgress":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def songs(self, done: int, total: int) -> None:
        """So many demo songs are made."""
        self._bars.update(self._songs, total=total, completed=done, visible=True)

    def started(self, step: int, steps: int, songs: str) -> None:
        """Training begins at ``step``."""
        self.console.print(f"Songs: {songs}", soft_wrap=True, highlight=False)
        if step:
            self.console.print(f"Going on from step {step}", highlight=False)
        self._bars.update(self._steps, total=steps, completed=step, visible=True)

    def step(self, step: int, losses: dict[str, float]) -> None:
        """A step is done."""
        note = f"loss {losses['loss']:.3f}  learning rate {losses['learning_rate']:.1e}"
        self._bars.update(self._steps, completed=step, note=note)

    def validated(self, step: int, values: dict[str, float]) -> None:
        """The validation songs were rendered; at step 0 they are as they were."""
        what = f"step {step}" if step else "unprocessed"
        self.console.print(
            f"validation, {what}: loss {values['loss']:.4f}, MR-STFT {values['mrstft']:.4f}, "
            f"L1 {values['l1']:.4f}, loudness error {values['loudness']:.2f} dB",
            soft_wrap=True,
            highlight=False,
        )


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed; the first press is only noted, a second one interrupts."""
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            signal.default_int_handler(number, frame)
        pressed = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
