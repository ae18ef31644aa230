"""The headline table as LaTeX and as Markdown: names escaped, numbers as the report shows them."""

import re
from collections.abc import Callable

from ...presentation.latex_text import escaped as latex_escaped
from ...presentation.latex_text import table_row
from .headline_table import HeadlineTable, TableCell

_WIDE = 5
# What Markdown could take for markup within a line: nothing of ours begins a line with a name.
_MARKUP = re.compile(r"([\\`*_\[<>|~$&])")


def latex_text(table: HeadlineTable) -> str:
    """A ``table`` for ``\\usepackage{booktabs,graphicx}``; wide ones are scaled to the text width.

    The label is ``tab:`` and the benchmark's name.
    """
    align = "".join("r" if column.number else "l" for column in table.columns)
    wide = len(table.columns) > _WIDE
    label = re.sub(r"[^A-Za-z0-9]+", "-", table.name).strip("-") or "benchmark"
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex_escaped(table.caption)}}}",
        rf"\label{{tab:{label}}}",
        *([r"\resizebox{\textwidth}{!}{%"] if wide else []),
        rf"\begin{{tabular}}{{{align}}}",
        r"\toprule",
        table_row([latex_escaped(column.heading) for column in table.columns]),
        r"\midrule",
        *(table_row([_latex_cell(cell) for cell in row]) for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}" + ("}" if wide else ""),
        *_latex_notes(table),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def markdown_text(table: HeadlineTable) -> str:
    """A pipe table, as GitHub shows it, between its caption and its notes."""
    lines = [f"**{markdown_escaped(table.caption)}**", ""]
    lines.append(_pipes([column.heading for column in table.columns], markdown_escaped))
    lines.append(f"|{'|'.join('---:' if column.number else ':---' for column in table.columns)}|")
    lines += [f"| {' | '.join(_markdown_cell(cell) for cell in row)} |" for row in table.rows]
    lines += ["", *(markdown_escaped(note) for note in table.notes)]
    return "\n".join(lines) + "\n"


def markdown_escaped(text: str) -> str:
    """``text`` that Markdown shows as it is, on one line."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _latex_cell(cell: TableCell) -> str:
    text = latex_escaped(cell.text)
    return rf"\textbf{{{text}}}" if cell.strong else text


def _latex_notes(table: HeadlineTable) -> list[str]:
    if not table.notes:
        return []
    return [
        r"\par\smallskip",
        r"\begin{minipage}{\textwidth}\footnotesize",
        *(latex_escaped(note) for note in table.notes),
        r"\end{minipage}",
    ]


def _markdown_cell(cell: TableCell) -> str:
    text = markdown_escaped(cell.text)
    return f"**{text}**" if cell.strong and text else text


def _pipes(cells: list[str], show: Callable[[str], str]) -> str:
    return f"| {' | '.join(show(cell) for cell in cells)} |"
