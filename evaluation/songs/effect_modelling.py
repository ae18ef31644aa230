"""Writes songs for an effect-modelling benchmark: tracks through the real channel strip.

Each song is a folder with ``mix.wav`` (what goes in), ``reference.wav`` (what comes out) and
``song.json`` with the controls and, as tag ``effect``, the row of the table that it belongs to: one
effect alone, all of them (``combined``), or all of them in another order. Controls are drawn from a
seed; those of effects that are not in use stand at their defaults, where they do nothing.
"""

import itertools
import json
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...models.audio.files import fit_length, match_channels, read, resample, write
from ...models.demo_songs.songs import VERSION as SYNTHESIS
from ...models.demo_songs.songs import demo_song, song_id
from ...models.effects.channel_strip import KNOBS, check_settings, knobs_of, through_strip
from ...models.errors import UserError
from ...models.training_data.items import seeded, uniform

VERSION = 1
EFFECTS = ("equalizer", "compressor", "reverb")
COMBINED = "combined"
CONTROLS: Mapping[str, tuple[float, float]] = {
    "low_shelf_db": (-12, 12),
    "peak_2_db": (-12, 12),
    "high_shelf_db": (-12, 12),
    "threshold_db": (-40, -10),
    "ratio": (1, 8),
    "decay_s": (0.2, 1.0),
    "wet": (0, 0.5),
}
"""The controls that are drawn, with their ranges, where a user names no others."""


@dataclass(frozen=True)
class EffectSongs:
    """What to write: ``count`` stereo songs for each row, of ``seconds``.

    ``orders`` adds a row for each other order of the effects.
    """

    count: int = 4
    seconds: float = 5.0
    seed: int = 0
    sample_rate: int = 44_100
    orders: bool = True
    controls: Mapping[str, tuple[float, float]] = field(default_factory=lambda: dict(CONTROLS))

    def rows(self) -> dict[str, tuple[str, ...]]:
        """The effects of each row, in their order."""
        used = [one for one in EFFECTS if set(knobs_of([one])) & set(self.controls)]
        rows: dict[str, tuple[str, ...]] = {one: (one,) for one in used}
        if len(used) > 1:
            rows[COMBINED] = tuple(used)
        if self.orders:
            for order in list(itertools.permutations(used))[1:]:
                rows[" → ".join(order)] = order
        return rows


def write_effect_songs(
    folder: Path,
    wanted: EffectSongs,
    tracks: Sequence[Path] = (),
    told: Callable[[int, int], None] = lambda done, total: None,
) -> list[Path]:
    """Write the songs and return their folders; those already there as asked are kept.

    ``tracks`` are audio files of yours, used in turn from their loudest part; without any, demo
    songs are made (SIMULATED, tagged ``origin: synthetic``).

    Raises:
        UserError: for counts, controls or ranges that cannot be, or a folder that cannot be written
            or holds something else.
    """
    _check(wanted)
    rows = wanted.rows()
    total, done, written = wanted.count * len(rows), 0, []
    for index in range(wanted.count):
        dry: Tensor | None = None
        for number, (row, order) in enumerate(rows.items()):
            name = f"{index + 1:02d}-{number:02d}-{row.replace(' → ', '-')}"
            card = _card(wanted, index, number, (row, order), tracks)
            home = folder / name
            if not _is_there(home, card):
                if dry is None:
                    dry = _dry(wanted, index, tracks)
                _write(home, dry, card, order)
            written.append(home)
            done += 1
            told(done, total)
    return written


def _check(wanted: EffectSongs) -> None:
    if wanted.count < 1:
        raise UserError(f"{wanted.count} songs cannot be made; ask for 1 or more")
    if not 3 <= wanted.seconds <= 600:
        raise UserError(f"a song cannot last {wanted.seconds:g} s; ask for 3 to 600 s")
    if wanted.seed < 0:
        raise UserError(f"{wanted.seed} is not a seed; choose a whole number, 0 or more")
    for name, (low, high) in wanted.controls.items():
        for value in (low, high):
            check_settings({name: value}, EFFECTS)
        if low > high:
            raise UserError(f"control {name!r}: the range {low:g} to {high:g} is upside down")
    if not wanted.rows():
        raise UserError("no control is to be drawn; name at least one")


def _card(
    wanted: EffectSongs,
    index: int,
    number: int,
    row: tuple[str, tuple[str, ...]],
    tracks: Sequence[Path],
) -> dict[str, Any]:
    """What ``song.json`` says; it decides the song."""
    name, order = row
    generator = seeded(wanted.seed, index, number)
    active = knobs_of(order)
    controls = {}
    for control, (low, high) in wanted.controls.items():
        position = uniform(generator)
        knob = KNOBS[control]
        controls[control] = knob.drawn(position, low, high) if control in active else knob.default
    tags = {"effect": name, "order": " → ".join(order)}
    if tracks:
        source = tracks[index % len(tracks)].name
    else:
        source, tags["origin"] = f"demo song {song_id(index)}", "synthetic"
    made = {
        "version": VERSION,
        "synthesis": SYNTHESIS,
        "source": source,
        "seed": wanted.seed,
        "seconds": wanted.seconds,
        "sample_rate": wanted.sample_rate,
    }
    return {"tags": tags, "controls": controls, "settings": made}


def _dry(wanted: EffectSongs, index: int, tracks: Sequence[Path]) -> Tensor:
    rate, samples = wanted.sample_rate, round(wanted.seconds * wanted.sample_rate)
    if tracks:
        audio, own = read(tracks[index % len(tracks)])
        audio = resample(audio, own, rate)
        start = _loudest(audio, samples)
        audio = fit_length(audio[:, start:], samples)
    else:
        audio = fit_length(demo_song(wanted.seed, index, wanted.seconds, rate).mix, samples)
    return match_channels(audio, 2)


def _loudest(audio: Tensor, samples: int) -> int:
    """Where the window of most energy begins, in tenths of its length."""
    energy = audio.double().square().sum(dim=0).cumsum(dim=0)
    starts = range(0, max(audio.shape[-1] - samples, 0) + 1, max(samples // 10, 1))
    ends = [min(start + samples, audio.shape[-1]) - 1 for start in starts]
    sums = [float(energy[end] - energy[start]) for start, end in zip(starts, ends, strict=True)]
    return starts[max(range(len(sums)), key=sums.__getitem__)]


def _is_there(home: Path, card: Mapping[str, Any]) -> bool:
    if not home.exists():
        return False
    try:
        found = json.loads((home / "song.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if found != card:
        raise UserError(
            f"{home}: holds something else, or songs made with other options; choose an empty "
            "folder, or remove it"
        )
    return all((home / name).is_file() for name in ("mix.wav", "reference.wav"))


def _write(home: Path, dry: Tensor, card: Mapping[str, Any], order: Sequence[str]) -> None:
    rate = card["settings"]["sample_rate"]
    active = knobs_of(order)
    settings = {name: value for name, value in card["controls"].items() if name in active}
    wet = torch.from_numpy(through_strip(dry.double().numpy(), rate, settings, order)).float()
    scratch = home.with_name(f".{home.name}.{uuid.uuid4().hex[:8]}")
    try:
        scratch.mkdir(parents=True)
        write(scratch / "mix.wav", dry, rate)
        write(scratch / "reference.wav", wet, rate)
        text = json.dumps(card, indent=2, ensure_ascii=False, allow_nan=False)
        (scratch / "song.json").write_text(text + "\n", encoding="utf-8")
        shutil.rmtree(home, ignore_errors=True)
        scratch.rename(home)
    except OSError as error:
        raise UserError(f"{home}: cannot be written ({error.strerror or error})") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
