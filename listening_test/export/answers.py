"""The answers of questionnaires as a table: a row a session, named as in the ratings."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...evaluation.results.spreadsheet_csv import guarded
from ..session.plan import entries
from ..storage.many import answers_of, rooms
from ..storage.tables import Database
from ..study.file import Ask
from ..study.study import Study, in_language
from .progress import SESSION_TYPES
from .ratings import SessionFilter, chosen

_HEAD = ("study", "session", "counts_as", "session_state", "language")


def asks(study: Study) -> tuple[Ask, ...]:
    """Every question of the study that has an answer, in the order of the file."""
    file = study.file
    steps = (*file.before, *file.between, *file.after)
    return tuple(ask for step in steps for ask in step.questions if ask.type != "statement")


def answer_rows(
    study: Study, database: Database, choice: SessionFilter
) -> Iterator[tuple[str, ...]]:
    """The header, then a row for each chosen session; '' where nothing was answered.

    ``session`` is that of the ratings. Choices are the words of the study's first language,
    several of them joined by ``;``. A question whose id is the name of a column stands as
    ``answer_ID``.
    """
    asked = asks(study)
    yield (*_HEAD, *(f"answer_{one.id}" if one.id in _HEAD else one.id for one in asked))
    with database.reading() as session:
        for tokens in chosen(session, study, choice):
            given = answers_of(session, tokens)
            for found in rooms(session, tokens, bare=True):
                own = {one.id for one in entries(found) if one.type == "questionnaire"}
                said = {one.question: one.value[0] for one in given[found.token] if one.step in own}
                head = (study.id, found.id, SESSION_TYPES[found.mark], found.state, found.language)
                yield (*head, *(_words(study, one, said) for one in asked))


def answers_csv(study: Study, database: Database, choice: SessionFilter) -> str:
    """The table as CSV (RFC 4180, UTF-8); no cell begins as a formula does."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in answer_rows(study, database, choice):
        writer.writerow([guarded(cell) for cell in row])
    return out.getvalue()


def _words(study: Study, ask: Ask, said: Mapping[str, Any]) -> str:
    value = said.get(ask.id)
    if value is None:
        return ""
    if ask.options:
        return "; ".join(_option(study, ask, one) for one in _listed(value))
    return str(value)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _option(study: Study, ask: Ask, place: Any) -> str:
    languages = study.file.languages
    return in_language(ask.options[int(place)], languages[0], languages)
