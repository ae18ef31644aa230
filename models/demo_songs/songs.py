"""Demo songs: music that the project makes itself, as stems, mix and reference master.

A song is drawn from ``(seed, index)`` alone: style in turn, then key, tempo, form, chords and
notes (:mod:`.arrangement`), sounds (:mod:`.styles`), balance and room (:mod:`.desk`), and last
the reference master by a simulated engineer (:mod:`.engineer`). The mix is the sum of its stems.
All of it is SIMULATED: good for trying a tool and for training without downloads, no substitute
for music.
"""

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from ..audio.files import write
from ..errors import UserError
from .composition import plan
from .mastering import master
from .mixing import mixed
from .styles_driven import ELECTRONIC, HIP_HOP, ROCK
from .styles_gentle import ACOUSTIC, BALLAD, ORCHESTRAL

# Grows whenever the same seed makes other bytes; song folders of another version are made anew.
VERSION = 1
# Too short for an intro, a verse and a chorus; too long for the memory of a small machine.
SHORTEST_SECONDS, LONGEST_SECONDS = 3.0, 600.0
LOWEST_RATE = 16000

STYLES = (ROCK, ELECTRONIC, HIP_HOP, ACOUSTIC, ORCHESTRAL, BALLAD)


@dataclass(frozen=True)
class DemoSong:
    """One song, all audio ``(2, samples)`` float32 and aligned; ``mix`` is the sum of ``stems``.

    ``tags`` say genre, tempo, key and origin (``synthetic``); ``settings`` say how it was made:
    the draw, the form in seconds, and the engineer's settings.
    """

    id: str
    style: str
    tags: dict[str, str]
    stems: dict[str, Tensor]
    mix: Tensor
    reference: Tensor
    settings: dict[str, Any]


def demo_song(seed: int, index: int, seconds: float, sample_rate: int = 44100) -> DemoSong:
    """The song number ``index`` (from 0) of a ``seed``; its style is the next of the six in turn.

    Raises:
        UserError: for a seed or index that is negative or no whole number, less than 3 s or more
            than 600 s, or a sample rate below 16 kHz.
    """
    _check(seed, seconds, sample_rate)
    if not _counts(index):
        raise UserError(f"there is no demo song {index}; choose a whole number, 0 or more")
    with _one_thread():
        return _made(seed, index, seconds, sample_rate)


def song_id(index: int) -> str:
    """The id of song ``index``, such as ``03-hip-hop`` for the third."""
    return f"{index + 1:02d}-{STYLES[index % len(STYLES)].name}"


def write_demo_songs(
    folder: Path,
    count: int,
    seed: int,
    seconds: float,
    *,
    sample_rate: int = 44100,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write ``count`` song folders and return them; those already there as asked are kept.

    ``FOLDER/ID`` holds ``mix.wav``, ``reference.wav``, ``stems/NAME.wav`` (32-bit float) and
    ``song.json`` (tags and settings), and appears whole or not at all. A demo song made
    otherwise is replaced. ``progress`` is called with the id of each song when it is there.

    Raises:
        UserError: if the folder cannot be written, or holds something else of that name, or for
            values outside what :func:`demo_song` takes.
    """
    if count < 1:
        raise UserError(f"{count} demo songs cannot be made; ask for 1 or more")
    _check(seed, seconds, sample_rate)
    written = []
    for index in range(count):
        target = folder / song_id(index)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not _is_there(target, _draw(seed, index, seconds, sample_rate)):
                _write_song(target, demo_song(seed, index, seconds, sample_rate), sample_rate)
        except OSError as error:
            raise UserError(
                f"{target}: cannot be written ({error.strerror or error}); "
                "free space, or choose another folder"
            ) from None
        written.append(target)
        if progress is not None:
            progress(target.name)
    return written


def _check(seed: int, seconds: float, sample_rate: int) -> None:
    """Refuse what no demo song can be made of."""
    if not _counts(seed):
        raise UserError(f"{seed} is not a seed for demo songs; choose a whole number, 0 or more")
    if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise UserError(
            f"a demo song cannot last {seconds:g} s; ask for {SHORTEST_SECONDS:g} to "
            f"{LONGEST_SECONDS:g} s"
        )
    if not _counts(sample_rate) or sample_rate < LOWEST_RATE:
        raise UserError(
            f"a demo song cannot have a sample rate of {sample_rate} Hz; choose a whole number, "
            f"{LOWEST_RATE} or more"
        )


def _counts(value: object) -> bool:
    """Whether ``value`` is a whole number, 0 or more; also one of NumPy's."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 0


def _made(seed: int, index: int, seconds: float, sample_rate: int) -> DemoSong:
    style = STYLES[index % len(STYLES)]
    composer, mixer, engineer, *players = _generators(seed, index, 3 + len(style.stems))
    song = plan(composer, seconds, style.tempo, style.modes, style.swing)
    stems = mixed(style, song, sample_rate, mixer, players)
    mix = torch.from_numpy(np.sum([stem.astype(np.float64) for stem in stems], axis=0)).float()
    reference, moves = master(mix.double().numpy(), sample_rate, style.loudness, engineer)
    tags = {
        "genre": style.name,
        "tempo": f"{song.tempo:g}",
        "key": song.key_name,
        "origin": "synthetic",
    }
    settings = {
        **_draw(seed, index, seconds, sample_rate),
        "swing": song.swing,
        "sections": [
            {
                "name": section.name,
                "start": round(song.at(section.start), 3),
                "seconds": round(
                    min(song.lasting(section.beats), seconds - song.at(section.start)), 3
                ),
            }
            for section in song.sections
            if song.at(section.start) < seconds
        ],
        "engineer": moves,
    }
    return DemoSong(
        id=song_id(index),
        style=style.name,
        tags=tags,
        stems={
            stem.name: torch.from_numpy(sound)
            for stem, sound in zip(style.stems, stems, strict=True)
        },
        mix=mix,
        reference=torch.from_numpy(reference).float(),
        settings=settings,
    )


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Torch on one thread: on blocks as small as here more of them only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _generators(seed: int, index: int, count: int) -> list[Generator]:
    children = np.random.SeedSequence([seed, index]).spawn(count)
    return [np.random.default_rng(child) for child in children]


def _draw(seed: int, index: int, seconds: float, sample_rate: int) -> dict[str, Any]:
    """What decides every byte of a song."""
    return {
        "version": VERSION,
        "seed": int(seed),
        "index": int(index),
        "seconds": seconds,
        "sample_rate": int(sample_rate),
    }


def _is_there(folder: Path, draw: dict[str, Any]) -> bool:
    """Whether the folder holds the song of this draw; UserError where it holds no demo song."""
    if not folder.exists():
        return False
    try:
        made = json.loads((folder / "song.json").read_text(encoding="utf-8"))["settings"]
        same = all(made[name] == value for name, value in draw.items())
        stems = made["stems"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{folder}: exists and is not a demo song; move it away, or choose another folder"
        ) from None
    files = ["mix.wav", "reference.wav", *(f"stems/{name}.wav" for name in stems)]
    return same and all((folder / name).is_file() for name in files)


def _write_song(target: Path, song: DemoSong, sample_rate: int) -> None:
    """Write all of it into a scratch folder beside ``target``, then rename."""
    scratch = target.with_name(f".{target.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
    old = scratch.with_name(f"{scratch.name}.old")
    try:
        (scratch / "stems").mkdir(parents=True)
        write(scratch / "mix.wav", song.mix, sample_rate)
        write(scratch / "reference.wav", song.reference, sample_rate)
        for name, stem in song.stems.items():
            write(scratch / "stems" / f"{name}.wav", stem, sample_rate)
        record = {
            "id": song.id,
            "tags": song.tags,
            "settings": {**song.settings, "stems": list(song.stems)},
        }
        text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
        (scratch / "song.json").write_text(text + "\n", encoding="utf-8")
        if target.exists():
            target.rename(old)
        scratch.rename(target)
    except UserError as error:  # it names the scratch folder, which nobody asked for
        raise UserError(str(error).replace(str(scratch), str(target))) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
