"""Reads sessions by the hundred, for exports: so many statements for each hundred and no more."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from .journal import Pack, Stored, events_in
from .rooms import (
    ANSWER,
    ITEM,
    JOURNAL,
    PAGE,
    RATING,
    SESSION,
    Item,
    Page,
    Rating,
    Room,
    columns,
    shown,
)

_TOKENS: BindParameter[str] = bindparam("tokens", expanding=True)
_SESSIONS = select(*columns(SESSION, Room)).where(SESSION.c.token.in_(_TOKENS))
_PAGES = (
    select(*columns(PAGE, Page))
    .where(PAGE.c.session_token.in_(_TOKENS))
    .order_by(PAGE.c.session_token, PAGE.c.number)
)
_ITEMS = (
    select(*columns(ITEM, Item))
    .join(PAGE, PAGE.c.id == ITEM.c.page_id)
    .where(PAGE.c.session_token.in_(_TOKENS))
    .order_by(ITEM.c.page_id, ITEM.c.position)
)
_RATINGS = (
    select(*columns(RATING, Rating))
    .join(PAGE, PAGE.c.id == RATING.c.page_id)
    .where(PAGE.c.session_token.in_(_TOKENS))
    .order_by(RATING.c.page_id, RATING.c.id)
)
_PACKS = (
    select(JOURNAL.c.session_token, JOURNAL.c.number, JOURNAL.c.client, JOURNAL.c.lines)
    .where(JOURNAL.c.session_token.in_(_TOKENS))
    .order_by(JOURNAL.c.session_token, JOURNAL.c.number)
)
_ANSWERS = (
    select(ANSWER.c.session_token, ANSWER.c.step, ANSWER.c.question, ANSWER.c.value, ANSWER.c.at)
    .where(ANSWER.c.session_token.in_(_TOKENS))
    .order_by(ANSWER.c.session_token, ANSWER.c.id)
)


def rooms(session: Session, tokens: Sequence[str], *, bare: bool = False) -> list[Room]:
    """The sessions of these tokens in this order, with everything; ``bare``: without pages."""
    asked = {"tokens": list(tokens)}
    found = {row[0]: Room(*row) for row in session.execute(_SESSIONS, asked)}
    pages: dict[int, Page] = {}
    if not bare:
        for row in session.execute(_PAGES, asked):
            page = pages[row[0]] = Page(*row)
            found[page.session_token].pages.append(page)
        for row in session.execute(_ITEMS, asked):
            pages[row[1]].presentations.append(Item(*row))
        for row in session.execute(_RATINGS, asked):
            pages[row[1]].ratings.append(Rating(*row))
    return [found[token] for token in tokens if token in found]


def packs(session: Session, tokens: Sequence[str]) -> dict[str, list[Pack]]:
    """The journals of these sessions."""
    found: dict[str, list[Pack]] = {token: [] for token in tokens}
    for token, *row in session.execute(_PACKS, {"tokens": list(tokens)}):
        found[token].append(Pack(*row))
    return found


def answers_of(session: Session, tokens: Sequence[str]) -> dict[str, list[Any]]:
    """What was answered in these sessions, in order: ``step``, ``question``, ``value``, ``at``."""
    found: dict[str, list[Any]] = {token: [] for token in tokens}
    for row in session.execute(_ANSWERS, {"tokens": list(tokens)}):
        found[row[0]].append(row)
    return found


def events(session: Session, tokens: Sequence[str]) -> list[Stored]:
    """Every event of these sessions, one session after another, in the order of arrival."""
    found, heard = rooms(session, tokens), packs(session, tokens)
    return [event for one in found for event in events_in(heard[one.token], shown(one.pages))]
