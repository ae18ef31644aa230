"""What looks like a person: it is named as such, and no message shows it.

E-mail addresses, phone numbers, the ids that Prolific and Mechanical Turk give to people, and free
text.
"""

import re
from collections.abc import Iterable, Sequence

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PROLIFIC = re.compile(r"[0-9a-f]{24}")
_TURK = re.compile(r"A[0-9A-Z]{9,20}")
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
# Eight digits or more with what stands between those of a number to call; no date or decimal.
_PHONE = re.compile(r"(?<![\d.,])\+?\d{2,4}[ /-]\(?\d{2,}[ /)-]*\d{2,}[\d /-]*\d(?![\d.,])")
_LONGEST = 40
_MOST_NAMES = 8
_MOST_LETTERS = 160


def kind_of(text: str) -> str:
    """What personal thing a text looks like: ``e-mail address``, …; '' for none."""
    text = text.strip()
    if _MAIL.search(text):
        return "e-mail address"
    if _PROLIFIC.fullmatch(text):
        return "Prolific id"
    if _TURK.fullmatch(text) and any(c.isdigit() for c in text):
        return "worker id"
    if _ADDRESS.search(text):
        return "network address"
    if _PHONE.search(text):
        return "phone number"
    return ""


def kind_of_all(values: Iterable[str]) -> str:
    """What most values of a column look like; '' for nothing personal."""
    values = [value for value in values if value.strip()]
    kinds = [kind for value in values[:1000] if (kind := kind_of(value))]
    return max(set(kinds), key=kinds.count) if 2 * len(kinds) > min(len(values), 1000) else ""


def shown(text: str) -> str:
    """A value as a message may show it: quoted, or only what it is."""
    if kind := kind_of(text):
        return f"(an {kind})" if kind[0] in "aeiou" else f"(a {kind})"
    if len(text) > _LONGEST:
        return f"(a text of {len(text)} characters)"
    return repr(text)


def names(values: Sequence[str], most: int = _MOST_NAMES) -> str:
    """Names for a message: quoted, without personal ones, and only the first ``most``."""
    words: list[str] = []
    for value in values[:most]:
        words.append(shown(value))
        if sum(map(len, words)) > _MOST_LETTERS:
            break
    if len(values) > len(words):
        words.append(f"and {len(values) - len(words)} more")
    return ", ".join(words)
