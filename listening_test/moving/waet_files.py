"""The files of a WAET page: which are versions, reference and anchors, and how they are named."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from .contract import FoundFile, MovingNotes
from .names import passage_in, systems_in
from .xml_lines import XmlElement

_ELEMENT_KNOWN = ("url", "id", "gain", "name", "type", "marker", "starttime", "stoptime",
                  "loudness", "alwaysinclude", "samplerate", "label")  # fmt: skip


class PageFiles:
    """Reads the elements of pages; ``shared`` are passages that files say, by page."""

    def __init__(self, root: XmlElement, setup: XmlElement, notes: MovingNotes) -> None:
        self.root, self.setup, self.notes = root, setup, notes
        self.excerpts: dict[str, float] = {}
        self.shared: dict[str, str] = {}

    def files(
        self, page: XmlElement
    ) -> tuple[dict[str, FoundFile], FoundFile | None, list[str]] | None:
        """The versions of a page, its reference, and the anchors to be made; None: told why not."""
        elements = page.all("audioelement")
        folder = page.get("hostURL")
        files = [(one, FoundFile(one.line, _join(folder, one.get("url")))) for one in elements]
        if not files:
            self.notes.fault(page.line, f"page {page.get('id')!r} has no audioelement")
            return None
        for one, _ in files:
            self._element(one)
        outside = [file for one, file in files if one.get("type") == "outside-reference"]
        hidden = [file for one, file in files if one.get("type") == "reference"]
        rest = [
            (one, file)
            for one, file in files
            if one.get("type") not in ("outside-reference", "reference")
        ]
        reference = next(iter((*outside, *hidden)), None)
        if outside and hidden and outside[0].path != hidden[0].path:
            self.notes.fault(
                hidden[0].line, "the hidden reference is another file than the outside reference"
            )
        kind = self.setup.get("interface", "APE").lower()
        if outside and kind in ("ab", "abx") and not self._everywhere():
            self.notes.lost(
                outside[0].line,
                "outside-reference on some pages only: no page shows it, as with it the task is "
                "another",
            )
            reference = None
        named = self._named(page, rest)
        if named is None:
            return None
        if hidden and not outside and kind not in ("mushra",):
            named = {"reference": hidden[0], **named}
        anchors: list[str] = []
        mine = [(one, file) for one, file in rest if one.get("type") == "anchor"]
        if kind == "mushra" and reference is not None and mine:
            said = self.notes.choose(
                mine[0][0].line,
                "anchor",
                f"{mine[0][1].path} is an anchor from a file; anchors here are made from the "
                "reference",
                {
                    "system": "a version like others, declared with --anchors in the analysis; no "
                    "MUSHRA of BS.1534",
                    "lowpass": "left out, for both low-pass anchors of BS.1534",
                },
            )
            if said == "lowpass":
                gone = {file.path for _, file in mine}
                named = {name: file for name, file in named.items() if file.path not in gone}
                anchors = ["lowpass_3500", "lowpass_7000"]
        elif mine:
            for one, file in mine:
                bound = f" with a bound of {one.get('marker')}" if one.get("marker") else ""
                self.notes.lost(
                    one.line,
                    f"anchor{bound}: {Path(file.path).name} is an ordinary version here; declare "
                    "it with --anchors in the analysis",
                )
        return named, reference, anchors

    def _element(self, one: XmlElement) -> None:
        for key in one.attributes:
            if key not in _ELEMENT_KNOWN:
                self.notes.lost(one.line, f"{one.shown[key]}: is no attribute that is known here")
        if (number(one.get("gain")) or 0.0) != 0.0:
            self.notes.lost(one.line, f"gain: {one.get('gain')} dB is overridden by matching")
        if one.get("marker") and one.get("type") != "anchor":
            self.notes.lost(one.line, "marker: ratings have no bound that stops a listener")
        if one.get("alwaysInclude"):
            self.notes.lost(one.line, "alwaysInclude: every version is on every page")

    def _everywhere(self) -> bool:
        return all(
            any(one.get("type") == "outside-reference" for one in page.all("audioelement"))
            for page in self.root.all("page")
        )

    def _named(
        self, page: XmlElement, rest: Sequence[tuple[XmlElement, FoundFile]]
    ) -> dict[str, FoundFile] | None:
        names = {one.get("name") for one, _ in rest}
        if "" not in names and len(names) == len(rest):
            return {one.get("name"): file for one, file in rest}
        if "" not in names:
            self.notes.fault(page.line, f"page {page.get('id')!r}: two elements have one name")
            return None
        found = systems_in([file.path for _, file in rest])
        passage = passage_in([file.path for _, file in rest])
        listed = ", ".join(dict.fromkeys(found.values()))
        said = self.notes.choose(
            page.line,
            "names",
            f"elements have no name: of page {page.get('id')!r}, the files say systems {listed} "
            f"and passage {passage!r}",
            {"files": "as the names of the files say"},
        )
        if said and passage:
            self.shared[page.get("id")] = passage
        return {found[file.path]: file for _, file in rest}

    def cut(self, page: XmlElement) -> float | None:
        """Where all versions of a page begin, if it says so of all of them alike."""
        elements = page.all("audioelement")
        cuts = [(one.get("startTime"), one.get("stopTime")) for one in elements]
        if not any(any(cut) for cut in cuts):
            return None
        odd = next((two for one, two in pairwise(range(len(cuts))) if cuts[one] != cuts[two]), None)
        start, stop = (number(one) for one in cuts[0])
        if odd is None and start is not None and stop is not None and stop > start:
            seconds = self.excerpts.setdefault("seconds", stop - start)
            if abs(seconds - (stop - start)) < 1e-6:
                return start
            self.notes.fault(
                page.line,
                f"startTime and stopTime: excerpts last {seconds:g} s on other pages and "
                f"{stop - start:g} s here; a study has one length",
            )
            return None
        line = next(one.line for one, cut in zip(elements, cuts, strict=True) if any(cut))
        self.notes.choose(
            line,
            "cut",
            "startTime and stopTime of one element only: versions of a passage are cut at the same "
            "samples",
            {"none": "no version is cut"},
        )
        return None


def _join(folder: str, url: str) -> str:
    return f"{folder.rstrip('/')}/{url}" if folder.strip() else url


def number(said: str) -> float | None:
    """The number in an attribute; None where it is none."""
    try:
        return float(said)
    except ValueError:
        return None
