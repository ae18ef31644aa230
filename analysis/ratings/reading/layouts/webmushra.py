"""The CSV files that webMUSHRA writes, one for each type of page (service/write.php).

The columns of the questionnaire stand between ``session_test_id`` and fixed columns at the right
end. The header is written once, so later rows may have more cells; they are read from the right.
Only mushra.csv holds the session.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ..tables import cells, personal
from ..tables.documents import Row, TextTable
from ..tables.roles import NAMING, SYNONYMS, RatingsColumn, compact, declared_column
from .assemble import BLOCKS, ROWS, Draft, assembled, declared
from .contract import Form, Hints, ToolScale, Unfolded, stop

FIRST = "session_test_id"
_TRAINING = re.compile(r"train(ing)?([\W_]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class _Page:
    """A type of page: its file, the columns at the right end, and where it has a session."""

    file: str
    fixed: tuple[str, ...]
    system: str = ""
    value: str = ""


_PAGES = (
    _Page(
        "mushra.csv",
        (
            *("session_uuid", "trial_id", "rating_stimulus", "rating_score", "rating_time"),
            "rating_comment",
        ),
        "rating_stimulus",
        "rating_score",
    ),
    _Page(
        "paired_comparison.csv",
        (
            *("trial_id", "choice_reference", "choice_non_reference", "choice_answer"),
            *("choice_time", "choice_comment"),
        ),
    ),
    _Page(
        "bs1116.csv",
        (
            *("trial_id", "rating_reference", "rating_non_reference", "rating_reference_score"),
            *("rating_non_reference_score", "rating_time", "choice_comment"),
        ),
    ),
    _Page(
        "lms.csv",
        ("trial_id", "stimuli_rating", "stimuli", "rating_time"),
        "stimuli",
        "stimuli_rating",
    ),
)
_SEVERAL = re.compile(r"stimuli_rating\d+")


def read(table: TextTable, told: Hints) -> Unfolded | None:
    """The ratings of a page type of webMUSHRA; None for other tables.

    Raises:
        UserError: one line, where nothing tells the listeners apart.
    """
    if not table.body:
        return None
    page = _page_of(table.header)
    if page is None:
        return None
    table, notes = _straight(table, page)
    table, more = _without_training(table, told)
    notes += more
    header = table.header
    columns: dict[str, int] = {RatingsColumn.PASSAGE: header.index("trial_id")}
    for role, title in (
        (RatingsColumn.SYSTEM, page.system),
        (RatingsColumn.VALUE, page.value),
        (
            RatingsColumn.SECONDS,
            next((t for t in header if t in ("rating_time", "choice_time")), ""),
        ),
    ):
        if title in header:
            columns[role] = header.index(title)
    named = declared(told)
    for asked, title in named.items():
        columns[asked] = declared_column(header, title, asked, f"{table.place}:{table.line}")
    values = [at for at, title in enumerate(header) if _SEVERAL.fullmatch(title)]
    table = _trimmed(table)
    if RatingsColumn.LISTENER not in columns:
        _find_listener(table, page, columns, told)
    notes += _same_addresses(table, columns)
    layout = f"webMUSHRA, {page.file}"
    if page.file == "paired_comparison.csv":
        return _answers(table, columns, (layout, notes), told)
    if page.file == "bs1116.csv":
        return _pairs_of_grades(table, columns, (layout, notes), told)
    scale = ToolScale(0, 100, "webMUSHRA") if page.file == "mushra.csv" else None
    draft = Draft(
        layout, columns, values, notes=tuple(notes), scale=scale, milliseconds=True, tool=True
    )
    return assembled(table, draft, told)


def _page_of(header: Sequence[str]) -> _Page | None:
    titles = set(header)
    if FIRST not in titles:
        return None
    for page in _PAGES:
        if set(page.fixed) <= titles:
            return page
    ratings = tuple(title for title in header if _SEVERAL.fullmatch(title))
    if ratings and {"trial_id", "stimuli", "rating_time"} <= titles:
        return _Page("lss.csv", ("trial_id", *ratings, "stimuli", "rating_time"), "stimuli")
    return None


def _straight(table: TextTable, page: _Page) -> tuple[TextTable, list[str]]:
    """Rows under the header that holds for them; those of another width from the right end."""
    header, width, fixed = table.header, len(table.header), len(page.fixed)
    in_order = tuple(header[-fixed:]) == page.fixed and header[0] == FIRST
    rows: list[Row] = [table.rows[0]]
    other: dict[int, list[int]] = defaultdict(list)
    again = 0
    for line, row in table.body:
        if FIRST in row and set(page.fixed) <= set(row):
            again += 1  # the header of another file, where files were put together
            continue
        if len(row) != width and in_order and len(row) > fixed:
            other[len(row)].append(line)
            # Which answers these are is not known: the header names others.
            row = [row[0], *[""] * (width - fixed - 1), *row[-fixed:]]
        rows.append((line, row))
    notes = [
        f"{len(lines)} rows from line {lines[0]} on have {cells_} cells under a header of {width}: "
        "read from the right end; their questionnaire answers have no name and are left out."
        for cells_, lines in sorted(other.items())
    ]
    if again:
        notes.append(f"{again} rows repeat the header and are left out.")
    return TextTable(table.place, tuple(rows), table.delimiter, table.sheet, table.notes), notes


def _without_training(table: TextTable, told: Hints) -> tuple[TextTable, list[str]]:
    at = table.header.index("trial_id")
    training = [row[at] for _, row in table.body if len(row) > at and _TRAINING.match(row[at])]
    if not training or told.training:
        return table, []
    pages = len(set(training))
    kept = tuple(r for r in table.body if len(r[1]) <= at or not _TRAINING.match(r[1][at]))
    note = (
        f"{len(training)} rows of {pages} training pages (named train…) are left out; "
        "--keep-training keeps them."
    )
    rows = (table.rows[0], *kept)
    return TextTable(table.place, rows, table.delimiter, table.sheet, table.notes), [note]


def _trimmed(table: TextTable) -> TextTable:
    """Cells without the blanks that lms.csv has around ratings."""
    rows = tuple((line, [cell.strip() for cell in row]) for line, row in table.rows)
    return TextTable(table.place, rows, table.delimiter, table.sheet, table.notes)


def _find_listener(table: TextTable, page: _Page, columns: dict[str, int], told: Hints) -> None:
    asked = told.columns.get(RatingsColumn.LISTENER, "")
    if asked in (ROWS, BLOCKS):
        return
    header = table.header
    if "session_uuid" in header:
        columns[RatingsColumn.LISTENER] = header.index("session_uuid")
        return
    answers = [at for at, title in enumerate(header) if title not in (FIRST, *page.fixed)]
    names = {*SYNONYMS[RatingsColumn.LISTENER], *NAMING}
    named = [at for at in answers if compact(header[at]) in names]
    if named:
        columns[RatingsColumn.LISTENER] = named[0]
        return
    stimuli = [
        at
        for at, t in enumerate(header)
        if t
        in (
            "trial_id",
            "stimuli",
            "rating_stimulus",
            "rating_non_reference",
            "choice_non_reference",
        )
    ]
    line = _first_again(table, stimuli)
    block = len({tuple(row[at] for at in stimuli) for _, row in table.body})
    titles = " and ".join(repr(header[at]) for at in answers) or "the file"
    raise stop(
        f"{table.place}:{line or table.line}",
        f"no column tells the listeners apart ({titles} cannot; {page.file} holds no session), and "
        "a page and stimulus come again here",
        f"count a new listener wherever they do, in blocks of {block} rows, with "
        "--listener @blocks",
        "name a column with --listener COLUMN",
    )


def _first_again(table: TextTable, at: Sequence[int]) -> int:
    seen = set()
    for line, row in table.body:
        key = tuple(row[i] for i in at)
        if key in seen:
            return line
        seen.add(key)
    return 0


def _same_addresses(table: TextTable, columns: dict[str, int]) -> list[str]:
    """Whether one person has several sessions, as an e-mail address tells; none is shown."""
    listener = columns.get(RatingsColumn.LISTENER)
    if listener is None:
        return []
    notes = []
    for at, title in enumerate(table.header):
        column = table.columns[at]
        kind = personal.kind_of_all(column)
        if at == listener or not kind:
            continue
        sessions: dict[str, set[str]] = defaultdict(set)
        for who, value in zip(table.columns[listener], column, strict=True):
            if value.strip():
                sessions[value.strip().lower()].add(who)
        several = [len(who) for who in sessions.values() if len(who) > 1]
        if several:
            notes.append(
                f"{sum(several)} of {len(set(table.columns[listener]))} sessions share "
                f"{len(several)} {kind} ({title!r}): one person would count {max(several)} times."
            )
    return notes


def _answers(
    table: TextTable, columns: dict[str, int], said: tuple[str, list[str]], told: Hints
) -> Unfolded:
    """Pages where the reference had to be found: right, wrong or undecided."""
    layout, notes = said
    at = {title: place for place, title in enumerate(table.header)}
    counts: Counter[str] = Counter()
    rows: list[Row] = [(table.line, [*table.header, "(pair)", "(right)"])]
    codes = {"correct": "1", "incorrect": "0", "undecided": "", "unknown": ""}
    for line, row in table.body:
        answer = row[at["choice_answer"]].lower()
        if answer not in codes:
            raise stop(
                f"{table.place}:{line}",
                f"answer {personal.shown(answer)} is none of {', '.join(codes)}",
            )
        counts[answer] += 1
        pair = f"{row[at['choice_reference']]} / {row[at['choice_non_reference']]}"
        rows.append((line, [*row, pair, codes[answer]]))
    width = len(table.header)
    columns |= {
        RatingsColumn.SYSTEM: width,
        RatingsColumn.VALUE: width + 1,
        RatingsColumn.SYSTEM_A: at["choice_reference"],
        RatingsColumn.SYSTEM_B: at["choice_non_reference"],
    }
    notes.append(
        f"Read as right (1) or wrong (0) answers, not as preferences: {counts['correct']} correct, "
        f"{counts['incorrect']} incorrect; {counts['undecided'] + counts['unknown']} undecided "
        "count as missing."
    )
    wide = TextTable(table.place, tuple(rows), table.delimiter, table.sheet, table.notes)
    draft = Draft(
        layout,
        columns,
        notes=tuple(notes),
        scale=ToolScale(0, 1, "right or wrong"),
        form=Form.ANSWERS,
        milliseconds=True,
        tool=True,
    )
    return assembled(wide, draft, told)


def _pairs_of_grades(
    table: TextTable, columns: dict[str, int], said: tuple[str, list[str]], told: Hints
) -> Unfolded:
    """Two grades a row: that of the hidden reference, and that of the stimulus beside it."""
    layout, notes = said
    at = {title: place for place, title in enumerate(table.header)}
    rows: list[Row] = [(table.line, [*table.header, "(system)", "(grade)"])]
    below = 0
    for line, row in table.body:
        grades = row[at["rating_reference_score"]], row[at["rating_non_reference_score"]]
        first, second = (cells.number(grade) for grade in grades)
        below += first is not None and second is not None and first < second
        for title, grade in zip(("rating_reference", "rating_non_reference"), grades, strict=True):
            rows.append((line, [*row, row[at[title]], grade]))
    width = len(table.header)
    columns |= {RatingsColumn.SYSTEM: width, RatingsColumn.VALUE: width + 1}
    notes.append(
        "Two grades a row: the hidden reference is graded once beside each stimulus; difference "
        f"grades follow from the pair; {below} references were graded below their stimulus."
    )
    roles = {
        RatingsColumn.SYSTEM.value: "columns 'rating_reference' and 'rating_non_reference'",
        RatingsColumn.VALUE.value: "columns 'rating_reference_score' and "
        "'rating_non_reference_score'",
    }
    long = TextTable(table.place, tuple(rows), table.delimiter, table.sheet, table.notes)
    draft = Draft(
        layout,
        columns,
        roles=roles,
        notes=tuple(notes),
        scale=ToolScale(1, 5, "BS.1116"),
        milliseconds=True,
        tool=True,
    )
    return assembled(long, draft, told)
