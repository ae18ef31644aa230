"""Small changes to a Python file, each a slip that a good test notices.

Every change replaces one piece of the text, so that the rest of the file keeps its lines. What no
test could see is left alone: annotations, docstrings, the words of messages, decorators.
"""

import ast
import copy
from collections.abc import Iterable
from dataclasses import dataclass

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_OPPOSITES = (
    ("min", "max"),
    ("minimum", "maximum"),
    ("amin", "amax"),
    ("argmin", "argmax"),
    ("any", "all"),
    ("floor", "ceil"),
    ("sf", "cdf"),
    ("isf", "ppf"),
    ("mean", "sum"),
    ("low", "high"),
    ("zeros", "ones"),
)
_SWAPPED = dict(_OPPOSITES) | {b: a for a, b in _OPPOSITES}
_TOLERANCE = 1e-5  # below, a number says what rounding may do; a tenth more is as good
# Values of these keywords guard or hasten; they change no result that a test could wait for.
_QUIET_KEYWORDS = {"strict", "xtol", "timeout", "ensure_ascii", "maxiter", "frozen", "maxsize"}


@dataclass(frozen=True)
class Change:
    """One change: bytes ``start`` to ``end`` of a file become ``text``; ``words`` describe it."""

    line: int
    start: int
    end: int
    text: str
    words: str

    def applied(self, source: bytes) -> bytes:
        """The file with the change made."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def changes(source: bytes) -> list[Change]:
    """Every change of a file, in the order of its text."""
    found = _Finder(source)
    found.visit(ast.parse(source))
    return sorted(found.changes, key=lambda one: (one.start, one.end, one.text))


class _Finder(ast.NodeVisitor):
    def __init__(self, source: bytes) -> None:
        self.changes: list[Change] = []
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def _add(self, node: ast.expr | ast.stmt, text: str) -> None:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._starts[node.lineno - 1] + node.col_offset
        end = self._starts[node.end_lineno - 1] + node.end_col_offset
        before = " ".join(self._source[start:end].decode().split())
        self.changes.append(
            Change(node.lineno, start, end, text, f"{_short(before)}  ->  {_short(text)}")
        )

    def _replace(self, node: ast.expr, new: ast.expr) -> None:
        self._add(node, f"({ast.unparse(ast.fix_missing_locations(new))})")

    # What is left alone.

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_all(node.args.defaults)
        self._visit_all(one for one in node.args.kw_defaults if one is not None)
        self._visit_all(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all(node.body)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Words; their places are not known before Python 3.12."""

    def visit_Raise(self, node: ast.Raise) -> None:
        self._add(node, "pass")

    def visit_Assert(self, node: ast.Assert) -> None:
        """Says to the type checker what is known."""

    def visit_Import(self, node: ast.Import) -> None:
        """Nothing to slip on."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Nothing to slip on."""

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg not in _QUIET_KEYWORDS:
            self.visit(node.value)

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for one in nodes:
            self.visit(one)

    # What is changed.

    def visit_Compare(self, node: ast.Compare) -> None:
        for at, operator in enumerate(node.ops):
            for other in _COMPARED[type(operator)]:
                new = copy.deepcopy(node)
                new.ops[at] = other()
                self._replace(node, new)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        other = _COMPUTED.get(type(node.op))
        if other is not None and not any(_is_text(side) for side in (node.left, node.right)):
            new = copy.deepcopy(node)
            new.op = other()
            self._replace(node, new)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        new = copy.deepcopy(node)
        new.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self._replace(node, new)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not | ast.USub | ast.Invert):
            self._replace(node, copy.deepcopy(node.operand))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._add(node, str(not value))
        elif isinstance(value, int):
            self._add(node, str(value + 1))
        elif isinstance(value, float) and not 0 < value < _TOLERANCE:
            self._add(node, repr(value * 1.1 if value else 1.0))

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        name = node.func
        if isinstance(name, ast.Attribute) and name.attr in _SWAPPED:
            new = copy.deepcopy(name)
            new.attr = _SWAPPED[name.attr]
            self._add(name, ast.unparse(new))
        elif isinstance(name, ast.Name) and name.id in _SWAPPED:
            self._add(name, _SWAPPED[name.id])
        elif isinstance(name, ast.Name) and name.id == "abs":
            self._add(name, "")

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._decide(node.test)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        self._decide(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._add(test, "True")
        self.generic_visit(node)

    def _decide(self, test: ast.expr) -> None:
        if not (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"):
            self._add(test, "True")
            self._add(test, "False")

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is None:
            return
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self._add(node.value, "None")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self._add(node, "pass")
            self.generic_visit(node)
        elif isinstance(node.value, ast.Yield):
            self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._add(node, "pass")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self._add(node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._add(node, "break")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:28]} ... {text[-27:]}"
