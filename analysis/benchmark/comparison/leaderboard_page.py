"""A leaderboard as a static page beside its Markdown: a folder that works from files."""

from pathlib import Path
from typing import Any

from ...presentation.assets import FIRST_SCRIPT, STATIC, STYLES, TOKENS
from ...presentation.report_folder import ReportFolder
from ..panels.registry import TEMPLATES, render
from .leaderboard import Board, Leaderboard
from .leaderboard_text import board_note, board_rows, facts, heading, markdown

_SCRIPTS = ("cells.js", "tables.js")


def write_leaderboard(board: Leaderboard, out: Path) -> Path:
    """Write ``leaderboard.html`` and ``leaderboard.md`` into ``out``; the page's path.

    Raises:
        UserError: if ``out`` is a file or holds other files.
    """
    folder = ReportFolder(out)
    files = [TOKENS, *(STATIC / name for name in (*STYLES, FIRST_SCRIPT, *_SCRIPTS))]
    files.append(TEMPLATES / "leaderboard.css")
    assets = {path.name: folder.hashed(f"assets/{path.name}", path.read_bytes()) for path in files}
    folder.text("leaderboard.md", markdown(board))
    html = render(
        "leaderboard.html",
        root="",
        assets=assets,
        styles=[assets["leaderboard.css"]],
        scripts=[assets[name] for name in _SCRIPTS],
        simulated=board.simulated,
        facts=facts(board),
        boards=[_view(one) for one in board.boards],
        notes=board.notes,
    )
    folder.text("leaderboard.html", html)
    folder.finish()
    return folder.path / "leaderboard.html"


def _view(board: Board) -> dict[str, Any]:
    ranks = {one.system: one for one in board.ranking.ranks}
    rows = []
    for span, name, run, mean, chance in board_rows(board):
        one = ranks.get(name)
        rows.append(
            {
                "name": name,
                "rank": span,
                "run": run,
                "mean": mean,
                "chance": chance,
                "low": None if one is None else one.low,
                "high": None if one is None else one.high,
                "first": one is not None and one.first,
            }
        )
    return {
        "heading": heading(board),
        "note": board_note(board),
        "count": len(ranks),
        "rows": rows,
    }
