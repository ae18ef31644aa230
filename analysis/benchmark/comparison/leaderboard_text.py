"""A leaderboard as Markdown, for a terminal, a README or a wiki."""

from ...presentation.numbers import NONE, number_format
from ..result.finding import listed
from .leaderboard import Board, Leaderboard

HEADER = ("rank", "system", "run", "mean", "chance to be best")


def markdown(board: Leaderboard) -> str:
    """A heading, a table and its notes for each metric."""
    parts = [f"# Leaderboard\n\n{facts(board)}"]
    for one in board.boards:
        rows = [list(HEADER), ["---:", "---", "---", "---:", "---:"]]
        rows[0][3] = f"mean {heading(one)}"
        rows += board_rows(one)
        table = "\n".join(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows)
        parts.append(f"## {_cell(heading(one))}\n\n{table}\n\n{board_note(one)}")
    parts += [f"Left out: {'; '.join(board.notes)}."] if board.notes else []
    return "\n\n".join(parts) + "\n"


def heading(board: Board) -> str:
    """The metric with variant and direction."""
    variant = f" {board.variant}" if len(board.column.variants) > 1 else ""
    return f"{board.column.label}{variant} {board.column.arrow}".strip()


def facts(board: Leaderboard) -> str:
    """How many runs and songs, and whether they are SIMULATED."""
    runs = len(board.sides)
    said = f"{_count(runs, 'run')}, {_count(board.songs, 'song')} of equal content."
    return f"SIMULATED songs. {said}" if board.simulated else said


def board_rows(board: Board) -> list[list[str]]:
    """A row per entry, the ranked first; who lacks songs has how many it has."""
    ranking = board.ranking
    show = number_format((one.mean for one in ranking.ranks), board.column.unit)
    rows = []
    for one in ranking.ranks:
        entry = board.entry(one.system)
        span = str(one.low) if one.low == one.high else f"{one.low}–{one.high}"
        rows.append([span, one.system, entry.run, show(one.mean), f"{one.chance_best:.0%}"])
    ranked = {one.system for one in ranking.ranks}
    rows += [
        [NONE, entry.name, entry.run, _count(entry.songs, "song"), NONE]
        for entry in board.entries
        if entry.name not in ranked
    ]
    return rows


def board_note(board: Board) -> str:
    """Who ties, and what the songs can tell."""
    ranking = board.ranking
    if ranking.why is not None:
        return f"No ranks: {ranking.why}."
    first = ranking.first
    if len(first) == 1:
        said = f"{first[0]} is told to be better than every other."
    else:
        said = f"{len(first)} of {len(ranking.ranks)} tie for first: {listed(first)}."
    least = ranking.tellable
    if least is not None:
        show = number_format([least.difference], board.column.unit)
        said += f" {ranking.songs} songs tell {show(least.difference)} apart."
    if board.partial:
        said += f" Not ranked, for want of songs: {listed([one.name for one in board.partial])}."
    return f"{said} Intervals of ranks hold at once (95 %)."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _cell(text: str) -> str:
    """Text that stays in its cell and is no markup."""
    for letter in "\\|*_`<>[]":
        text = text.replace(letter, f"\\{letter}")
    return " ".join(text.split())
