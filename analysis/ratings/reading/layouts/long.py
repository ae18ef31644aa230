"""Long tables: a row for each rating, or for each stimulus with a column for each question."""

from collections.abc import Mapping
from dataclasses import replace

from ..tables import cells, personal
from ..tables.documents import TextTable
from ..tables.proposals import order_of_presentation, scale_option, system_proposal
from ..tables.roles import (
    MAYBE_PASSAGES,
    NUMBERS,
    OPTION,
    SUMMARIES,
    WEAK_PASSAGES,
    RatingsColumn,
    compact,
    declared_column,
    find_columns,
    is_beside,
    is_flag,
)
from ..tables.stimulus_names import could_part, less_system, nested, parted
from .assemble import BLOCKS, ROWS, Draft, assembled, declared, several_scores
from .contract import Hints, NoRatingsError, Unfolded, short, stop

_MOST_SYSTEMS = 200
_SAMPLE = 20_000


def read(table: TextTable, told: Hints) -> Unfolded:
    """The ratings of a table whose columns tell listener, system and score.

    Raises:
        UserError: one line, where a role has no column or two readings are possible.
    """
    header, place = table.header, f"{table.place}:{table.line}"
    columns = find_columns(header, declared(told, header), table.place, table.line)
    notes: list[str] = []
    _check_numbers(table, columns, told, notes)
    values, told_values = score_columns(table, columns, told)
    notes += told_values
    if RatingsColumn.PASSAGE in columns and RatingsColumn.PASSAGE not in told.columns:
        _check_passage(table, columns, told)
    said: dict[str, str] = {}
    if RatingsColumn.SYSTEM in columns:
        table, columns, said = by_names(table, columns, told, notes)
    _check_required(table, columns, values, told)
    if len(values) == 1:
        columns[RatingsColumn.VALUE] = values[0]
        values = []
    check_summaries(table, columns)
    if flags := [title for title in header if is_flag(title)]:
        notes.append(f"{personal.names(flags)} says which ratings are repeats, but counts none.")
    listener = columns.get(RatingsColumn.LISTENER)
    if listener is None and told.columns.get(RatingsColumn.LISTENER) not in (ROWS, BLOCKS):
        raise stop(place, "no column holds the listener", "name it with --listener COLUMN")
    return assembled(
        table,
        Draft("long table, a row for each rating", columns, values, said, notes=tuple(notes)),
        told,
    )


def by_names(
    table: TextTable, columns: dict[str, int], told: Hints, notes: list[str]
) -> tuple[TextTable, dict[str, int], dict[str, str]]:
    """Passage and system from the names of files, where no other column tells one of them."""
    at = columns[RatingsColumn.SYSTEM]
    passage = columns.get(RatingsColumn.PASSAGE)
    own = RatingsColumn.PASSAGE in told.columns
    if told.names or (passage is None and not own and RatingsColumn.SYSTEM not in told.columns):
        made = parted(table, columns, told.names)
        if made is None and told.names:
            raise stop(
                f"{table.place}:{table.line}",
                f"names in {table.header[at]!r} do not all fit --names {told.names!r}",
                "write {passage} and {system} as they stand in the names",
            )
        if made is None:
            if could := could_part(table, columns):
                notes.append(could)
            return table, columns, {}
        notes.append(made[2])
        how = f"the names in column {table.header[at]!r}"
        return made[0], made[1], {"passage": how, "system": how}
    if passage is None or own or any(len(row) != len(table.header) for _, row in table.body):
        return table, columns, {}
    passages, systems = ([row[i].strip() for _, row in table.body] for i in (passage, at))
    if not nested(passages, systems):
        return table, columns, {}
    less = less_system(passages, systems)
    title = table.header[passage]
    if less is None and compact(title) in MAYBE_PASSAGES:
        raise stop(
            f"{table.place}:{table.line}",
            f"each name in {title!r} is of one system alone, so that no passage is shared by two",
            "name the column of the passage with --passage COLUMN",
            f"--passage {title} if systems were heard on different passages",
        )
    if less is None:
        return table, columns, {}
    header = [*table.header, "(passage)"]
    rows = [(n, [*row, name]) for (n, row), name in zip(table.body, less, strict=True)]
    notes.append(f"The passage is the name in {title!r} less that of the system.")
    columns = {**columns, RatingsColumn.PASSAGE.value: len(table.header)}
    table = replace(table, rows=((table.line, header), *rows))
    return table, columns, {"passage": f"column {title!r} less the system"}


def score_columns(
    table: TextTable, columns: Mapping[str, int], told: Hints
) -> tuple[list[int], list[str]]:
    """The columns that hold scores and what there is to tell of others that look like scores.

    Columns of unknown names count where no known one does, if the ratings of one stimulus differ
    between listeners and those of a listener between stimuli: what does not is a trait of either.
    """
    if several := several_scores(told, table.header):
        place = f"{table.place}:{table.line}"
        return [declared_column(table.header, one, "value", place) for one in several], []
    if RatingsColumn.VALUE in columns:
        at = columns[RatingsColumn.VALUE]
        more = [i for i in _like_scores(table, columns) if i != at]
        if not more:
            return [at], []
        names = personal.names([table.header[i] for i in more])
        return [at], [
            f"{table.header[at]!r} is taken as the score; {names} could be one too "
            "(--score A,B takes several, each as a question)."
        ]
    if RatingsColumn.SYSTEM not in columns:
        return [], []
    return _like_scores(table, columns), []


def _like_scores(table: TextTable, columns: Mapping[str, int]) -> list[int]:
    taken = set(columns.values())
    found = []
    for at, title in enumerate(table.header):
        if at in taken or is_beside(title) or not title.strip():
            continue
        column = table.columns[at][:_SAMPLE]
        if not cells.is_numeric(column) or len(set(column)) < 2:
            continue
        if not _is_trait(table, columns, column):
            found.append(at)
    return found


def _is_trait(table: TextTable, columns: Mapping[str, int], column: list[str]) -> bool:
    """Whether a column says the same of a listener, or of a stimulus, each time."""
    keys = [
        [columns[role] for role in roles if role in columns]
        for roles in (
            (RatingsColumn.LISTENER,),
            (RatingsColumn.PASSAGE, RatingsColumn.SYSTEM),
        )
    ]
    for at in keys:
        if not at:
            continue
        seen: dict[tuple[str, ...], str] = {}
        again = False
        for key, value in zip(
            zip(*(table.columns[i] for i in at), strict=True), column, strict=False
        ):
            before = seen.setdefault(key, value)
            again = again or before is not value
            if before != value:
                break
        else:
            if len(seen) < len(column):
                return True
    return False


def _check_numbers(
    table: TextTable, columns: dict[str, int], told: Hints, notes: list[str]
) -> None:
    """Columns that are known as order or time by their name must hold numbers."""
    for role in NUMBERS:
        at = columns.get(role)
        if at is None or role in told.columns:
            continue
        some = [row[at] for _, row in table.body[:_SAMPLE] if at < len(row)]
        sample = [cell for cell in some if cell.strip()]
        if 2 * sum(cells.number(cell) is not None for cell in sample) < len(sample):
            del columns[role]
            notes.append(f"{table.header[at]!r} holds no numbers and is not used.")


def check_summaries(table: TextTable, columns: Mapping[str, int]) -> None:
    """A row of means below the ratings is no listener."""
    at = columns.get(RatingsColumn.LISTENER)
    if at is None:
        return
    for line, row in table.body:
        if at < len(row) and len(row[at]) < 12 and compact(row[at]) in SUMMARIES:
            raise stop(
                f"{table.place}:{line}",
                f"a row called {row[at].strip()!r} sums up others and is no listener",
                "delete it",
            )


def _check_passage(table: TextTable, columns: dict[str, int], told: Hints) -> None:
    """A column that counts the places in a session is no passage, whatever its name."""
    at = columns[RatingsColumn.PASSAGE]
    title = table.header[at]
    if compact(title) not in WEAK_PASSAGES:
        return
    listener = columns.get(RatingsColumn.LISTENER)
    if listener is None:
        return
    found = order_of_presentation(table, at, listener)
    if not found:
        return
    lacks = "" if RatingsColumn.SYSTEM in columns else "no column is known to hold the system; "
    raise stop(
        f"{short(table.place)}:{table.line}",
        f"{lacks}{title!r} is not the passage but the place in the order of presentation ({found})",
        system_proposal(table, columns, told.columns) + scale_option(table, columns)
        or "name the passage with --passage COLUMN",
        f"--passage {title} if it is the passage after all",
    )


def _check_required(
    table: TextTable, columns: Mapping[str, int], values: list[int], told: Hints
) -> None:
    place = f"{table.place}:{table.line}"
    header = table.header
    for role in (RatingsColumn.LISTENER, RatingsColumn.SYSTEM, RatingsColumn.VALUE):
        if role in columns or (role is RatingsColumn.VALUE and values):
            continue
        if told.columns.get(role) in (ROWS, BLOCKS):
            continue
        option = OPTION.get(role, role.value)
        if any(personal.kind_of(c) or (cells.number(c) is not None and c.strip()) for c in header):
            raise stop(
                place,
                f"no column holds the {option}: the first row looks like ratings and not like a "
                "header",
                "give the file a first row that names the columns",
            )
        said = (
            f"no column holds the {option}; the columns are {personal.names(header, 6)}; name one "
            f"with --{option} COLUMN"
        )
        if role is RatingsColumn.LISTENER and RatingsColumn.VALUE in columns:
            said += ", or say --listener @rows: every row is of another person"
        if role is RatingsColumn.SYSTEM:
            said += _better(system_proposal(table, columns, told.columns))
        sort = NoRatingsError if RatingsColumn.VALUE not in columns and not values else None
        error = stop(place, said)
        raise sort(str(error)) if sort else error


def _better(proposal: str) -> str:
    return f", such as {proposal}" if proposal else ""
