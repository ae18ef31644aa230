"""The catalogues hold every text that the pages ask for, in every language alike."""

import json
import re

import pytest
from places import ROOT

HOME = ROOT / "listening_test"
LANGUAGES = HOME / "study" / "languages"
ENGLISH: dict[str, str] = json.loads((LANGUAGES / "en.json").read_text(encoding="utf-8"))
CODES = ("uk", "de", "fr", "es", "ar")
# Keys that a script puts together from a part and a word of the server's or the engine's.
MADE = {
    "audio.": ("blocked", "stopped", "stalled", "rate", "unsupported"),
    "frame.theme_": ("auto", "light", "dark"),
    "missing.": ("unplayed", "unrated", "unrated_in", "uncommented", "none_at_maximum"),
    "title.": ("consent", "volume", "headphone", "questionnaire", "training", "break", "thanks"),
    "band.": ("preview", "pilot", "simulated"),
}


def asked() -> set[str]:
    """Every key that a script or a template names."""
    found: set[str] = set()
    for path in (HOME / "static").rglob("*.js"):
        found |= set(re.findall(r"\bt\(\s*\"([^\"$]+)\"", path.read_text(encoding="utf-8")))
    for path in (HOME / "server" / "templates").glob("*.html"):
        found |= set(re.findall(r"\btext\(\"([a-z_.]+[a-z])\"", path.read_text(encoding="utf-8")))
    assert len(found) > 80
    return found | {start + end for start, ends in MADE.items() for end in ends}


def test_every_text_that_is_asked_for_is_there() -> None:
    assert sorted(asked() - set(ENGLISH)) == []


@pytest.mark.parametrize("code", CODES)
def test_a_language_says_everything_that_english_says(code: str) -> None:
    words = json.loads((LANGUAGES / f"{code}.json").read_text(encoding="utf-8"))
    assert sorted(set(ENGLISH) ^ set(words)) == []
    places = re.compile(r"\{(\w+)\}")
    for key, text in ENGLISH.items():
        assert sorted(places.findall(words[key])) == sorted(places.findall(text)), key
        assert words[key].strip() == words[key] != ""


def test_no_page_has_inline_script_or_style() -> None:
    """The content security policy would refuse them, and the page would be dumb or bare."""
    for path in (HOME / "server" / "templates").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text), path.name
