"""The XML that the Web Audio Evaluation Tool saves: one session a file."""

import re
from collections.abc import Mapping, Sequence

from ..tables import personal
from ..tables.documents import Element, Row, TextTable, Tree
from ..tables.grids import bare
from ..tables.roles import RatingsColumn
from .assemble import Draft, assembled
from .contract import Form, Hints, NoRatingsError, ToolScale, UnfinishedError, Unfolded, short, stop

_REPEAT = re.compile(r"-repeat-\d+$")
_OUTSIDE = "outside-reference"
_UNNAMED_AXIS = "default"  # as the tool's own score_parser.py calls it
_VOTES = ["listener", "passage", "system_a", "system_b", "winner", "page", "state"]
_HEADER = ["listener", "passage", "system", "question", "value", "page", "presented", "state"]


def read(tree: Tree, told: Hints) -> Unfolded | None:
    """The ratings of one save; None for other XML files.

    Raises:
        NoRatingsError: for a key that was never used, or a session that is not complete.
        UserError: one line, where nothing names the systems.
    """
    root = tree.root
    if root.tag != "waetresult":
        return None
    pages = root.all("page")
    state = root.get("state")
    if not any(True for page in pages for _ in page.every("value")):
        raise NoRatingsError(f"{short(tree.place)}: holds no ratings (a key that was not used)")
    if state not in ("", "complete") and not told.unfinished:
        raise UnfinishedError(
            f"{short(tree.place)}: an unfinished session (state {state!r}); --unfinished keeps it"
        )
    names, how = _systems(tree, pages)
    interface = _interface(root)
    if interface == "abx":
        raise stop(
            tree.place,
            "an ABX test, and a save does not tell which version X was",
            "write a table with the columns listener, passage, system_a, system_b and correct",
        )
    if interface == "ab":
        return _votes(tree, names, how, told)
    rows: list[Row] = [(root.line, _HEADER)]
    outside = repeats = 0
    for number, page in enumerate(pages, 1):
        passage = _REPEAT.sub("", page.get("ref"))
        repeats += passage != page.get("ref")
        for element in page.all("audioelement"):
            if element.get("type") == _OUTSIDE:
                outside += 1
                continue
            for value in element.all("value"):
                axis = value.get("interface-name") or _UNNAMED_AXIS
                rows.append(
                    (value.line,
                     [root.get("key"), passage, names[id(element)], axis, value.text, str(number),
                      element.get("presentedId"), state])
                )  # fmt: skip
    notes = []
    if outside:
        notes.append(f"{outside} outside references were heard and have no rating.")
    if repeats:
        notes.append(f"{repeats} pages are repeats of others (-repeat-).")
    if how:
        notes.append(how)
    columns: dict[str, int] = {
        RatingsColumn.LISTENER: 0,
        RatingsColumn.PASSAGE: 1,
        RatingsColumn.SYSTEM: 2,
        RatingsColumn.QUESTION: 3,
        RatingsColumn.VALUE: 4,
        RatingsColumn.PAGE: 5,
    }
    roles = {
        "listener": "waetresult key",
        "passage": "page ref",
        "system": "the name of an audioelement" if not how else "the url of an audioelement",
        "question": "value interface-name",
        "value": "value",
        "page": "the order of pages",
    }
    table = TextTable(tree.place, tuple(rows))
    draft = Draft(
        "WAET, a file for each session",
        columns,
        roles=roles,
        notes=tuple(notes),
        scale=ToolScale(0, 1, "WAET"),
        tool=True,
    )
    return assembled(table, draft, told)


def _interface(root: Element) -> str:
    """The interface of the configuration inside a save, in lower case; '' where it has none."""
    said = [one.get("interface") for waet in root.all("waet") for one in waet.all("setup")]
    return said[0].strip().lower() if said else ""


def _votes(tree: Tree, names: Mapping[int, str], how: str, told: Hints) -> Unfolded:
    """The choices of an AB test: of two versions on a page, the chosen one has 1, the other 0."""
    root = tree.root
    rows: list[Row] = [(root.line, _VOTES)]
    repeats = open_pages = 0
    for number, page in enumerate(root.all("page"), 1):
        rated = [one for one in page.all("audioelement") if one.get("type") != _OUTSIDE]
        if len(rated) != 2:
            raise stop(
                f"{tree.place}:{page.line}",
                f"page {page.get('ref')!r} of an AB test has {len(rated)} versions; a choice "
                "between two can be read, no other",
                "leave the page out",
            )
        said = [_chosen(tree, one) for one in rated]
        if all(said):
            raise stop(f"{tree.place}:{page.line}", f"page {page.get('ref')!r} chooses both")
        open_pages += not any(said)
        passage = _REPEAT.sub("", page.get("ref"))
        repeats += passage != page.get("ref")
        won = "a" if said[0] else "b" if said[1] else ""
        first, second = (names[id(one)] for one in rated)
        rows.append(
            (page.line, [root.get("key"), passage, first, second, won, str(number),
                         root.get("state")])
        )  # fmt: skip
    notes = ["An AB test: each page is a choice between two versions, no score of each."]
    if repeats:
        notes.append(f"{repeats} pages are repeats of others (-repeat-).")
    if open_pages:
        notes.append(f"{open_pages} pages name no winner.")
    if how:
        notes.append(how)
    columns: dict[str, int] = {
        RatingsColumn.LISTENER: 0,
        RatingsColumn.PASSAGE: 1,
        RatingsColumn.SYSTEM_A: 2,
        RatingsColumn.SYSTEM_B: 3,
        RatingsColumn.WINNER: 4,
        RatingsColumn.PAGE: 5,
    }
    roles = {
        "listener": "waetresult key",
        "passage": "page ref",
        "system_a": "the first audioelement of a page",
        "system_b": "the second audioelement of a page",
        "winner": "the audioelement whose value is 1",
        "page": "the order of pages",
    }
    draft = Draft(
        "WAET, an AB test, a file for each session", columns, roles=roles, notes=tuple(notes),
        form=Form.VOTES, tool=True,
    )  # fmt: skip
    return assembled(TextTable(tree.place, tuple(rows)), draft, told)


def _chosen(tree: Tree, element: Element) -> bool:
    said = [value.text.strip() for value in element.all("value")]
    if any(one not in ("0", "1", "", "null") for one in said):
        raise stop(
            f"{tree.place}:{element.line}",
            f"value {personal.shown(said[0])} of an AB test is neither 0 nor 1",
            "if the pages had sliders, name their interface in the <setup> of the save",
        )
    return "1" in said


def _systems(tree: Tree, pages: Sequence[Element]) -> tuple[dict[int, str], str]:
    """The system of each rated element, and a note where it is not the element's own name.

    A name stands in the configuration inside the save or on the element. Without one the system is
    the url less what all files of the page share; element ids differ between pages.
    """
    configured = {one.get("id"): one.get("name") for one in _configured(tree.root)}
    elements = {page.get("ref"): page.all("audioelement") for page in pages}
    named: dict[int, str] = {}
    for page in pages:
        for element in page.all("audioelement"):
            own = element.get("name") or configured.get(element.get("ref")) or ""
            if own:
                named[id(element)] = own
    rated = [one for page in elements.values() for one in page if one.get("type") != _OUTSIDE]
    if all(id(one) in named for one in rated):
        return named, ""
    found: dict[int, str] = {}
    for inside in elements.values():
        found |= _from_urls(inside)
    sets = {
        frozenset(found[id(one)] for one in page if one.get("type") != _OUTSIDE)
        for page in elements.values()
        if page
    }
    if len(sets) > 1 and not frozenset.intersection(*sets):
        raise stop(
            tree.place,
            "elements have no name, and their urls name no system that two pages share",
            "add name=… to the audioelements of the configuration inside the save",
        )
    return found, "System names were taken from the names of files (url), as elements have none."


def _configured(root: Element) -> list[Element]:
    return [
        one
        for waet in root.all("waet")
        for page in waet.all("page")
        for one in page.all("audioelement")
    ]


def _from_urls(page: Sequence[Element]) -> Mapping[int, str]:
    urls = {id(one): one.get("url").rpartition("?")[0] or one.get("url") for one in page}
    stems = {key: re.sub(r"\.\w+$", "", url) for key, url in urls.items()}
    if len(stems) < 2:
        return {key: bare(url) for key, url in urls.items()}
    head = _shared_start(list(stems.values()))
    tail = _shared_start([stem[::-1] for stem in stems.values()])[::-1]
    # Only whole words are shared: "lstm" and "linear" do not share an l.
    head = re.sub(r"[^\W_]+$", "", head)
    tail = re.sub(r"^[^\W_]+", "", tail)
    return {
        key: stem[len(head) : len(stem) - len(tail)].strip("-_. ") or bare(urls[key])
        for key, stem in stems.items()
    }


def _shared_start(names: Sequence[str]) -> str:
    """The letters that all names begin with."""
    first, last = min(names), max(names)
    same = next((at for at, letter in enumerate(first) if letter != last[at]), len(first))
    return first[:same]
