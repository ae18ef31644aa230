"""Turns the HTML of another tool's texts into Markdown: what a study's texts may show is kept."""

import re
from html.parser import HTMLParser

_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*"}
_SILENT = ("script", "style", "head", "title")
_BLOCKS = ("p", "div", "section", "ul", "ol", "table", "blockquote", "center", "h1", "h2", "h3")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.lost: list[str] = []
        self._silent = 0
        self._lists: list[int] = []
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _SILENT:
            self._silent += 1
            self.lost.append(tag)
        elif tag in _MARKS:
            self.out.append(_MARKS[tag])
        elif re.fullmatch(r"h[1-6]", tag):
            self.out.append(f"\n\n{'#' * min(int(tag[1]), 4)} ")
        elif tag == "br":
            self.out.append("  \n")
        elif tag in ("ul", "ol"):
            self.out.append("\n\n")
            self._lists.append(1 if tag == "ol" else 0)
        elif tag == "li":
            number = self._lists[-1] if self._lists else 0
            self.out.append(f"\n{number}. " if number else "\n- ")
            if number:
                self._lists[-1] += 1
        elif tag == "a":
            self._link = given.get("href") or ""
            self.out.append("[")
        elif tag in _BLOCKS:
            self.out.append("\n\n")
        elif tag not in ("span", "font", "body", "html", "u", "hr", "tr", "td", "th", "tbody"):
            self.lost.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _MARKS:
            self.out.append(_MARKS[tag])
        elif tag == "a":
            link = self._link if re.match(r"https?://|mailto:", self._link) else ""
            self.out.append(f"]({link})" if link else "]")
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
            self.out.append("\n\n")
        elif tag in _BLOCKS or re.fullmatch(r"h[1-6]", tag):
            self.out.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            words = re.sub(r"\s+", " ", data)
            self.out.append(re.sub(r"([\\`*_\[\]<>])", r"\\\1", words))


def markdown(html: str) -> tuple[str, tuple[str, ...]]:
    """The text as Markdown, and the tags that have no place in it (``img``, ``script``, …)."""
    if "<" not in html and "&" not in html:
        return html.strip(), ()
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = "".join(reader.out)
    text = re.sub(r"[ \t]*\n[ \t]*\n\s*", "\n\n", text)
    text = "\n".join(line if line.endswith("  ") else line.rstrip() for line in text.split("\n"))
    return text.strip(), tuple(dict.fromkeys(reader.lost))
