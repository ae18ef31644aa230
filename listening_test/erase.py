"""Erases sessions at a person's wish, or when their time is over, also while they are served."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from ..models.errors import UserError
from .session.erasure import erase
from .storage.rooms import room
from .storage.tables import Database, Listening, StudyVersion, opened
from .study.study import Study, StudyFolder


def erase_sessions(
    study: Study, folder: StudyFolder, sessions: Sequence[str], *, keep_ratings: bool = False
) -> list[str]:
    """Erase the sessions of these ids, also of earlier versions of the study; which those were.

    Raises:
        UserError: if one of them is not there; then none is erased.
    """
    with opened(folder) as database:
        tokens = _tokens(study, database)
        unknown = [one for one in sessions if one not in tokens]
        if unknown:
            raise UserError(
                f"{study.id}: has no session {unknown[0]!r}; the ids are in the export (column "
                "'session') and on the progress page"
            )
        wanted = list(dict.fromkeys(sessions))
        _erase(database, [tokens[one] for one in wanted], keep_ratings=keep_ratings)
    return wanted


def erase_expired(study: Study, folder: StudyFolder, *, keep_ratings: bool = False) -> list[str]:
    """Erase what has been kept for longer than the study's retention time; the sessions' ids.

    Raises:
        UserError: if the study says no such time.
    """
    retention = study.file.retention
    if retention is None:
        raise UserError(
            f"{study.id}: its study file names no time; write retention: {{days: 365}} in the next "
            "one, or name the sessions to erase"
        )
    last = datetime.now(UTC) - timedelta(days=retention.days)
    with opened(folder) as database:
        tokens = _tokens(study, database, before=last.isoformat(timespec="milliseconds"))
        keep = keep_ratings or retention.ratings == "keep"
        _erase(database, list(tokens.values()), keep_ratings=keep)
    return list(tokens)


def _tokens(study: Study, database: Database, before: str = "") -> dict[str, str]:
    """The tokens of a study's sessions by id: all, or those to erase that were silent since."""
    query = (
        select(Listening.id, Listening.token)
        .join(StudyVersion, Listening.study_version == StudyVersion.sha256)
        .where(StudyVersion.study == study.id)
        .order_by(Listening.created_at, Listening.id)
    )
    if before:
        query = query.where(Listening.updated_at < before, Listening.erased_at.is_(None))
    with database.reading() as session:
        return {row.id: row.token for row in session.execute(query)}


def _erase(database: Database, tokens: Sequence[str], *, keep_ratings: bool) -> None:
    for token in tokens:
        with database.changing(token) as wire:
            found = room(wire, token)
            if found is not None:
                erase(wire, found, keep_ratings=keep_ratings)
    if tokens:
        database.forget(whole=True)
