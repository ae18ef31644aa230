"""How an analysis of ratings shows itself in a notebook: findings, tables, intervals, players."""

from ...models.audio.files import info, read
from ...models.errors import UserError
from ...models.roles import Role
from ..presentation import notebook
from ..presentation.estimate import Estimate
from ..presentation.looks import looks
from ..presentation.numbers import number_format, p_equals
from .analyse import Analysed
from .report.words.sentences import finding
from .result.document import AnalysisOptions, QuestionResult

PLAYED_SECONDS = 6.0
MOST_PLAYED = 8
MOST_PAIRS = 40


def analysis_html(analysed: Analysed, source: str) -> str:
    """Each question's finding, means with intervals and pairs; what was heard where it is there."""
    result = analysed.result
    label = f"{result.label} ratings: " if result.label else ""
    listeners, passages = result.design.listeners, result.design.passages
    parts = []
    for one in result.every_question():
        parts += [notebook.paragraph(f"{one.question}: {finding(one)}")]
        parts += [_means(one, result.options), _pairs(one)]
    parts.append(_players(analysed))
    title = f"{label}{source}, {listeners} listeners, {passages} passages"
    return notebook.framed(title, parts)


def _means(one: QuestionResult, options: AnalysisOptions) -> str:
    rows = one.descriptives.systems
    roles: dict[str, Role] = dict.fromkeys(options.anchors, "anchor")
    if options.reference is not None:
        roles[options.reference] = "reference"
    shown = looks((row.system, roles.get(row.system, "system")) for row in rows)
    bars = [
        notebook.Bar(row.system, shown[row.system], Estimate(row.n, row.mean, row.low, row.high))
        for row in rows
    ]
    return notebook.intervals(bars, f"{one.question}: mean rating with its interval")


def _pairs(one: QuestionResult) -> str:
    pairs = one.primary.pairs[:MOST_PAIRS]
    if not pairs:
        return ""
    points = number_format([pair.mean_diff for pair in pairs])
    rows = [
        (
            f"{pair.group1} – {pair.group2}",
            points(pair.mean_diff, signed=True),
            f"{points(pair.low, signed=True)} to {points(pair.high, signed=True)}",
            "–" if pair.p_adj is None else p_equals(pair.p_adj),
            str(pair.verdict or ""),
        )
        for pair in pairs
    ]
    more = len(one.primary.pairs) - len(pairs)
    rest = notebook.paragraph(f"{more} more pairs are in the report.") if more else ""
    header = ("pair", "difference", "interval", "p, adjusted", "verdict")
    return notebook.table(header, rows) + rest


def _players(analysed: Analysed) -> str:
    """What was heard of the first passage: the study's own stimuli, at their own level."""
    stimuli, ratings = analysed.stimuli, analysed.file.ratings
    rows: list[tuple[str, str]] = []
    for passage in ratings.passages:
        for system in ratings.systems:
            path = stimuli.get((passage, system))
            try:
                if path is None or len(rows) >= MOST_PLAYED:
                    continue
                rate = info(path).sample_rate
                audio, _ = read(path, samples=round(PLAYED_SECONDS * rate))
            except UserError:
                continue  # stimuli may be gone; the ratings stay
            label = f"{passage}, {system}"
            rows.append((label, notebook.player(audio.numpy(), rate, label)))
        if rows:
            break
    note = f"What was heard: the first {PLAYED_SECONDS:g} s, as listeners had it, but as MP3."
    return notebook.players(rows, note)
