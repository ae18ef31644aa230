"""Text and rows of tables as LaTeX prints them, with pdfLaTeX as with its successors."""

import re
from collections.abc import Sequence

# No text holds it: control characters are escaped to spaces.
_DASH = "\0"
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    # Without the font encoding T1, LaTeX prints a dash for it.
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "−": r"$-$",
    "–": _DASH,
    "±": r"$\pm$",
    "×": r"$\times$",
    "²": r"$^2$",
    "³": r"$^3$",
    "·": r"$\cdot$",
    "′": r"$'$",
    "√": r"$\surd$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "→": r"$\rightarrow$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "\n": " ",
}
_GREEK = dict(
    zip(
        "αβγδεηλμρστφχΔΣΦΩ",
        (
            *("alpha", "beta", "gamma", "delta", "varepsilon", "eta", "lambda", "mu", "rho"),
            *("sigma", "tau", "phi", "chi", "Delta", "Sigma", "Phi", "Omega"),
        ),
        strict=True,
    )
)
# What pdfLaTeX prints without packages: Latin-1 and Latin Extended-A but for letters that need
# another font encoding, and typographic signs.
_NEEDS_T1 = frozenset("«»ÐÞðþĄąĐđĘęĦħĮįĸĿŀŉŊŋŦŧŲųſ")
_SIGNS = frozenset("‘’“”—…†‡•€™")


def escaped(text: str) -> str:
    """``text`` as LaTeX prints it.

    Letters that pdfLaTeX lacks appear as their code point (U+65E5) there, and as themselves with
    XeLaTeX or LuaLaTeX and a font that holds them.
    """
    # Two hyphens in a row would become a dash.
    plain = "".join(_letter(letter) for letter in text)
    return re.sub("-(?=-)", "-{}", plain).replace(_DASH, "--")


def table_row(cells: Sequence[str]) -> str:
    """A row of a table of cells that are LaTeX already."""
    line = " & ".join(cells)
    # After the end of the row before, a bracket or a star would be taken for its option.
    return ("{}" if line.startswith(("[", "*")) else "") + line + r" \\"


def _letter(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter in _GREEK:
        return rf"$\{_GREEK[letter]}$"
    code = ord(letter)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return " "
    if code < 0x7F or (code < 0x180 and letter not in _NEEDS_T1) or letter in _SIGNS:
        return letter
    return rf'\ifdefined\Uchar\Uchar"{code:04X} \else U+{code:04X}\fi{{}}'
