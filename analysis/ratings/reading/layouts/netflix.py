"""The XML that Netflix's listening-test app saves: one listener a file."""

import re

from ..tables import cells
from ..tables.documents import Element, Row, TextTable, Tree
from ..tables.grids import bare
from ..tables.roles import RatingsColumn
from .assemble import Draft, assembled
from .contract import Form, Hints, ToolScale, UnfinishedError, Unfolded, short, stop

_SCALES = {
    "MUSHRA": ToolScale(0, 100, "MUSHRA"),
    "BS-1116": ToolScale(1, 5, "BS.1116"),
    "BS1116": ToolScale(1, 5, "BS.1116"),
}
_ROOT = re.compile(r"MUSHRA|BS-?1116|\w*(AB|ACR|Forced_Choice)\w*")


def read(tree: Tree, told: Hints) -> Unfolded | None:
    """The scores or choices of one listener; None for other XML files.

    Raises:
        UserError: one line, where a trial of a forced choice has not two files and one winner.
    """
    root = tree.root
    infos, trials = root.all("info"), list(root.every("trial"))
    if not _ROOT.fullmatch(root.tag) or not infos or not any(t.all("testFile") for t in trials):
        return None
    listener = infos[0].get("subjectName")
    if not listener:
        raise stop(f"{tree.place}:{infos[0].line}", "info has no subjectName, the listener")
    if (state := infos[0].get("testStatus", "complete")) != "complete" and not told.unfinished:
        raise UnfinishedError(
            f"{short(tree.place)}: an unfinished session (state {state!r}); --unfinished keeps it"
        )
    surveys = [one for one in root.all("surveyResults") if one.get("surveyCompleted") == "0"]
    notes = ["The survey was not filled in."] if surveys else []
    forced = root.tag not in _SCALES and re.search("AB|Forced", root.tag) is not None
    rows = _choices(tree, trials, listener) if forced else _scores(trials, listener)
    system = "testFile fileName less trialName and ending"
    if forced:
        columns: dict[str, int] = {
            RatingsColumn.LISTENER: 0, RatingsColumn.PASSAGE: 1, RatingsColumn.SYSTEM_A: 2,
            RatingsColumn.SYSTEM_B: 3, RatingsColumn.WINNER: 4, RatingsColumn.PAGE: 5,
        }  # fmt: skip
        roles = {"system_a": system, "system_b": system, "winner": "the larger score"}
    else:
        columns = {
            RatingsColumn.LISTENER: 0, RatingsColumn.PASSAGE: 1, RatingsColumn.SYSTEM: 2,
            RatingsColumn.VALUE: 3, RatingsColumn.PAGE: 4,
        }  # fmt: skip
        roles = {"system": system, "value": "testFile score"}
    roles |= {
        "listener": "info subjectName",
        "passage": "trial trialName",
        "page": "the order of trials",
    }
    header = [""] * len(columns)
    for role, at in columns.items():
        header[at] = role
    table = TextTable(tree.place, ((root.line, header), *rows))
    draft = Draft(
        f"Netflix listening test, {root.tag}", columns, roles=roles, notes=tuple(notes),
        scale=_SCALES.get(root.tag), form=Form.VOTES if forced else Form.SCORES, tool=True,
    )  # fmt: skip
    return assembled(table, draft, told)


def _scores(trials: list[Element], listener: str) -> list[Row]:
    rows: list[Row] = []
    for number, trial in enumerate(trials, 1):
        passage = trial.get("trialName")
        for one in trial.all("testFile"):
            system = _system(one.get("fileName"), passage)
            rows.append((one.line, [listener, passage, system, one.get("score"), str(number)]))
    return rows


def _choices(tree: Tree, trials: list[Element], listener: str) -> list[Row]:
    rows: list[Row] = []
    for number, trial in enumerate(trials, 1):
        passage = trial.get("trialName")
        files = sorted(
            (_system(one.get("fileName"), passage), cells.number(one.get("score")))
            for one in trial.all("testFile")
        )
        if len(files) != 2 or any(score is None for _, score in files):
            raise stop(
                f"{tree.place}:{trial.line}",
                f"a forced choice has two files with a score, and this trial has {len(files)}",
            )
        (first, one), (second, other) = files
        assert one is not None and other is not None  # noqa: PT018 - looked at above
        won = "" if one != one or other != other else "=" if one == other else "ab"[one < other]
        rows.append((trial.line, [listener, passage, first, second, won, str(number)]))
    return rows


def _system(file: str, passage: str) -> str:
    """A file's name less the trial's: ``ballad.tcn.wav`` and ``ballad_tcn.wav`` are ``tcn``."""
    name = bare(file)
    if not passage:
        return name
    return re.sub(rf"^{re.escape(passage)}[\W_]+|[\W_]+{re.escape(passage)}$", "", name) or name
