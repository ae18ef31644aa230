"""How an analysis of ratings shows itself in a notebook: findings, tables, intervals, players."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...models.audio.files import info, read
from ...models.errors import UserError
from ..presentation import notebook
from ..presentation.estimate import Estimate
from ..presentation.looks import looks
from ..presentation.numbers import number_format
from .report.sentences import finding
from .report.table import p_equals

if TYPE_CHECKING:
    from .in_code import RatingsAnalysis

PLAYED_SECONDS = 6.0
MOST_PLAYED = 8
MOST_PAIRS = 40


def analysis_html(analysis: "RatingsAnalysis") -> str:
    """Each question's finding, means with intervals and pairs; what was heard where it is there."""
    data = analysis.data
    label = f"{data['label']} ratings: " if data["label"] else ""
    design = data["design"]
    title = (
        f"{label}{analysis.source}, {design['listeners']} listeners, {design['passages']} passages"
    )
    parts = []
    for block in analysis.blocks():
        parts += [notebook.paragraph(f"{block['question']}: {finding(block)}")]
        parts += [_means(block, data["options"]), _pairs(block)]
    parts.append(_players(analysis))
    return notebook.framed(title, parts)


def _means(block: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    rows = block["descriptives"]["systems"]
    roles = dict.fromkeys(options["anchors"], "anchor")
    if options["reference"] is not None:
        roles[options["reference"]] = "reference"
    shown = looks((row["system"], roles.get(row["system"], "system")) for row in rows)
    bars = [
        notebook.Bar(
            row["system"],
            shown[row["system"]],
            Estimate(row["n"], row["mean"], row["low"], row["high"]),
        )
        for row in rows
    ]
    return notebook.intervals(bars, f"{block['question']}: mean rating with its interval")


def _pairs(block: Mapping[str, Any]) -> str:
    pairs = block["primary"]["pairs"][:MOST_PAIRS]
    if not pairs:
        return ""
    points = number_format([pair["mean_diff"] for pair in pairs])
    rows = [
        (
            f"{pair['group1']} – {pair['group2']}",
            points(pair["mean_diff"], signed=True),
            f"{points(pair['low'], signed=True)} to {points(pair['high'], signed=True)}",
            "–" if pair["p_adj"] is None else p_equals(pair["p_adj"]),
            str(pair["verdict"] or ""),
        )
        for pair in pairs
    ]
    more = len(block["primary"]["pairs"]) - len(pairs)
    rest = notebook.paragraph(f"{more} more pairs are in the report.") if more else ""
    header = ("pair", "difference", "interval", "p, adjusted", "verdict")
    return notebook.table(header, rows) + rest


def _players(analysis: "RatingsAnalysis") -> str:
    """What was heard of the first passage: the study's own stimuli, at their own level."""
    stimuli = analysis.analysed.stimuli
    ratings = analysis.analysed.file.ratings
    rows = []
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
