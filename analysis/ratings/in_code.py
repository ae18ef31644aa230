"""Analyses ratings from a program: a file, a study, a DataFrame; the result shows itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from ...evaluation.results.provenance import command_line
from ...models.errors import UserError
from .analyse import Analysed, Asked, analysed, read, write_analysed
from .notebook import analysis_html
from .reading.files import RatingsFile, Reading
from .reading.frames import marked_simulated, read_source, roles
from .reading.study_folder import is_study
from .report.words.sentences import finding
from .result.document import RatingsResult


@dataclass(frozen=True)
class RatingsAnalysis:
    """What an analysis of ratings found; in a notebook it shows findings, tables and figures.

    ``source`` says where the ratings are from.
    """

    analysed: Analysed
    source: str

    @property
    def result(self) -> RatingsResult:
        """The whole result, with a name for everything that ``result.json`` holds."""
        return self.analysed.result

    @property
    def finding(self) -> str:
        """What was found, a line for each question."""
        every = self.result.every_question()
        if len(every) == 1:
            return finding(every[0])
        return "\n".join(f"{one.question}: {finding(one)}" for one in every)

    def pairs(self) -> pd.DataFrame:
        """A row per question and pair: difference, interval, p as adjusted, verdict, effect."""
        return self.result.pairs()

    def systems(self) -> pd.DataFrame:
        """A row per question and system: mean with its interval, median, spread, counts."""
        return self.result.systems()

    def report(self, out: Path | str) -> Path:
        """Write the significance report and its tables into a folder; the path of the report."""
        return write_report(self, out)

    def __repr__(self) -> str:
        label = f"{self.result.label} " if self.result.label else ""
        return f"<{label}RatingsAnalysis of {self.source}: {self.finding}>"

    def _repr_html_(self) -> str:
        return analysis_html(self.analysed, self.source)


def analyse(
    ratings: Path | str | pd.DataFrame | RatingsFile,
    *,
    question: str | None = None,
    reference: str | None = None,
    anchors: Sequence[str] | None = None,
    mid_anchor: str | None = None,
    exclude: str | Sequence[str] | None = None,
    baseline: str | None = None,
    reference_master: str | None = None,
    genres: Path | str | None = None,
    scope: Literal["auto", "passages", "music"] | None = None,
    adjust: str | None = None,
    alpha: float | None = None,
    margin: float | None = None,
    seed: int = 0,
    abx: bool = False,
    columns: Mapping[str, str] | None = None,
    scale: tuple[float, float] | None = None,
    sessions: Literal["real", "pilot", "simulated"] = "real",
    block: str | None = None,
) -> RatingsAnalysis:
    """Test ratings for differences between systems.

    Args:
        ratings: a file of any tool, a study's export or folder, a DataFrame with one rating per
            row, or what :func:`read_ratings` gave.
        question: analyse this one alone.
        reference: the hidden reference, which screens listeners and is not tested.
        anchors: the anchors, as the reference.
        mid_anchor: which of the anchors the second rule of BS.1534 is about.
        exclude: rules by which listeners are excluded, ``bs1534`` by default; ``nobody``, or rules
            such as ``anchor >= 20 on more than 60% of pages``.
        baseline: compare every other system with this one.
        reference_master: the human master among what was rated, which every system is held against.
        genres: a CSV file with the columns ``id`` (a passage) and ``genre``.
        scope: what results hold for: ``passages`` (these) or ``music`` (like these).
        adjust: for several comparisons; ``holm`` unless the study declared another.
        alpha: level of the tests; 0.05 unless the study declared another.
        margin: differences within this many points count as equivalent.
        seed: of resampling and permutation.
        abx: whether ratings are right (1) or wrong (0) answers.
        columns: as :func:`read_ratings`; not for a study.
        scale: as :func:`read_ratings`.
        sessions: of a study, which sort counts; else ``simulated`` marks everything so.
        block: of a study that is a sequence, whose block of pages is analysed.

    Raises:
        UserError: for ratings that cannot be read, or options that do not fit them.
    """
    if sessions not in ("real", "pilot", "simulated"):
        raise UserError(f"sessions {sessions!r} is unknown; choose from real, pilot, simulated")
    asked = Asked(
        only=question,
        reference=reference,
        anchors=None if anchors is None else _names(anchors),
        mid_anchor=mid_anchor,
        exclude=None if exclude is None else _names(exclude),
        baseline=baseline,
        reference_master=reference_master,
        genres=None if genres is None else Path(genres),
        scope=scope,
        adjust=adjust,
        alpha=None if alpha is None else float(alpha),
        margin=None if margin is None else float(margin),
        seed=int(seed),
        abx=bool(abx),
        scale=scale,
        pilot=sessions == "pilot",
        simulated=sessions == "simulated",
        block=block,
    )
    if isinstance(ratings, str | Path) and (is_study(Path(ratings)) or Path(ratings).is_dir()):
        return RatingsAnalysis(
            analysed(*read(Path(ratings), columns or {}, asked), asked), str(ratings)
        )
    if sessions == "pilot":
        raise UserError("sessions='pilot' chooses sessions of a study, which this is not")
    if block:
        raise UserError("block chooses a block of a study's folder, which this is not")
    if isinstance(ratings, RatingsFile):
        if columns or scale:
            raise UserError("columns and scale belong to read_ratings, which has read these")
        file = ratings
    else:
        file = read_source(ratings, Reading(columns=roles(columns), scale=scale))
    if sessions == "simulated":
        file = marked_simulated(file)
    source = str(ratings) if isinstance(ratings, str | Path) else file.name
    return RatingsAnalysis(analysed(None, file, asked), source)


def write_report(analysis: RatingsAnalysis, out: Path | str) -> Path:
    """Write the significance report of an analysis; the path of its ``report.html``.

    Beside it: ``result.json``, the tables as CSV and LaTeX, the sentences.

    Raises:
        UserError: if the folder cannot be written.
    """
    origin = (Path(analysis.source), command_line())
    return write_analysed(analysis.analysed, Path(out), origin)


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
