"""Shows a run's progress: a bar with rate and time left on a terminal, plain lines elsewhere."""

from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """Units per second, or seconds per unit where that reads better."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed or speed > 1000:
            # Units that were counted at once have no rate.
            return Text("")
        return Text(f"{speed:.1f}/s" if speed >= 1 else f"{1 / speed:.1f} s each")


class RunProgress:
    """A :class:`~earmark.evaluation.run.run.Watch` that writes to the terminal."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bars = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[unit]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._stage = ""
        self._total = 0
        self._done = 0
        self._failed = 0

    def __enter__(self) -> "RunProgress":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._close()
        self._bars.stop()

    def stage(self, name: str, total: int, done: int) -> None:
        """A stage begins: ``total`` units, of which ``done`` need no work."""
        self._close()
        self._stage, self._total, self._done, self._failed = name, total, done, 0
        self._present = done
        self._bar = self._bars.add_task(name, total=total, completed=done, unit="")

    def step(self, label: str, failure: str) -> None:
        """A unit is ready; ``failure`` is empty, or the reason why it could not be done."""
        self._done += 1
        self._bars.update(self._bar, advance=1, unit=escape(label))
        if failure:
            self._failed += 1
            self.console.print(
                f"[red]failed[/red] {escape(label)}: {escape(failure)}", soft_wrap=True
            )

    def tell(self, line: str) -> None:
        """What is worth knowing before a stage begins."""
        self._close()
        self.console.print(f"[yellow]note[/yellow] {escape(line)}", soft_wrap=True)

    def counted(self, name: str) -> Callable[[int, int], None]:
        """A stage whose units are only counted: called with (done, total) after each."""

        def advance(done: int, total: int) -> None:
            if self._stage != name:
                self.stage(name, total, 0)
            while self._done < done:
                self.step("", "")

        return advance

    def _close(self) -> None:
        if not self._stage:
            return
        self._bars.update(self._bar, unit="")
        if not self.console.is_terminal:
            new = self._done - self._present - self._failed
            words = [f"{new} done", f"{self._present} already there"]
            if self._failed:
                words.append(f"{self._failed} failed")
            self.console.print(f"{self._stage}: {', '.join(words)} (of {self._total})")
        self._stage = ""
