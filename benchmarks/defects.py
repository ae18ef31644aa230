"""How many defects are found, and how many are seen where there are none.

Defects of known places are put into the demo songs (SIMULATED music), masters and mixes; each
adversary is music or a tone that looks like a defect and is none:

    python benchmarks/defects.py --songs 12 --seconds 20 --seed 0
"""

from collections.abc import Callable
from dataclasses import dataclass

import click
import numpy as np
import torch
from numpy.random import Generator
from scipy import signal
from torch import Tensor

from earmark.evaluation.metrics import METRICS
from earmark.models.demo_songs.songs import demo_song

RATE = 44100
COUNTED = ("clipped_runs", "clicks", "dropouts", "segment_clicks")


@dataclass(frozen=True)
class Trial:
    """A song with defects: how many were put into it, and the metric that is to find them."""

    name: str
    metric: str
    make: Callable[[Tensor, Generator], tuple[Tensor, int]]


def clipped(db: float, then_db: float = 0.0, *, dithered: bool = False) -> Trial:
    """Peaks cut off ``db`` below the largest, and what is left turned down."""

    def make(audio: Tensor, draw: Generator) -> tuple[Tensor, int]:
        rail = float(audio.abs().max()) * 10 ** (-db / 20)
        over = (audio.abs() >= rail).int()
        cut = audio.clamp(-rail, rail) * 10 ** (then_db / 20)
        if dithered:
            noise = torch.from_numpy(draw.uniform(-0.5, 0.5, (2, *cut.shape)).sum(axis=0))
            cut = ((cut * 32768 + noise).round() / 32768).float()
        # The runs of three samples or more, counted in the uncut song.
        held = torch.nn.functional.pad(over, (1, 1)).diff(dim=-1)
        lengths = torch.nonzero(held == -1)[:, 1] - torch.nonzero(held == 1)[:, 1]
        return cut, int((lengths >= 3).sum())

    after = f", then {then_db:g} dB" if then_db else ""
    return Trial(f"cut {db:g} dB{after}{', 16 bits' if dithered else ''}", "clipped_runs", make)


def clicked(level: float, samples: int = 1) -> Trial:
    """Twenty impulses of a level, half a second apart or more."""

    def make(audio: Tensor, draw: Generator) -> tuple[Tensor, int]:
        made = audio.clone()
        for place in _places(audio.shape[-1], 20, RATE // 2, draw):
            made[:, place : place + samples] += level * float(draw.choice([-1, 1]))
        return made, 20

    return Trial(f"impulse {level:g} FS, {samples} sample(s)", "clicks", make)


def dropped(milliseconds: float, *, one_channel: bool = False) -> Trial:
    """Ten gaps of digital silence where the song sounds."""

    def make(audio: Tensor, draw: Generator) -> tuple[Tensor, int]:
        made, long = audio.clone(), round(milliseconds * RATE / 1000)
        places = _places(audio.shape[-1], 10, RATE, draw)
        for place in places:
            made[: 1 if one_channel else 2, place : place + long] = 0
        return made, len(places)

    return Trial(f"gap {milliseconds:g} ms{', left' if one_channel else ''}", "dropouts", make)


def segmented(length: int, step: float) -> Trial:
    """Segments of equal length that meet with a step of the waveform."""

    def make(audio: Tensor, draw: Generator) -> tuple[Tensor, int]:
        made = audio.clone()
        borders = range(length, audio.shape[-1] - 64, length)
        for border in borders:
            # An offset that dies away within 2 ms, as where two windows do not add up.
            size = step * float(draw.choice([-1, 1]))
            fall = torch.exp(-torch.arange(256) / 40)[: audio.shape[-1] - border]
            made[:, border : border + len(fall)] += size * fall
        return made, len(borders)

    return Trial(f"segments of {length}, step {step:g} FS", "segment_clicks", make)


def _places(samples: int, count: int, apart: int, draw: Generator) -> list[int]:
    grid = np.arange(RATE // 2, samples - RATE // 2, apart)
    chosen = draw.choice(grid, min(count, len(grid)), replace=False)
    return [int(one + draw.integers(0, apart // 4)) for one in np.sort(chosen)]


TRIALS = (
    *(clipped(1), clipped(3), clipped(6), clipped(3, -20), clipped(3, -6, dithered=True)),
    *(clicked(0.5), clicked(0.3), clicked(0.1), clicked(0.03), clicked(0.3, 8)),
    *(dropped(2), dropped(10), dropped(50), dropped(200), dropped(10, one_channel=True)),
    *(segmented(16384, 0.1), segmented(16384, 0.03), segmented(65536, 0.1), segmented(8192, 0.01)),
)


def adversaries(draw: Generator, seconds: float = 20.0) -> dict[str, Tensor]:
    """Sound without a defect that looks like one, ``(2, samples)`` each, by name."""
    time = np.arange(round(seconds * RATE)) / RATE
    beats = (time * 2) % 1.0
    noise = draw.standard_normal((2, len(time)))
    pad = sum(np.sin(2 * np.pi * f * time) / (n + 1) for n, f in enumerate((110, 220, 331, 442)))
    tone = 0.2 * np.stack([pad, pad])
    hits = np.exp(-beats / 0.03) * noise
    made = {
        "square synth, naive, 110 Hz": 0.5 * np.sign(np.sin(2 * np.pi * 110.3 * time)),
        "square synth, naive, 3 kHz": 0.5 * np.sign(np.sin(2 * np.pi * 3000.7 * time)),
        "square synth, band-limited": sum(
            np.sin(2 * np.pi * 110.3 * k * time) / k for k in range(1, 180, 2)
        )
        * 0.5,
        "saw synth, naive, 41 Hz": 0.5 * signal.sawtooth(2 * np.pi * 41.2 * time),
        "pulse wave with gaps, 100 Hz": 0.5 * (((100.1 * time) % 1) < 0.8),
        "bass in 16 bits without dither": np.round(0.1 * np.sin(2 * np.pi * 40 * time) * 32768)
        / 32768,
        "snare on the beat": 0.5 * hits,
        "snare and pad": 0.3 * hits + tone,
        "rim shots, 1 ms": 0.6 * np.exp(-beats / 0.001) * noise + tone,
        "plucks": 0.5 * np.exp(-beats / 0.2) * np.sin(2 * np.pi * 440 * beats),
        "vinyl hiss and rumble": 0.002 * noise + 0.02 * np.sin(2 * np.pi * 9 * time) + tone,
        "fade to digital silence": tone * np.clip(1 - time / (0.7 * seconds), 0, 1),
        "tails stopped in 3 ms": tone
        * np.clip((0.4 - beats) / 0.0015, 0, 1)
        * np.clip(beats / 0.003, 0, 1),
        "tails stopped at once": tone * (beats < 0.7) * np.clip(beats / 0.003, 0, 1),
        "tremolo to silence": tone * np.clip(np.sin(2 * np.pi * 4 * time), 0, 1),
        "clipped guitar, filtered": _filtered(np.clip(4 * tone, -0.4, 0.4)),
    }
    return {
        name: torch.from_numpy(np.array(np.broadcast_to(one, (2, len(time)))).astype(np.float32))
        for name, one in made.items()
    }


def _filtered(wave: "np.ndarray") -> "np.ndarray":
    sections = signal.butter(2, 6000, fs=RATE, output="sos")
    return signal.sosfilt(sections, wave, axis=-1)


def crackle(audio: Tensor, draw: Generator) -> Tensor:
    """Audio with the crackle of a record, twenty clicks a second, which are clicks."""
    made = audio.clone()
    places = draw.integers(0, audio.shape[-1], 20 * audio.shape[-1] // RATE)
    made[:, places] += torch.from_numpy(draw.laplace(0, 0.05, len(places))).float()
    return made


def count(name: str, audio: Tensor) -> int:
    """What the metric counts in one piece."""
    return int(METRICS[name](audio[None], RATE).item())


@click.command()
@click.option("--songs", "number", default=12, show_default=True)
@click.option("--seconds", default=20.0, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(number: int, seconds: float, seed: int) -> None:
    """Print what is found of what was put in, and what is seen where nothing was put in."""
    torch.set_num_threads(1)
    made = [demo_song(seed, index, seconds) for index in range(number)]
    pieces = [
        (f"{one.id}, {what}", audio)
        for one in made
        for what, audio in (("mix", one.mix), ("master", one.reference))
    ]
    click.echo(f"{len(pieces)} pieces of {seconds:g} s without a defect, SIMULATED")
    clean = {name: [count(name, audio) for _, audio in pieces] for name in COUNTED}
    for name, found in clean.items():
        hit = [f"{piece} {one}" for (piece, _), one in zip(pieces, found, strict=True) if one]
        minutes = len(pieces) * seconds / 60
        click.echo(
            f"  {name}: {sum(found)} seen, {sum(found) / minutes:.2f} a minute; "
            f"{len(hit)} pieces ({', '.join(hit)})"
        )
    click.echo("found of what was put in")
    for at, trial in enumerate(TRIALS):
        found, there = 0, 0
        for index, one in enumerate(made):
            draw = np.random.default_rng([seed, at, index])
            audio, put_in = trial.make(one.reference, draw)
            seen = count(trial.metric, audio) - clean[trial.metric][2 * index + 1]
            found, there = found + min(max(seen, 0), put_in), there + put_in
        click.echo(f"  {trial.metric}, {trial.name}: {found} of {there}, {found / there:.0%}")
    click.echo("adversaries: clipped_runs, clicks, dropouts, segment_clicks")
    for name, audio in adversaries(np.random.default_rng(seed), seconds).items():
        click.echo(f"  {name}: {', '.join(str(count(one, audio)) for one in COUNTED)}")
    draw = np.random.default_rng([seed, 1])
    both = [crackle(one, draw) for one in (made[0].mix, made[0].reference)]
    same = made[0].reference + (both[0] - made[0].mix)
    new = METRICS["new_clicks"](same[None], RATE, both[0][None]).item()
    click.echo(f"crackle: {count('clicks', same)} clicks, {new:g} new against music with the same")


if __name__ == "__main__":
    main()
