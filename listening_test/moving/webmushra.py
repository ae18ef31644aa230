"""Reads a configuration of webMUSHRA (YAML): pages of its types, nested and random blocks.

The keys are those of audiolabs/webMUSHRA (doc/experimenter.md). Paths are relative to its folder.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...models.configuration import Key, YamlLines, read_yaml
from ...models.errors import UserError
from ..study.file import check_name
from .contract import FoundFile, FoundGroup, FoundPage, FoundStep, FoundTest, MovingNotes
from .html_text import markdown
from .names import passage_in, safe_name
from .webmushra_questions import question, tell_steps

TOOL = "webMUSHRA"
_LANGUAGES = ("en", "de", "fr", "es")
_TOP = ("testname", "testId", "language", "showButtonPreviousPage", "pages")
_KINDS = {"mushra": "mushra", "paired_comparison": "abx", "bs1116": "bs1116"}
_STEPS = ("generic", "consent", "volume", "finish")
_STEPPED = ("likert_multi_stimulus", "likert_single_stimulus")
_NOTHING_LOST = {
    "bufferSize": "the size of the sound buffer is the browser's own here; nothing is lost",
    "stopOnErrors": "errors are told to listeners and logged here; nothing is lost",
    "remoteService": "ratings go to the server of the study; nothing is lost",
    "variables": "variables of a configuration are not read",
}
_LOST = {
    "showWaveform": "no waveform is shown, as it helps to tell systems apart by eye",
    "showConditionNames": "names are never shown to listeners",
    "switchBack": "versions always keep the position; nothing is lost",
    "popupContent": "",
    "showResults": "listeners do not see names of systems, nor their ratings with them",
}
_KNOWN = {
    "mushra": ("reference", "createAnchor35", "createAnchor70", "strict", "randomize",
               "enableLooping", "stimuli"),
    "paired_comparison": ("reference", "unforced", "enableLooping", "stimuli"),
    "bs1116": ("reference", "createAnchor35", "createAnchor70", "enableLooping", "stimuli"),
    "generic": (),
    "consent": ("mustConsent",),
    "volume": ("stimulus", "defaultVolume"),
    "finish": ("writeResults", "questionnaire"),
}  # fmt: skip
_TRAINING = re.compile(r"train|practi[cs]e", re.IGNORECASE)


def is_webmushra(data: Any) -> bool:
    """Whether a YAML file's data can be a configuration of webMUSHRA."""
    return isinstance(data, dict) and "pages" in data and "earmark" not in data


def read_webmushra(path: Path, notes: MovingNotes) -> FoundTest:
    """The test that a configuration describes; what is to be told of it goes to ``notes``.

    Raises:
        UserError: if the file is no configuration of webMUSHRA.
    """
    data, lines = read_yaml(path)
    if not is_webmushra(data) or not isinstance(data["pages"], list):
        raise UserError(f"{path}: is no configuration of webMUSHRA, which has a list of pages")
    return _Reader(data, lines, notes).read()


class _Reader:
    def __init__(self, data: Mapping[str, Any], lines: YamlLines, notes: MovingNotes) -> None:
        self.data, self.lines, self.notes = data, lines, notes
        self.before: list[Any] = []
        self.after: list[Any] = []
        self.thanks: dict[str, Any] = {}
        self.welcome = ""
        self.begun = self.finished = False
        self.ids: dict[str, int] = {}

    def read(self) -> FoundTest:
        """The whole configuration."""
        for key in self.data:
            if key in _NOTHING_LOST:
                self.notes.lost(self.lines.at(key), f"{key}: {_NOTHING_LOST[key]}")
            elif key not in _TOP:
                self.notes.lost(self.lines.at(key), f"{key}: is no key that is known here")
        inside = self._group(self.data["pages"], ("pages",))
        if not self.finished:
            self.notes.say(
                0, "there is no page of type finish; thanks come at the end all the same"
            )
        head: dict[str, Any] = {
            "study": self._name(),
            "title": str(self.data.get("testname") or self._name()),
        }
        if self.welcome:
            head["welcome"] = self.welcome
        head |= self._languages()
        if self.thanks:
            self.after.append({"thanks": self.thanks})
        return FoundTest(
            TOOL,
            head,
            tuple(self.before),
            FoundGroup(self.lines.at("pages"), inside),
            tuple(self.after),
            folders=(".", ".."),
        )

    def _name(self) -> str:
        said = str(self.data.get("testId") or self.data.get("testname") or "")
        try:
            return check_name(said)
        except ValueError as error:
            self.notes.fault(
                self.lines.at("testId"),
                f"testId: {said!r} cannot name a study: {error}; write {safe_name(said)!r}",
            )
            return safe_name(said)

    def _languages(self) -> dict[str, Any]:
        said = self.data.get("language", "en")
        if said == "en":
            return {}
        line = self.lines.at("language")
        if said not in _LANGUAGES:
            self.notes.fault(line, f"language: {said!r} is not one of {', '.join(_LANGUAGES)}")
            return {}
        self.notes.say(
            line, f"language: the pages speak {said}; the texts of this file stay as they are"
        )
        return {"languages": [said]}

    def _group(
        self, entries: list[Any], at: tuple[Key, ...], first: int = 0
    ) -> tuple[FoundPage | FoundStep | FoundGroup, ...]:
        found: list[FoundPage | FoundStep | FoundGroup] = []
        for index, entry in enumerate(entries[first:], first):
            here = (*at, index)
            if isinstance(entry, list):
                shuffled = bool(entry) and entry[0] == "random"
                # What is shuffled cannot stand before the rest any more.
                self.begun = True
                inside = self._group(entry, here, int(shuffled))
                found.append(FoundGroup(self.lines.at(*here), inside, shuffled=shuffled))
            elif isinstance(entry, dict):
                one = self._page(entry, here)
                found += [one] if one is not None else []
            else:
                self.notes.fault(self.lines.at(*here), f"{entry!r} is no page")
        return tuple(found)

    def _page(self, page: Mapping[str, Any], here: tuple[Key, ...]) -> FoundPage | FoundStep | None:
        kind, line = str(page.get("type")), self.lines.at(*here)
        at = self.lines.at(*here, "type")
        if kind not in _KNOWN and kind not in _STEPPED:
            self.notes.fault(at, f"type: a page of type {kind!r} has no kind here; leave it out")
            return None
        self._once(page, here)
        if kind in _STEPPED:
            tell_steps(page, here, self.lines, self.notes)
            return None
        self._keys(page, here, kind)
        if kind in _STEPS:
            return self._step(page, here, kind, line)
        return self._rated(page, here, kind, line)

    def _once(self, page: Mapping[str, Any], here: tuple[Key, ...]) -> None:
        name = page.get("id")
        if name is None:
            return
        line = self.lines.at(*here, "id")
        if str(name) in self.ids:
            self.notes.fault(
                line,
                f"id: {name!r} stands at line {self.ids[str(name)]} too: ratings of both pages "
                "would stand under one name; give this page another id",
            )
        self.ids.setdefault(str(name), line)

    def _keys(self, page: Mapping[str, Any], here: tuple[Key, ...], kind: str) -> None:
        for key, value in page.items():
            line = self.lines.at(*here, str(key))
            if key in ("type", "id", "name", "content", *_KNOWN[kind]):
                continue
            if key in _LOST:
                if value and _LOST[key]:
                    self.notes.lost(line, f"{key}: {_LOST[key]}")
            else:
                self.notes.lost(line, f"{key}: is no key of a {kind} page that is known here")

    def _text(self, value: Any, line: int) -> str:
        text, lost = markdown(str(value or ""))
        for tag in lost:
            shown = "images are not shown" if tag == "img" else f"<{tag}> has no place in a text"
            self.notes.lost(line, f"content: {shown}")
        return text

    def _step(
        self, page: Mapping[str, Any], here: tuple[Key, ...], kind: str, line: int
    ) -> FoundStep | None:
        content = self.lines.at(*here, "content")
        text = self._text(page.get("content"), content)
        if kind == "finish":
            self._finish(page, here, text)
            return None
        heading = str(page.get("name") or "")
        if kind == "consent":
            step: Any = {"consent": {"text": text}} if text else "consent"
            if page.get("mustConsent") is False:
                self.notes.lost(
                    self.lines.at(*here, "mustConsent"),
                    "mustConsent: who does not agree cannot go on here",
                )
        elif kind == "volume":
            self._volume(page, here)
            step = {"volume": {"text": text}} if text else "volume"
            if self.begun or any("volume" in one for one in self.before):
                self.notes.lost(line, "volume: the level is set once, before the pages")
                if any("volume" in one for one in self.before):
                    return None
                self.before.append(step)
                return None
        else:
            if not self.begun and not self.before and not self.welcome:
                self.welcome = text if not heading or heading in text else f"## {heading}\n\n{text}"
                return None
            step = {"text": f"## {heading}\n\n{text}" if heading and heading not in text else text}
        if self.begun:
            return FoundStep(line, step)
        self.before.append(step)
        return None

    def _volume(self, page: Mapping[str, Any], here: tuple[Key, ...]) -> None:
        if "defaultVolume" in page:
            self.notes.lost(
                self.lines.at(*here, "defaultVolume"),
                "defaultVolume: the volume step has a start of its own",
            )
        if "stimulus" in page:
            self.notes.lost(
                self.lines.at(*here, "stimulus"),
                "stimulus: the volume step plays a passage of the study",
            )

    def _finish(self, page: Mapping[str, Any], here: tuple[Key, ...], text: str) -> None:
        self.finished = True
        if not page.get("writeResults"):
            self.notes.say(
                self.lines.at(*here),
                "writeResults is missing: webMUSHRA itself would store nothing; here everything is",
            )
        popup = page.get("popupContent")
        if popup:
            words = self._text(popup, self.lines.at(*here, "popupContent"))
            text = f"{text}\n\n{words}" if text else words
            self.notes.say(
                self.lines.at(*here, "popupContent"), "popupContent: joined to the thanks"
            )
        if text:
            self.thanks = {"text": text}
        asked = page.get("questionnaire")
        questions = [
            question(one, (*here, "questionnaire", index), self.lines, self.notes)
            for index, one in enumerate(asked if isinstance(asked, list) else [])
            if isinstance(one, dict)
        ]
        if questions:
            self.after.append({"questionnaire": [one for one in questions if one is not None]})

    def _rated(
        self, page: Mapping[str, Any], here: tuple[Key, ...], kind: str, line: int
    ) -> FoundPage | None:
        self.begun = True
        name = str(page.get("id") or page.get("name") or f"page {line}")
        stimuli = page.get("stimuli")
        if not isinstance(stimuli, dict) or not stimuli:
            self.notes.fault(line, f"page {name!r} has no stimuli")
            return None
        if page.get("unforced") is not None:
            self.notes.lost(
                self.lines.at(*here, "id"),
                f"page {name!r} is left out: it may be answered by {str(page['unforced'])!r}, and "
                "abx requires an answer",
            )
            return None
        versions = self._versions(stimuli, here)
        said = page.get("reference")
        reference = None
        if said is None:
            self.notes.fault(line, f"page {name!r}: a {kind} page needs a reference")
        else:
            reference = FoundFile(self.lines.at(*here, "reference"), str(said))
            same = [n for n, one in versions.items() if one.path == reference.path]
            for other in same:
                self.notes.say(
                    versions[other].line,
                    f"stimuli: {other!r} is the file of the reference; it is the hidden reference",
                )
                versions = {n: one for n, one in versions.items() if n != other}
        if "reference" in versions:
            self.notes.fault(
                versions["reference"].line,
                "stimuli: 'reference' is the name of the reference, and this is another file",
            )
        training = bool(_TRAINING.match(name))
        passage = name
        if training:
            passage = passage_in([one.path for one in versions.values()]) or name
            self.notes.say(
                self.lines.at(*here, "id"),
                f"page {name!r} is taken as training, because of its id: its ratings never count; "
                f"its passage is {passage!r}",
            )
        test = {"kind": _KINDS[kind], **self._test(page, here, kind, list(versions))}
        shuffled = page.get("randomize") is not False
        keys = {"question": "name", "instructions": "content", "loop": "enableLooping"}
        lines = {ours: self.lines.at(*here, theirs) for ours, theirs in keys.items()}
        lines["anchors"] = self.lines.at(
            *here, "createAnchor70" if "createAnchor70" in page else "createAnchor35"
        )
        lines["strict"] = self.lines.at(*here, "strict")
        return FoundPage(
            line, name, passage, versions, reference, test, training, shuffled, lines=lines
        )

    def _versions(self, stimuli: Mapping[str, Any], here: tuple[Key, ...]) -> dict[str, FoundFile]:
        found: dict[str, FoundFile] = {}
        for system, file in stimuli.items():
            one = FoundFile(self.lines.at(*here, "stimuli", system), str(file))
            twin = next((n for n, other in found.items() if other.path == one.path), None)
            if twin is not None:
                self.notes.fault(one.line, f"stimuli: {system!r} and {twin!r} are the same file")
            found[str(system)] = one
        return found

    def _test(
        self, page: Mapping[str, Any], here: tuple[Key, ...], kind: str, systems: list[str]
    ) -> dict[str, Any]:
        test: dict[str, Any] = {}
        if page.get("name"):
            test["question"] = str(page["name"])
        text = self._text(page.get("content"), self.lines.at(*here, "content"))
        if text:
            test["instructions"] = text
        if page.get("enableLooping") is False:
            test["loop"] = False
        if not self.data.get("showButtonPreviousPage"):
            test["back"] = False
        if kind == "mushra":
            made = [
                name
                for name, key in (
                    ("lowpass_3500", "createAnchor35"),
                    ("lowpass_7000", "createAnchor70"),
                )
                if page.get(key)
            ]
            test["anchors"] = made
            if page.get("strict") is False:
                test["strict"] = False
                self.notes.say(
                    self.lines.at(*here, "strict"), "strict: false is no MUSHRA of BS.1534 any more"
                )
            elif len(made) < 2:
                self.notes.say(
                    self.lines.at(*here),
                    "without both low-pass anchors this is no MUSHRA of BS.1534",
                )
        for key in ("createAnchor35", "createAnchor70"):
            if kind == "bs1116" and page.get(key):
                self.notes.lost(
                    self.lines.at(*here, key), f"{key}: BS.1116 has no anchors, nor has this kind"
                )
        if kind == "paired_comparison":
            self._paired(page, here, test, systems)
        return test

    def _paired(
        self, page: Mapping[str, Any], here: tuple[Key, ...], test: dict[str, Any],
        systems: list[str],
    ) -> None:  # fmt: skip
        line = self.lines.at(*here, "type")
        test["pairs"] = [["reference", name] for name in systems]
        self.notes.say(
            line,
            "paired_comparison asks which version is the reference: it is right or wrong, so it is "
            "kind abx, where X is drawn from both; where its content speaks of the reference, "
            "write X",
        )
        if "unforced" in page:
            self.notes.say(
                self.lines.at(*here, "unforced"), "unforced without a value: a forced choice"
            )
