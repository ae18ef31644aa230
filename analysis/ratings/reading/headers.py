"""Which column of a ratings file holds what: declared by the user, or known by its name."""

import difflib
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from ....models.errors import UserError


class RatingsColumn(StrEnum):
    """What a column may hold; of preferences one row names both systems and the winner."""

    LISTENER = "listener"
    PASSAGE = "passage"
    SYSTEM = "system"
    VALUE = "value"
    QUESTION = "question"
    REPEAT = "repeat"
    POSITION = "position"
    PAGE = "page"
    SECONDS = "seconds"
    LISTENED = "listened"
    SIMULATED = "simulated"
    SYSTEM_A = "system_a"
    SYSTEM_B = "system_b"
    WINNER = "winner"


# The first name found wins; the names are those of Earmark, webMUSHRA, pymushra, listen-and-rate
# and of the notebooks around them.
SYNONYMS: Mapping[RatingsColumn, tuple[str, ...]] = {
    RatingsColumn.LISTENER: (
        *("listener", "listener_id", "assessor", "assessor_id", "subject", "subject_id"),
        *("participant", "participant_id", "rater", "rater_id", "judge", "user", "user_id"),
        *("worker", "worker_id", "session_uuid", "session_id", "session"),
    ),
    RatingsColumn.PASSAGE: (
        *("passage", "song", "excerpt", "item", "trial_id", "trial", "track", "sample"),
        *("material", "clip", "piece", "page"),
    ),
    RatingsColumn.SYSTEM: (
        *("system", "condition", "rating_stimulus", "stimulus", "algorithm", "method", "model"),
        *("treatment", "codec", "mix", "master", "group"),
    ),
    RatingsColumn.VALUE: (
        *("value", "score", "rating", "rating_score", "grade", "opinion", "mos", "response"),
        "preference",
    ),
    RatingsColumn.QUESTION: ("question", "attribute", "dimension", "axis", "criterion"),
    RatingsColumn.REPEAT: ("repeat", "replicate", "replication", "repetition"),
    RatingsColumn.POSITION: ("position", "order", "stimulus_position", "presentation_order"),
    RatingsColumn.PAGE: ("page_number", "page_index", "trial_number", "trial_index", "page_order"),
    RatingsColumn.SECONDS: ("seconds", "page_seconds", "rating_time", "response_time", "duration"),
    RatingsColumn.LISTENED: ("listened", "listened_seconds", "listening_seconds", "played_seconds"),
    RatingsColumn.SIMULATED: ("simulated",),
}
REQUIRED = (RatingsColumn.LISTENER, RatingsColumn.SYSTEM, RatingsColumn.VALUE)
PAIRED = (RatingsColumn.SYSTEM_A, RatingsColumn.SYSTEM_B, RatingsColumn.WINNER)
_OPTION = {RatingsColumn.VALUE.value: "score"}
_OF_ONE_SYSTEM = (
    RatingsColumn.SYSTEM,
    RatingsColumn.VALUE,
    RatingsColumn.PAGE,
    RatingsColumn.POSITION,
)


def find_columns(
    header: Sequence[str], declared: Mapping[str, str], place: str, line: int = 1
) -> dict[str, int]:
    """The index of the column of each role that the file has.

    Args:
        header: the names in the file's first row.
        declared: role to column name, as the user says; the rest is known by its name.
        place: the file's name, for messages.
        line: the header's line in the file.

    Raises:
        UserError: if a declared column is not there, a name stands twice, or a required role
            has no column.
    """
    known = [_plain(name) for name in header]
    found: dict[str, int] = {}
    if not set(declared) & {RatingsColumn.SYSTEM, RatingsColumn.VALUE} and all(
        name in known for name in PAIRED
    ):
        # One row per preference; reading turns it into the ratings of its two systems.
        found |= {name.value: known.index(name) for name in PAIRED}
    for role, name in declared.items():
        found[role] = _declared(header, name, role, f"{place}:{line}")
    for role, names in SYNONYMS.items():
        # The order of a preference is that of both its systems, on whom it then cannot tell.
        if RatingsColumn.WINNER in found and role in _OF_ONE_SYSTEM:
            continue
        for name in names:
            if role in found:
                break
            at = [i for i, title in enumerate(known) if title == name and i not in found.values()]
            if len(at) > 1:
                raise UserError(
                    f"{place}:{line}: {len(at)} columns are named {name!r}; rename all but one"
                )
            if at:
                found[role.value] = at[0]
    for role in REQUIRED:
        if role not in found and not (
            RatingsColumn.WINNER in found and role is not RatingsColumn.LISTENER
        ):
            option = _OPTION.get(role, role)
            raise UserError(
                f"{place}:{line}: no column holds the {option}; the columns are "
                f"{', '.join(map(repr, header))}; name one with --{option} COLUMN"
            )
    return found


def _declared(header: Sequence[str], name: str, role: str, place: str) -> int:
    at = [index for index, title in enumerate(header) if title == name]
    if len(at) == 1:
        return at[0]
    option = _OPTION.get(role, role)
    if at:
        raise UserError(f"{place}: {len(at)} columns are named {name!r}; rename all but one")
    close = difflib.get_close_matches(name, header, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    raise UserError(
        f"{place}: no column is named {name!r} (--{option}); the columns are "
        f"{', '.join(map(repr, header))}{meant}"
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
