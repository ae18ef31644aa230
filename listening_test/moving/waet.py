"""Reads a configuration of the Web Audio Evaluation Tool (XML): its pages, surveys and checks.

The elements are those of BrechtDeMan/WebAudioEvaluationTool (xml/test-schema.xsd).
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...models.errors import UserError
from .contract import FoundFile, FoundGroup, FoundPage, FoundTest, MovingNotes
from .html_text import markdown
from .names import passage_in, safe_name
from .waet_files import PageFiles, number
from .waet_survey import survey_steps
from .xml_lines import XmlElement, read_xml

TOOL = "WAET"
_KINDS = {"ape": "ape", "mushra": "mushra", "ab": "pairwise", "abx": "abx", "ordinal": "rank",
          "horizontal-sliders": "attributes"}  # fmt: skip
_BANDS = ("bad", "poor", "fair", "good", "excellent")
_SETUP_LOST = {
    "projectreturn": "ratings go to the server of the study; nothing is lost",
    "randomiseaxisorder": "axes keep their order",
    "presilence": "no silence is put before a version",
    "postsilence": "no silence is put after a version",
    "playone": "one version plays at a time in any case; nothing is lost",
    "minnumberplays": "how often a version must be heard is not set; must_play asks for once",
    "maxnumberplays": "how often a version may be heard is not limited",
}
_PAGE_LOST = {
    "labelstart": "versions are always A, B, C",
    "poolsize": "there are pools of pages, not of versions of a page",
    "alwaysinclude": "pools have no page that everybody gets",
    "playone": "one version plays at a time in any case; nothing is lost",
    "restrictmovement": "a version may be moved before it was heard; must_play asks for both",
    "minnumberplays": "how often a version must be heard is not set; must_play asks for once",
    "maxnumberplays": "how often a version may be heard is not limited",
    "presilence": "no silence is put before a version",
    "postsilence": "no silence is put after a version",
}
_SETUP_KNOWN = ("interface", "randomiseorder", "poolsize", "loudness", "samplerate", "crossfade",
                "returnurl", *_SETUP_LOST)  # fmt: skip
_PAGE_KNOWN = ("id", "hosturl", "randomiseorder", "repeatcount", "loop", "synchronous", "loudness",
               "label", "position", *_PAGE_LOST)  # fmt: skip
_TRAINING = re.compile(r"train|practi[cs]e", re.IGNORECASE)


def read_waet(path: Path, notes: MovingNotes) -> FoundTest:
    """The test that a configuration describes; what is to be told of it goes to ``notes``.

    Raises:
        UserError: if the file is no configuration of WAET.
    """
    root = read_xml(path)
    if root.name != "waet" or root.first("setup") is None:
        raise UserError(
            f"{path}:{root.line}: is no configuration of WAET, which is <waet> with <setup> and "
            f"<page>; this is <{root.name}>"
        )
    if root.get("key") or root.first("datetime") is not None:
        raise UserError(f"{path}: holds results, not a configuration; read it with earmark analyse")
    return _Reader(root, path, notes).read()


class _Reader(PageFiles):
    def __init__(self, root: XmlElement, path: Path, notes: MovingNotes) -> None:
        setup = root.first("setup")
        assert setup is not None, "looked for before"
        super().__init__(root, setup, notes)
        self.path = path

    def read(self) -> FoundTest:
        """The whole configuration."""
        setup, notes = self.setup, self.notes
        for name in setup.attributes:
            if name in _SETUP_LOST:
                notes.lost(setup.line, f"{setup.shown[name]}: {_SETUP_LOST[name]}")
            elif name not in _SETUP_KNOWN:
                notes.lost(setup.line, f"{setup.shown[name]}: is no attribute that is known here")
        self._metrics()
        before, after = self._steps()
        pages = [self._page(one) for one in self.root.all("page")]
        found = tuple(one for one in pages if one is not None)
        training = tuple(one for one in found if one.training)
        rated = tuple(one for one in found if not one.training)
        inside: tuple[FoundPage | FoundGroup, ...] = (
            *training,
            FoundGroup(setup.line, rated, _true(setup, "randomiseOrder"), self._draw(rated)),
        )
        head: dict[str, Any] = {"study": safe_name(self.path.stem), "title": self._title(rated)}
        head |= self._audio_keys()
        notes.say(0, f"a WAET test has no name: the study is named {head['study']!r}")
        return FoundTest(TOOL, head, before, FoundGroup(setup.line, inside), after)

    def _title(self, pages: Sequence[FoundPage]) -> str:
        said = [str(page.test.get("question") or "") for page in pages]
        return next((one for one in said if one), "Listening test")

    def _draw(self, pages: Sequence[FoundPage]) -> int | None:
        said = self.setup.get("poolSize")
        if not said.isdigit() or not 0 < int(said) < len(pages):
            return None
        self.notes.say(
            self.setup.line, f"poolSize: each listener gets {said} of {len(pages)} pages, those "
            "that were taken least"
        )  # fmt: skip
        return int(said)

    def _audio_keys(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        rate = self.setup.get("sampleRate")
        if rate in ("44100", "48000", "88200", "96000"):
            found["sample_rate"] = int(rate)
        elif rate:
            self.notes.lost(self.setup.line, f"sampleRate: {rate} Hz is none of the studies' rates")
        loudness = number(self.setup.get("loudness"))
        if loudness is not None and -60 <= loudness <= -5:
            found["loudness"] = {"target_lufs": loudness}
            self.notes.say(
                self.setup.line,
                f"loudness: versions are matched to {loudness:g} LUFS, downwards only; check says "
                "if one lies below",
            )
        elif loudness is not None:
            self.notes.lost(self.setup.line, f"loudness: {loudness:g} LUFS is no level to match to")
        if self.excerpts:
            found["excerpts"] = {"select": "start", **self.excerpts}
        return found

    def _metrics(self) -> None:
        metric = self.setup.first("metric")
        if metric is not None and metric.inside:
            self.notes.lost(
                metric.inside[0].line,
                "metric: times, plays and movements are always kept; nothing is lost",
            )

    def _steps(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        before: list[Any] = []
        after: list[Any] = []
        for survey in self.setup.all("survey"):
            late = survey.get("location") in ("post", "after")
            (after if late else before).extend(survey_steps(survey, self.notes))
        calibration = self.setup.first("calibration")
        if calibration is not None:
            before.append("volume")
            self.notes.say(
                calibration.line,
                "calibration: the volume step sets the level and checks left and right; "
                "frequencies are not checked",
            )
        thanks: dict[str, Any] = {}
        words = self.setup.first("exitText")
        if words is not None:
            thanks["text"] = markdown(" ".join(words.text.split()))[0]
        address = self.setup.get("returnURL")
        if re.match(r"https?://", address):
            thanks["redirect"] = address
        elif address:
            self.notes.lost(self.setup.line, "returnURL: is no https:// address")
        if thanks:
            after.append({"thanks": thanks})
        return tuple(before), tuple(after)

    def _options(self, page: XmlElement) -> list[XmlElement]:
        found = []
        for interface in (*self.setup.all("interface"), *page.all("interface")):
            found += [one for one in interface.every() if one.name == "interfaceoption"]
        return found

    def _rules(self, page: XmlElement, test: dict[str, Any]) -> None:
        rules: dict[str, bool] = {}
        for option in self._options(page):
            name, sort, line = option.get("name"), option.get("type"), option.line
            if name == "fragmentMoved":
                rules["must_rate"] = True
            elif name == "fragmentPlayed":
                rules["must_play"] = True
            elif name == "fragmentFullPlayback":
                rules["must_play"] = True
                self.notes.lost(line, f"{name}: must_play asks that each is started, not its end")
            elif name == "fragmentComments":
                rules["must_comment"] = True
                test["comments"] = "per_stimulus"
            elif sort == "show" and name == "comments":
                test["comments"] = "per_stimulus"
            elif sort == "show" and name in ("page-count", "playhead", "volume"):
                words = {
                    "page-count": "always shown; nothing is lost",
                    "playhead": "always shown; nothing is lost",
                    "volume": "the level is set before the pages",
                }
                self.notes.lost(line, f"{name}: {words[name]}")
            elif name == "scalerange":
                self.notes.lost(
                    line, "scalerange: there is no rule that the scale is used from end to end, "
                    "which forces differences"
                )  # fmt: skip
            else:
                self.notes.lost(line, f"{sort} {name}: has no counterpart")
        if rules:
            test["rules"] = rules

    def _page(self, page: XmlElement) -> FoundPage | None:
        name = page.get("id") or f"page {page.line}"
        interface = self.setup.get("interface", "APE")
        kind = _KINDS.get(interface.lower())
        if kind is None:
            self.notes.fault(
                self.setup.line,
                f"interface: {interface!r} has no kind here; APE, MUSHRA, AB, ABX, ordinal and "
                "horizontal-sliders have one",
            )
            return None
        self._attributes(page)
        files = self.files(page)
        if files is None:
            return None
        versions, reference, anchors = files
        if kind == "mushra" and reference is None:
            kind = "attributes"
            self.notes.say(
                page.line, "MUSHRA without a reference is sliders side by side: kind attributes"
            )
        test: dict[str, Any] = {"kind": kind}
        self._words(page, kind, test)
        if kind == "mushra":
            test["anchors"] = anchors
            if not anchors:
                test["strict"] = False
                self.notes.say(
                    self.setup.line, "without its low-pass anchors this is no MUSHRA of BS.1534"
                )
        if page.get("loop") == "false":
            test["loop"] = False
        if (number(self.setup.get("crossFade")) or 0) > 0:
            if kind in ("ape", "pairwise"):
                test["crossfade"] = True
            else:
                self.notes.lost(self.setup.line, f"crossFade: {kind} pages never cross-fade")
        self._rules(page, test)
        if kind in ("pairwise", "abx"):
            if len(versions) != 2:
                self.notes.fault(page.line, f"page {name!r}: a pair has two versions")
                return None
            test["pairs"] = [list(versions)]
        for survey in page.all("survey"):
            self.notes.lost(survey.line, "survey: questions within a page have no counterpart")
        self._repeats(page, name)
        return self._made(page, name, versions, reference, test)

    def _made(
        self, page: XmlElement, name: str, versions: Mapping[str, FoundFile],
        reference: FoundFile | None, test: Mapping[str, Any],
    ) -> FoundPage:  # fmt: skip
        training = bool(_TRAINING.match(name))
        passage = self.shared.get(name) or name
        if training:
            passage = passage_in([one.path for one in versions.values()]) or name
            self.notes.say(
                page.line,
                f"page {name!r} is taken as training, because of its id: its ratings never count; "
                f"its passage is {passage!r}",
            )
        return FoundPage(
            page.line, name, passage, versions, reference, test, training,
            page.get("randomiseOrder", "true") != "false", self.cut(page),
        )  # fmt: skip

    def _attributes(self, page: XmlElement) -> None:
        for key in page.attributes:
            if key in _PAGE_LOST:
                self.notes.lost(page.line, f"{page.shown[key]}: {_PAGE_LOST[key]}")
            elif key not in _PAGE_KNOWN:
                self.notes.lost(page.line, f"{page.shown[key]}: is no attribute that is known here")
        if page.get("synchronous") == "false":
            self.notes.lost(page.line, "synchronous: versions always play in step")
        if page.get("label", "default") not in ("default", "none"):
            self.notes.lost(
                page.line, f"label: versions are always A, B, C, not {page.get('label')!r}"
            )
        said = page.get("position")
        if said and not _TRAINING.match(page.get("id")):
            self.notes.lost(page.line, "position: a page has no fixed place among shuffled ones")
        own = number(page.get("loudness"))
        if own is not None and own != number(self.setup.get("loudness")):
            self.notes.lost(page.line, "loudness: all passages are matched to one level")

    def _repeats(self, page: XmlElement, name: str) -> None:
        said = page.get("repeatCount", "0")
        if said.isdigit() and int(said) > 0:
            self.notes.lost(
                page.line,
                f"repeatCount: page {name!r} comes once; design.repeats draws which pages come "
                "again",
            )

    def _words(self, page: XmlElement, kind: str, test: dict[str, Any]) -> None:
        title = page.words("title")
        interfaces = page.all("interface")
        axes = []
        for one in interfaces:
            axes.append(self._axis(one, kind, alone=len(interfaces) == 1))
        if kind in ("ape", "attributes"):
            test["axes"] = axes
        elif len(interfaces) > 1:
            self.notes.lost(interfaces[1].line, f"interface: a {kind} page asks one question")
        own = interfaces[0].words("title") if interfaces else ""
        question = title or (own if kind not in ("ape", "attributes") else "")
        if question:
            test["question"] = question
        prefix = page.first("commentboxprefix")
        if prefix is not None and prefix.text.strip() and prefix.text.strip() != "Comment on":
            self.notes.lost(prefix.line, "commentboxprefix: the words of comment boxes are fixed")
        for box in page.all("commentquestions") + page.all("commentquestion"):
            self.notes.lost(box.line, "commentquestion: comments are per version or per page")

    def _axis(self, interface: XmlElement, kind: str, *, alone: bool) -> dict[str, str]:
        name = interface.get("name") or ("preference" if alone else interface.words("title"))
        axis = {"name": name or "preference"}
        if interface.words("title"):
            axis["label"] = interface.words("title")
        for image in interface.all("image"):
            self.notes.lost(image.line, "image: pages show no images")
        scales = interface.first("scales")
        labels = [one for one in (scales.inside if scales else []) if one.name == "scalelabel"]
        words = tuple(" ".join(one.text.split()) for one in labels)
        if kind == "mushra" and tuple(one.lower() for one in words) == _BANDS:
            return axis
        for one, text in zip(labels, words, strict=True):
            end = {0.0: "left", 100.0: "right"}.get(number(one.get("position")) or 0.0)
            if kind in ("ape", "attributes") and end is not None:
                axis[end] = text
            else:
                where = "only the ends are labelled" if end is None else f"{kind} has its own words"
                self.notes.lost(one.line, f"scalelabel {text!r}: {where}")
        return axis


def _true(element: XmlElement, name: str) -> bool:
    return element.get(name, "false") == "true"
