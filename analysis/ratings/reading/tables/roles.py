"""Which column of a ratings file holds what: declared by the user, or known by its name."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from .....models.errors import UserError
from .personal import names as shown_names


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


def _each(*words: str, also: tuple[str, ...] = ("", "id", "name")) -> Iterator[str]:
    for word in words:
        yield from (word + ending for ending in also)


_NUMBERED = ("", "id", "name", "no", "nr", "number")
# The first name found wins; a name is compared without case, blanks and signs, so that ListenerId,
# listener_id and "Listener ID" are one. They are the names of Earmark, of the tools that
# layouts/ knows, and of public data sets.
SYNONYMS: Mapping[RatingsColumn, tuple[str, ...]] = {
    RatingsColumn.LISTENER: (
        *_each("listener", "assessor", "subject", "participant", "rater", "judge", also=_NUMBERED),
        *_each("user", "worker", "voter", "annotator", "evaluator", "respondent", "observer"),
        *_each("person", "tester", "panelist", "panellist", also=_NUMBERED),
        *("prolificpid", "prolificid", "pid", "sessionuuid", "questionaireuuid"),
        *("questionnaireuuid", "uuid", "sessionid", "session"),
    ),
    RatingsColumn.PASSAGE: (
        *_each("passage", "song", "excerpt", also=_NUMBERED),
        *("songtitle", "item", "itemid", "itemname", "trialid", "trial", "trialname"),
        *_each("track", "sample", "material", "clip", "piece", "page"),
        *_each("signal", "prompt", "utterance", "sentence", "sequence", "content", "scene"),
        *_each("music", "tune", "recording", "mixture"),
    ),
    RatingsColumn.SYSTEM: (
        *_each("system", "condition"),
        "ratingstimulus",
        *_each("algorithm", "algo", "method", "model", "treatment", "codec", "processor"),
        *_each("processing", "vocoder", "engine", "technique", "approach", "network"),
        *_each("architecture", "variant", "version"),
        *_each("stimulus", "stimuli", "sound", "mix", "master", "hrc"),
        "group",
    ),
    RatingsColumn.VALUE: (
        *("value", "score", "rating", "ratingscore", "ratingvalue", "grade", "opinion"),
        *("opinionscore", "mos", "response", "preference", "stimulirating", "responsesscore"),
        *("mark", "points", "slider", "slidervalue", "sliderresponse", "rate", "judgement"),
        *("judgment", "evaluation"),
    ),
    RatingsColumn.QUESTION: (
        *_each("question", "attribute", "dimension", "axis", "criterion"),
        *("criteria", "aspect", "scalename"),
    ),
    RatingsColumn.REPEAT: (
        *("repeat", "replicate", "replication", "repetition", "rep"),
        *_each("repeat", "replicate", "repetition", also=("id", "no", "number", "index")),
    ),
    RatingsColumn.POSITION: (
        *("position", "order", "stimulusposition", "presentationorder", "orderofpresentation"),
        "presentationposition",
    ),
    RatingsColumn.PAGE: (
        *("pagenumber", "pageindex", "trialnumber", "trialindex", "pageorder", "trialorder"),
        *("pageno", "trialno", "presentationnumber"),
    ),
    RatingsColumn.SECONDS: (
        *("seconds", "pageseconds", "ratingtime", "responsetime", "duration", "pageduration"),
        *("ratingduration", "metricsresponsetime"),
    ),
    RatingsColumn.LISTENED: ("listened", "listenedseconds", "listeningseconds", "playedseconds"),
    RatingsColumn.SIMULATED: ("simulated",),
}
REQUIRED = (RatingsColumn.LISTENER, RatingsColumn.SYSTEM, RatingsColumn.VALUE)
NUMBERS = (
    RatingsColumn.POSITION,
    RatingsColumn.PAGE,
    RatingsColumn.SECONDS,
    RatingsColumn.LISTENED,
)
# What people were asked to call themselves; of a plain table only where nothing is better.
SURE_NAMING = ("email", "mail", "emailaddress", "initials", "nickname", "username", "login", "code")
NAMING = frozenset(
    {*SURE_NAMING, "name", "nick", "alias", "token", "key", "id", "identifier", "number"}
)
# Where no better name holds the passage, what else was heard may.
_ALSO_PASSAGE = (
    *_each("stimulus", "sound", "audio", "file"),
    *("audiofile", "filename", "wav", "path", "url", "stimuli"),
)
# Names that count places in a session as often as they name a passage.
WEAK_PASSAGES = frozenset(
    {"item", "itemid", "trialid", "trial", "sample", "sampleid", "page", "pageid", "sequence"}
)
MAYBE_PASSAGES = frozenset(_ALSO_PASSAGE)
_BASES = (
    *("system", "model", "condition", "method", "algorithm", "stimulus", "sample", "codec"),
    *("option", "item", "track", "audio", "candidate", "version", "sound"),
)
_ENDS = (("a", "b"), ("1", "2"), ("left", "right"))
_BARE_ENDS = (("left", "right"), ("first", "second"), ("a", "b"))
WINNERS = (
    *("winner", "win", "choice", "chosen", "preferred", "preference", "vote", "outcome"),
    *("selected", "selection", "result", "answer", "response", "judgement"),
)
# What is measured or counted beside the ratings, or says who the listener is.
_BESIDE = frozenset(
    {
        *("age", "time", "times", "timestamp", "date", "day", "year", "month"),
        *("duration", "seconds", "minutes", "sec", "secs", "ms", "rt", "latency"),
        *("elapsed", "id", "uuid", "index", "idx", "order", "number", "no", "nr"),
        *("num", "count", "plays", "played", "clicks", "position", "rank", "page"),
        *("trial", "block", "seed", "gain", "volume", "loudness", "lufs", "snr"),
        *("bitrate", "rate", "samplerate", "experience", "years", "start", "end"),
        *("started", "completed", "finished", "submitted", "approvals", "reward"),
        *("height", "width", "version", "row", "session", "phone", "zip"),
        *("consent", "headphones", "musician", "gender", "sex", "hours", "hearing", "alter"),
        *("geschlecht", "education", "country", "language", "occupation", "training"),
    }
)
# Rows and columns that sum up others; no listener, system or question is called so.
SUMMARIES = frozenset(
    {
        *("mean", "means", "average", "avg", "median", "total", "sum", "sd", "std", "stdev"),
        *("stddev", "variance", "ci", "ci95", "mittelwert", "moyenne"),
    }
)
_FLAGS = frozenset({"isreplicate", "isrepeat", "isrepeated", "isrepetition", "isretest", "retest"})
OPTION = {RatingsColumn.VALUE.value: "score"}
_OF_ONE_SYSTEM = (
    RatingsColumn.SYSTEM,
    RatingsColumn.VALUE,
    RatingsColumn.PAGE,
    RatingsColumn.POSITION,
)


class UnknownColumnError(UserError):
    """The user names a column that a table lacks; another table of the study may have it."""


def compact(title: str) -> str:
    """A column's name as it is compared: small letters and digits alone."""
    return re.sub(r"[\W_]+", "", title.casefold())


def is_beside(title: str) -> bool:
    """Whether a column's name tells of age, time, order and the like, which are no ratings."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", title)
    whole = compact(title)
    return any(word.lower() in _BESIDE for word in words) or whole in _FLAGS or whole in SUMMARIES


def is_flag(title: str) -> bool:
    """Whether a column's name asks whether a rating is a repeat; it counts none."""
    return compact(title) in _FLAGS


def find_columns(
    header: Sequence[str], declared: Mapping[str, str], place: str, line: int = 1
) -> dict[str, int]:
    """The index of the column of each role that can be told by its name.

    Args:
        header: the names in the file's first row.
        declared: role to column name, as the user says; the rest is known by its name.
        place: the file's name, for messages.
        line: the header's line in the file.

    Raises:
        UserError: if a declared column is not there, or a name stands twice.
    """
    known = [compact(title) for title in header]
    found: dict[str, int] = {}
    if not set(declared) & {RatingsColumn.SYSTEM, RatingsColumn.VALUE}:
        # One row per preference; reading turns it into the ratings of its two systems.
        last = [compact(title.rpartition(".")[2]) for title in header]
        found |= _paired(known) or _paired(last)
    for role, title in declared.items():
        found[role] = declared_column(header, title, role, f"{place}:{line}")
    last = [compact(title.rpartition(".")[2]) for title in header]
    for role, titles in SYNONYMS.items():
        # The order of a preference is that of both its systems, on whom it then cannot tell.
        if RatingsColumn.WINNER in found and role in _OF_ONE_SYSTEM:
            continue
        _find(found, known, role, titles, f"{place}:{line}")
        if last != known:  # "Answer.score", and what objects in JSON became
            _find(found, last, role, titles, f"{place}:{line}")
    if RatingsColumn.LISTENER not in found and RatingsColumn.LISTENER not in declared:
        _find(found, known, RatingsColumn.LISTENER, SURE_NAMING, f"{place}:{line}")
    if RatingsColumn.PASSAGE not in found and (
        RatingsColumn.SYSTEM in found or RatingsColumn.WINNER in found
    ):
        _find(found, known, RatingsColumn.PASSAGE, _ALSO_PASSAGE, f"{place}:{line}")
        _find(found, last, RatingsColumn.PASSAGE, _ALSO_PASSAGE, f"{place}:{line}")
    return found


def _find(
    found: dict[str, int], known: list[str], role: RatingsColumn, titles: Sequence[str], place: str
) -> None:
    for title in titles:
        if role in found:
            return
        at = [i for i, name in enumerate(known) if name == title and i not in found.values()]
        if len(at) > 1:
            raise UserError(f"{place}: {len(at)} columns are named {title!r}; rename all but one")
        if at:
            found[role.value] = at[0]


def _paired(known: Sequence[str]) -> dict[str, int]:
    won = next((name for name in WINNERS if known.count(name) == 1), None)
    for base in (*_BASES, ""):
        for ends in _ENDS if base else _BARE_ENDS:
            both = [base + end for end in ends]
            if won and all(known.count(name) == 1 for name in both):
                names = (*both, won)
                roles = (RatingsColumn.SYSTEM_A, RatingsColumn.SYSTEM_B, RatingsColumn.WINNER)
                return {
                    role.value: known.index(name) for role, name in zip(roles, names, strict=True)
                }
    return {}


def declared_column(header: Sequence[str], title: str, role: str, place: str) -> int:
    """The index of a column that the user names.

    Raises:
        UserError: if there is none or several, with the nearest name.
    """
    at = [index for index, name in enumerate(header) if name == title]
    at = at or [index for index, name in enumerate(header) if name.strip() == title.strip()]
    if len(at) == 1:
        return at[0]
    option = OPTION.get(role, role)
    if at:
        raise UserError(f"{place}: {len(at)} columns are named {title!r}; rename all but one")
    close = difflib.get_close_matches(title, header, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    raise UnknownColumnError(
        f"{place}: no column is named {title!r} (--{option}); the columns are "
        f"{shown_names(header)}{meant}"
    )
