"""Makes the data of a study file from a test that was found: passages, and blocks of pages."""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from .audio import AudioFinder
from .contract import FoundFile, FoundGroup, FoundPage, FoundStep, FoundTest, MovingNotes

_PAIRED = ("abx", "pairwise")


def study_data(
    found: FoundTest, finder: AudioFinder, notes: MovingNotes, out: Path
) -> dict[str, Any]:
    """The keys of a study file; ``out`` is the folder where it will lie."""
    pages = list(pages_in(found.group))
    if not any(not page.training for page in pages):
        notes.fault(found.group.line, "no page is left that counts, so there is no test")
    passages = Passages(notes)
    for page in pages:
        passages.take(page)
    sequence = Blocks(passages, notes).of(found.group)
    data: dict[str, Any] = {"earmark": 1, **found.head}
    data["passages"] = [_entry(name, one, finder, out) for name, one in passages.entries.items()]
    alone = _short(sequence, passages)
    data |= alone or {"sequence": sequence}
    _distinct((*found.before, *found.after), notes)
    if found.before:
        data["before"] = list(found.before)
    if found.after:
        data["after"] = list(found.after)
    return data


def _distinct(steps: Sequence[Any], notes: MovingNotes) -> None:
    """Give each question an id of its own."""
    seen: set[str] = set()
    for step in steps:
        for ask in step.get("questionnaire", ()) if isinstance(step, dict) else ():
            name, number = ask["id"], 1
            while ask["id"] in seen:
                number += 1
                ask["id"] = f"{name[:50]}_{number}"
            if ask["id"] != name:
                notes.say(
                    0, f"two questions have the id {name!r}; one of them is {ask['id']!r} here"
                )
            seen.add(ask["id"])


def pages_in(group: FoundGroup) -> Iterator[FoundPage]:
    """Every page of a group, in the order of the configuration."""
    for one in group.inside:
        if isinstance(one, FoundGroup):
            yield from pages_in(one)
        elif isinstance(one, FoundPage):
            yield one


class Passages:
    """The passages of all pages: pages that play the same files are of one passage."""

    def __init__(self, notes: MovingNotes) -> None:
        self.notes = notes
        self.entries: dict[str, FoundPage] = {}
        self.of_page: dict[int, str] = {}

    def take(self, page: FoundPage) -> None:
        """Give a page its passage."""
        for name, known in self.entries.items():
            if self._agree(known, page):
                self.entries[name] = _joined(known, page)
                self.of_page[id(page)] = name
                return
        name = page.passage
        if name in self.entries:
            name = page.id if page.id not in self.entries else f"{page.id} ({page.line})"
            self.notes.say(page.line, f"page {page.id!r}: its passage is named {name!r}")
        self.entries[name] = page
        self.of_page[id(page)] = name

    def name(self, page: FoundPage) -> str:
        """The passage of a page."""
        return self.of_page[id(page)]

    @staticmethod
    def _agree(known: FoundPage, page: FoundPage) -> bool:
        shared = known.versions.keys() & page.versions.keys()
        same = [known.versions[one].path == page.versions[one].path for one in shared]
        both = known.reference is not None and page.reference is not None
        if both and known.reference is not None and page.reference is not None:
            same.append(known.reference.path == page.reference.path)
        return bool(same) and all(same) and known.start == page.start


def _joined(known: FoundPage, page: FoundPage) -> FoundPage:
    versions = {**known.versions, **page.versions}
    return FoundPage(
        known.line, known.id, known.passage, versions, known.reference or page.reference,
        known.test, start=known.start,
    )  # fmt: skip


class Blocks:
    """Blocks of pages, named by their kind; pages of one kind that follow each other are one."""

    def __init__(self, passages: Passages, notes: MovingNotes) -> None:
        self.passages, self.notes = passages, notes
        self.names: dict[str, int] = {}
        self.made: list[tuple[FoundPage, str]] = []

    def of(self, group: FoundGroup) -> list[dict[str, Any]]:
        """The entries of the sequence."""
        found = self._inside(group)
        by_kind: dict[str, list[tuple[FoundPage, str]]] = {}
        for page, name in self.made:
            by_kind.setdefault(page.test["kind"], []).append((page, name))
        for kind, mine in by_kind.items():
            if len(mine) > 1:
                names = ", ".join(repr(name) for _, name in mine)
                self.notes.say(
                    mine[1][0].line,
                    f"pages of kind {kind} stand in blocks of their own ({names}): each is "
                    "analysed by itself",
                )
        return found

    def _inside(self, group: FoundGroup) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []

        def sort(one: FoundPage | FoundStep | FoundGroup) -> tuple[str, bool, int]:
            if isinstance(one, FoundPage):
                return one.test["kind"], one.training, 0
            return "", False, id(one)

        runs = [list(run) for _, run in groupby(group.inside, sort)]
        for run in runs:
            first = run[0]
            if isinstance(first, FoundStep):
                found.append(first.step if isinstance(first.step, dict) else {first.step: None})
            elif isinstance(first, FoundGroup):
                inside = self._inside(first)
                if len(inside) > 1:
                    order = {"order": "random"} if first.shuffled else {}
                    found.append({**order, "sequence": inside})
                else:
                    found += inside
            else:
                pages = [one for one in run if isinstance(one, FoundPage)]
                found += self._run(pages, group, alone=len(runs) == 1)
        drawn = [one for one in found if "pages" in one and not one.get("training")]
        if group.draw is not None and len(drawn) > 1:
            self.notes.lost(
                group.line,
                f"{group.draw} pages for each listener: of one block only, not of several",
            )
        return found

    def _run(
        self, pages: Sequence[FoundPage], group: FoundGroup, *, alone: bool
    ) -> list[dict[str, Any]]:
        parts = [list(pages)]
        if pages[0].test["kind"] not in _PAIRED and not self._alike(pages):
            split = self.notes.choose(
                self._line_that_differs(pages),
                "systems",
                "the pages of a block have the same systems, and these have "
                + " and ".join(_listed(one) for one in _system_sets(pages)),
                {"blocks": "a block for each, analysed by itself"},
            )
            if split:
                parts = [
                    [page for page in pages if frozenset(page.versions) == one]
                    for one in dict.fromkeys(frozenset(page.versions) for page in pages)
                ]
        several = len(parts) > 1 and group.shuffled
        made = [self._block(part, group, alone=alone and len(parts) == 1) for part in parts]
        return [{"order": "random", "sequence": made}] if several else made

    def _alike(self, pages: Sequence[FoundPage]) -> bool:
        return len({frozenset(page.versions) for page in pages}) == 1

    def _line_that_differs(self, pages: Sequence[FoundPage]) -> int:
        first = set(pages[0].versions)
        for page in pages:
            for name, file in page.versions.items():
                if name not in first:
                    return file.line
        return next(page.line for page in pages if set(page.versions) != first)

    def _block(
        self, pages: Sequence[FoundPage], group: FoundGroup, *, alone: bool
    ) -> dict[str, Any]:
        first = pages[0]
        name = self._name("training" if first.training else str(first.test["kind"]))
        block: dict[str, Any] = {"pages": name}
        if first.training:
            block["training"] = True
        else:
            self.made.append((first, name))
        block["test"] = self._test(pages)
        passages = list(dict.fromkeys(self.passages.name(page) for page in pages))
        systems = list(dict.fromkeys(name for page in pages for name in page.versions))
        self._complete(pages, block["test"], passages)
        paired = block["test"].get("pairs")
        if paired and any("reference" in pair for pair in paired):
            systems = ["reference", *systems]
        block |= {"passages": passages, "systems": systems}
        if len(passages) > 1 or len(pages) > 1:
            block["order"] = "random" if group.shuffled else "fixed"
        design: dict[str, Any] = {"order": "random"}
        still = [page for page in pages if not page.shuffled]
        if len(still) == len(pages):
            design["order"] = "fixed"
        for page in still if len(still) < len(pages) else ():
            self.notes.lost(page.line, f"page {page.id!r}: its versions are shuffled, as on others")
        if group.draw is not None and alone and not first.training:
            design["pages_per_listener"] = group.draw
        return block | {"design": design}

    def _name(self, kind: str) -> str:
        self.names[kind] = self.names.get(kind, 0) + 1
        return kind if self.names[kind] == 1 else f"{kind} {self.names[kind]}"

    def _test(self, pages: Sequence[FoundPage]) -> dict[str, Any]:
        test = dict(pages[0].test)
        for page in pages[1:]:
            for key in sorted({*test, *page.test} - {"pairs"}):
                if page.test.get(key) == test.get(key):
                    continue
                line, first = page.line_of(key), pages[0].line_of(key)
                where = f"{key} of page {page.id!r} differs from line {first}"
                if key == "axes" and _names(page) == _names(pages[0]):
                    test[key] = self._axes(test[key], page)
                elif key in ("anchors", "axes"):
                    self.notes.fault(line, f"{where}: a block has one; mend one of them")
                else:
                    self.notes.lost(line, f"{where}; that one stands over all pages")
        pairs = [pair for page in pages for pair in page.test.get("pairs", ())]
        if pairs:
            test["pairs"] = list({frozenset(one): list(one) for one in reversed(pairs)}.values())
            test["pairs"].reverse()
        return test

    def _axes(self, axes: Sequence[dict[str, str]], page: FoundPage) -> list[dict[str, str]]:
        """Axes of one name each, with the words of the first page that has some."""
        merged = []
        for one, other in zip(axes, page.test["axes"], strict=True):
            wrong = [key for key in one.keys() & other.keys() if one[key] != other[key]]
            for key in wrong:
                self.notes.lost(
                    page.line_of("axes"),
                    f"axis {one['name']!r}: {key} {other[key]!r} is {one[key]!r} on all pages",
                )
            merged.append({**other, **one})
        return merged

    def _complete(
        self, pages: Sequence[FoundPage], test: Mapping[str, Any], passages: Sequence[str]
    ) -> None:
        """Whether the pages are all pairs of all passages, as a block's are."""
        if "pairs" not in test:
            return
        there = {
            (self.passages.name(page), frozenset(pair))
            for page in pages
            for pair in page.test["pairs"]
        }
        for passage in passages:
            for pair in test["pairs"]:
                if (passage, frozenset(pair)) not in there:
                    self.notes.say(
                        pages[0].line,
                        f"every passage has every pair here: {' and '.join(pair)} of {passage!r} "
                        "is a page more",
                    )


def _names(page: FoundPage) -> list[str]:
    return [axis["name"] for axis in page.test["axes"]]


def _system_sets(pages: Sequence[FoundPage]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(tuple(page.versions) for page in pages))


def _listed(systems: Sequence[str]) -> str:
    return f"({', '.join(systems)})"


def _short(sequence: Sequence[dict[str, Any]], passages: Passages) -> dict[str, Any]:
    """The short form, for one block that plays everything in random order; else nothing."""
    if len(sequence) != 1 or "pages" not in sequence[0]:
        return {}
    (block,) = sequence
    everything = block["passages"] == list(passages.entries) and all(
        list(one.versions) == [n for n in block["systems"] if n != "reference"]
        for one in passages.entries.values()
    )
    same = block.get("order", "random") == block["design"]["order"] == "random"
    if not everything or not same or "reference" in block["systems"] or block.get("training"):
        return {}
    return {"test": block["test"], "design": block["design"]}


def _entry(name: str, page: FoundPage, finder: AudioFinder, out: Path) -> dict[str, Any]:
    def said(file: FoundFile) -> str:
        place = finder.path(file)
        if place is None:
            return file.path
        return Path(os.path.relpath(place, out)).as_posix()

    entry: dict[str, Any] = {"id": name}
    entry["stimuli"] = {system: said(file) for system, file in page.versions.items()}
    if page.reference is not None:
        entry["reference"] = said(page.reference)
    if page.start is not None:
        entry["start"] = page.start
    return entry
