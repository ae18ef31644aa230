"""The words of the pages in the listener's language, from JSON catalogues; study texts as HTML."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import nh3
from markdown_it import MarkdownIt

FOLDER = Path(__file__).parent / "languages"
NAMES = {
    "en": "English",
    "uk": "Українська",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "ar": "العربية",
}
_RIGHT_TO_LEFT = ("ar",)
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_TAGS = {
    *("p", "br", "strong", "em", "a", "ul", "ol", "li", "h1", "h2", "h3", "h4", "blockquote"),
    *("code", "pre", "hr", "table", "thead", "tbody", "tr", "th", "td"),
}


def direction(language: str) -> str:
    """Where lines of a language begin, as HTML's ``dir`` says it: ``ltr`` or ``rtl``."""
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """The texts of a language by key, those it lacks in English."""
    english: dict[str, str] = json.loads((FOLDER / "en.json").read_text(encoding="utf-8"))
    path = FOLDER / f"{language}.json"
    own = (
        json.loads(path.read_text(encoding="utf-8")) if language in NAMES and path.is_file() else {}
    )
    return {**english, **own}


def text(language: str, key: str, *, missing: str | None = None, **values: Any) -> str:
    """The text of ``key``, ``{name}`` filled in; ``missing`` (else the key) if there is none."""
    found = catalogue(language).get(key)
    if found is None:
        return key if missing is None else missing
    for name, value in values.items():
        found = found.replace("{" + name + "}", str(value))
    return found


def html_of(markdown: str) -> str:
    """Markdown as HTML without scripts, styles, images or anything else that acts or loads."""
    return nh3.clean(
        _MARKDOWN.render(markdown),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
