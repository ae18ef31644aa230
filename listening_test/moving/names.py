"""Names that a configuration does not say: of passages and systems from files, of questions."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath


def safe_name(said: str) -> str:
    """A name that a study may have, near the one that was said."""
    kept = re.sub(r"[^\w .-]+", "-", said).strip(" .-_")[:80].strip()
    return kept or "moved study"


def question_id(said: str) -> str:
    """An id that a question may have."""
    return re.sub(r"[^\w-]+", "_", said.strip()).strip("_")[:60] or "question"


def stems(paths: Sequence[str]) -> list[str]:
    """The names of files without folder and ending."""
    return [PurePosixPath(path.replace("\\", "/")).stem for path in paths]


def passage_in(paths: Sequence[str]) -> str:
    """What the names of files begin with alike, to a word's end: ``pop`` of ``pop_a``, ``pop_b``.

    Files that are alike in their folder alone give its name.
    """
    names = stems(paths)
    if len(set(names)) > 1:
        words = [re.split(r"[_\-. ]", name) for name in names]
        alike = [first for first, *others in zip(*words, strict=False) if set(others) <= {first}]
        same = []
        for first, *others in zip(*words, strict=False):
            if set(others) - {first}:
                break
            same.append(first)
        if same and alike:
            return "_".join(same)
    folders = {PurePosixPath(path.replace("\\", "/")).parent.name for path in paths}
    return folders.pop() if len(folders) == 1 else ""


def systems_in(paths: Sequence[str]) -> dict[str, str]:
    """A system for each file: its name less what the files begin and end with alike."""
    names = stems(paths)
    words = [re.split(r"(?<=[_\-. ])", name) for name in names]
    first = _alike(words)
    last = _alike([one[::-1][: len(one) - first] for one in words])
    kept = ["".join(one[first : len(one) - last]).strip("_-. ") for one in words]
    return {path: kept[at] or names[at] for at, path in enumerate(paths)}


def _alike(words: Sequence[Sequence[str]]) -> int:
    count = 0
    for first, *others in zip(*words, strict=False):
        if set(others) - {first}:
            break
        count += 1
    return min(count, min(map(len, words)) - 1)
