"""What a made study shows: its written files, the sessions it draws, the pages it sends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..export.ratings import TidyRow
from ..kinds import part_of, rated
from ..session.balance import Uses
from ..session.draws import DrawnPage, draw_pages
from ..study.orders import generator
from ..study.study import REFERENCE, Stimulus, Study, StudyFolder

SESSIONS = 200
Samples = NDArray[np.float64]
Steps = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Trial:
    """The steps that were sent, as the browser gets them, and the ratings that are exported.

    ``refused`` are the rules that the server was seen to hold when a page was to be left as it
    came, with nothing played or rated.
    """

    steps: Steps
    rows: tuple[TidyRow, ...]
    refused: frozenset[str]

    @property
    def pages(self) -> Steps:
        """The pages of the test, practice left out."""
        return tuple(step for step in self.steps if step["type"] == "page" and not step["practice"])


TakeTrials = Callable[[Study, StudyFolder], Mapping[str, Trial]]


@dataclass
class StudyEvidence:
    """The study of ``folder``, and what was measured on it, each thing once.

    ``take_trials`` lets a SIMULATED listener take it in each language. Of a sequence, ``study`` is
    one block and ``whole`` is all of it.
    """

    study: Study
    folder: StudyFolder
    take_trials: TakeTrials
    whole: Study | None = None
    _kept: dict[str, Samples] = field(default_factory=dict, repr=False)
    _passage: str = ""

    def samples(self, stimulus: Stimulus) -> Samples:
        """A written file, ``(samples, channels)``; the files of one passage stay in memory."""
        if stimulus.passage != self._passage:
            self._kept.clear()
            self._passage = stimulus.passage
        if stimulus.token not in self._kept:
            path = self.folder.stimulus(stimulus.token, self.study.container)
            self._kept[stimulus.token] = soundfile.read(path, always_2d=True, dtype="float64")[0]
        return self._kept[stimulus.token]

    def copies(self, passage: str, system: str) -> list[Stimulus]:
        """Every file of a version of a passage, that of its first page first."""
        return [one for one in self.study.stimuli if (one.passage, one.system) == (passage, system)]

    def reference(self, passage: str) -> Stimulus:
        """The file of the open reference."""
        return self.study.stimulus(passage, REFERENCE, "open")

    def first(self, passage: str, system: str) -> Stimulus:
        """The file of a version on the page that counts."""
        return self.study.stimulus(passage, system, "main")

    @property
    def graded(self) -> tuple[str, ...]:
        """The signals that are graded, the hidden reference and anchors among them."""
        return rated(self.study)

    @cached_property
    def sessions(self) -> tuple[tuple[DrawnPage, ...], ...]:
        """The pages of ``SESSIONS`` listeners, one after another as they would come."""
        uses, found = Uses(), []
        for number in range(SESSIONS):
            draw = generator(self.study.seed, "conformance", number)
            drawn = tuple(draw_pages(self.whole or self.study, uses, number, draw))
            for page in drawn:
                if page.part == "main" and not page.repeat:
                    uses.add(page.unit.key, page.turn, 1)
            found.append(tuple(page for page in drawn if self._mine(page)))
        return tuple(found)

    @cached_property
    def trials(self) -> Mapping[str, Trial]:
        """What a SIMULATED listener was sent in each language of the study."""
        taken = self.take_trials(self.whole or self.study, self.folder)
        return {code: self._of_block(trial) for code, trial in taken.items()}

    def _mine(self, page: DrawnPage) -> bool:
        """Whether a page is of this block, or of the training for it."""
        if page.unit.block == self.study.block or self.whole is None:
            return True
        return page.part == "training" and self._kind_of(page) == self.study.test.kind

    def _kind_of(self, page: DrawnPage) -> str:
        return part_of(self.whole or self.study, page.unit.block).test.kind

    def _of_block(self, trial: Trial) -> Trial:
        if self.whole is None:
            return trial
        kind = self.study.test.kind
        steps = [one for one in trial.steps if one["type"] != "page" or one["kind"] == kind]
        rows = [row for row in trial.rows if row.block == self.study.block]
        return replace(trial, steps=tuple(steps), rows=tuple(rows))
