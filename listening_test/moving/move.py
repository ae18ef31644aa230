"""Moves an existing test in: reads its configuration, and writes a study file or nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ...evaluation.results.store import written
from ...models.errors import UserError
from ..kinds.reading import read_study_file
from .audio import AudioFinder
from .blocks import study_data
from .contract import FoundTest, MovingNotes, ToldLine, ToldSort
from .waet import TOOL as WAET
from .waet import read_waet
from .webmushra import read_webmushra

MOST_BYTES = 20_000_000


@dataclass(frozen=True)
class MovedTest:
    """What came of a configuration; ``path`` is None where nothing was written."""

    tool: str
    study: str
    path: Path | None
    told: tuple[ToldLine, ...]
    kinds: tuple[str, ...] = ()

    def of(self, sort: ToldSort) -> list[ToldLine]:
        """What is told of this sort, by its lines."""
        return sorted((one for one in self.told if one.sort is sort), key=lambda one: one.line)


def move(
    config: Path, audio: Path | None, out: Path, choices: Mapping[str, str] | None = None
) -> MovedTest:
    """Read the configuration ``config`` and write its study file into the folder ``out``.

    Nothing is written where something of it cannot be, or where a choice is open.

    Raises:
        UserError: if it is no configuration, or the study file cannot be written.
    """
    notes = MovingNotes(choices)
    found = _read(config, notes)
    folders = [audio] if audio is not None else [config.parent / one for one in found.folders]
    finder = AudioFinder([one.absolute() for one in folders], notes)
    data = study_data(found, finder, notes, out.absolute())
    unused = sorted(set(notes.choices) - notes.used)
    if unused:
        raise UserError(f"{config}: there is nothing to choose for {unused[0]!r}; leave it out")
    for words in _own(data):
        notes.say(0, words)
    stops = [one for one in notes.told if one.sort in (ToldSort.FAULT, ToldSort.CHOICE)]
    name = str(found.head["study"])
    moved = MovedTest(found.tool, name, None, tuple(notes.told), _kinds(data))
    if stops:
        return moved
    path = out / f"{name}.yaml"
    text = _text(config, data, notes)
    if path.exists():
        if path.read_bytes() != text.encode():
            raise UserError(f"{path}: is there and is another; move it away, or give another --out")
    else:
        with written(path) as scratch:
            scratch.write_text(text, encoding="utf-8")
            try:
                read_study_file(scratch)
            except UserError as error:
                raise UserError(str(error).replace(str(scratch), f"{config}: as a study")) from None
    return MovedTest(moved.tool, name, path, moved.told, moved.kinds)


def _read(config: Path, notes: MovingNotes) -> FoundTest:
    try:
        size = config.stat().st_size
        if size > MOST_BYTES:
            raise UserError(
                f"{config}: has {size / 1e6:.0f} MB; a configuration of at most "
                f"{MOST_BYTES / 1e6:.0f} MB is read; is this the right file?"
            )
        if config.is_dir():
            raise UserError(f"{config}: is a folder; name the configuration in it")
        with config.open("rb") as file:
            start = file.read(400)
    except FileNotFoundError:
        raise UserError(f"{config}: no such file") from None
    except OSError as error:
        raise UserError(f"{config}: cannot be read ({error.strerror})") from None
    begins = start.lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    if begins.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        return read_waet(config, notes)
    return read_webmushra(config, notes)


def _own(data: Mapping[str, Any]) -> Iterator[str]:
    """What is another way here, whatever the configuration says."""
    yield (
        "versions of a passage are matched in loudness here, unless the study file says "
        "loudness: {mode: as_delivered}"
    )
    if any(test.get("anchors") for test in _tests(data)):
        yield "low-pass anchors are made here, by a linear-phase filter that meets BS.1534's mask"


def _kinds(data: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(test["kind"]) for test in _tests(data)))


def _tests(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "test" in data:
        yield data["test"]
    for one in data.get("sequence", ()):
        yield from _tests(one)


class _Plain(yaml.SafeDumper):
    """Writes the same list in two places twice: an alias would be read, but not by people."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(config: Path, data: Mapping[str, Any], notes: MovingNotes) -> str:
    lost = sorted(
        (one for one in notes.told if one.sort is ToldSort.LOST), key=lambda one: one.line
    )
    head = [f"# Moved in from {config.name}."]
    if lost:
        head.append("# Not carried over, each with its line there:")
        head += [f"#   {one.line}: {' '.join(one.words.split())}" for one in lost]
    body = yaml.dump(
        dict(data), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100,
        default_flow_style=False,
    )  # fmt: skip
    return "\n".join(head) + "\n" + body


__all__ = ["WAET", "MovedTest", "move"]
