"""How long the metrics take beside the libraries that people use instead: one run, in ratios.

Run with ``python benchmarks/metrics.py [--seconds 30] [--threads 1] [--rounds 5]``. The audio is
SIMULATED: stereo noise with a slow swell at 44.1 kHz. Ours and the peers are timed in turn, and the
shortest time of each counts, so that a busy machine disturbs both alike; with one thread it is
processor time.
"""

import ctypes
import dataclasses
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import auraloss
import click
import numpy as np
import pyloudnorm
import torch
from rich.console import Console
from rich.table import Table
from scipy.signal import resample_poly, sosfilt
from torch import Tensor

from earmark.evaluation.metrics import METRICS, Analysis, measure, select
from earmark.evaluation.metrics.spectrum import PRESETS
from earmark.evaluation.metrics.stft import power, spectra
from earmark.models.audio.loudness import (
    k_weighting_coefficients,
    loudness_profile,
    true_peak_dbtp,
)

RATE = 44100


@dataclass(frozen=True)
class Race:
    """One task, done by us and by a peer."""

    task: str
    ours: Callable[[], Any]
    peer: str
    theirs: Callable[[], Any]


@click.command()
@click.option("--seconds", default=30.0, show_default=True, help="Length of the audio.")
@click.option("--threads", default=1, show_default=True, help="Threads that torch may use.")
@click.option("--rounds", default=5, show_default=True, help="Times that each is timed.")
def main(seconds: float, threads: int, rounds: int) -> None:
    """Time the metrics and their peers."""
    torch.set_num_threads(threads)
    target = simulated(0, seconds)
    audio = 0.7 * target + 0.1 * simulated(1, seconds)
    table = Table("task", "peer", "ours, ms", "peer, ms", "peer / ours", title="SIMULATED audio")
    for race in races(audio, target):
        ours, theirs = timed([race.ours, race.theirs], rounds)
        table.add_row(race.task, race.peer, f"{ours:.0f}", f"{theirs:.0f}", f"{theirs / ours:.1f}")
    for title, names in (("raw and aligned", ["default"]), ("without reference", ALONE)):
        reference = Analysis(target, RATE)
        (ours,) = timed([lambda n=names, r=reference: every(audio, n, r)], rounds)
        table.add_row(f"all, {title}", "–", f"{ours:.0f}", "–", "–")
    console = Console(width=110)
    console.print(processor())
    console.print(f"{seconds:g} s of stereo at {RATE} Hz, {threads} thread(s), best of {rounds}")
    console.print(table)


ALONE = [name for name, one in METRICS.items() if one.needs == "audio"]


def races(audio: Tensor, target: Tensor) -> list[Race]:
    """Every task with each of its peers."""
    data = audio.double().T.numpy()
    meter = pyloudnorm.Meter(RATE, filter_class="DeMan")
    found = [
        Race(
            "integrated loudness",
            lambda: loudness_profile(audio, RATE),
            "pyloudnorm",
            lambda: meter.integrated_loudness(data),
        ),
        Race(
            "integrated loudness",
            lambda: loudness_profile(audio, RATE),
            "scipy sosfilt, vectorised gates",
            lambda: by_scipy(data.T),
        ),
        Race(
            "I, M, S and range",
            lambda: loudness_profile(audio, RATE),
            "pyloudnorm, I and range",
            lambda: (meter.integrated_loudness(data), meter.loudness_range(data)),
        ),
        Race(
            "true peak",
            lambda: true_peak_dbtp(audio, RATE),
            "scipy resample_poly",
            lambda: np.abs(resample_poly(data, 4, 1)).max(),
        ),
    ]
    library = ebur128()
    if library is not None:
        frames = np.ascontiguousarray(audio.T.numpy())
        for task, ours, mode in (
            ("I, M, S and range", lambda: loudness_profile(audio, RATE), 15),
            ("true peak", lambda: true_peak_dbtp(audio, RATE), 49),
        ):
            found.append(
                Race(task, ours, "libebur128", lambda m=mode: by_ebur128(library, frames, m))
            )
    for name, preset in (("mrstft_auraloss", "auraloss"), ("mrstft_music", "music")):
        loss = auraloss.freq.MultiResolutionSTFTLoss(**arguments(preset))
        found.append(
            Race(
                f"{name}, nothing shared",
                lambda n=name: METRICS[n](audio[None], RATE, target[None]),
                "auraloss",
                lambda one=loss: one(audio[None], target[None]),
            )
        )
        known = Analysis(target, RATE)
        found.append(
            Race(
                f"{name}, one more system",
                lambda n=name, r=known: one_more(audio, n, r),
                "its rfft and magnitude alone",
                lambda p=preset: bare(audio, p),
            )
        )
    stereo = auraloss.freq.SumAndDifferenceSTFTLoss(**arguments("auraloss"))
    plain = auraloss.freq.MultiResolutionSTFTLoss()
    reference = Analysis(target, RATE)
    pair = select(["mrstft_auraloss", "mrstft_sum_diff"])
    found.append(
        Race(
            "both of them raw and aligned",
            lambda: measure(Analysis(audio, RATE), pair, reference),
            "auraloss, raw and again",
            lambda: [loss(audio[None], target[None]) for _ in range(2) for loss in (plain, stereo)],
        )
    )
    return found


def every(audio: Tensor, names: Sequence[str], reference: Analysis) -> None:
    """All metrics of these names on a fresh analysis, the reference's own being shared."""
    measure(Analysis(audio, RATE), select(list(names)), reference)


def one_more(audio: Tensor, name: str, reference: Analysis) -> None:
    """A metric as it is, against a reference that was analysed for another system."""
    metrics = [dataclasses.replace(one, variants=("raw",)) for one in select(name)]
    measure(Analysis(audio, RATE), metrics, reference)


def bare(audio: Tensor, preset: str) -> None:
    """The least that a distance of spectra needs: windows, transforms and magnitudes by torch."""
    for resolution in PRESETS[preset]:
        for spectrum in spectra(audio[None], resolution):
            power(spectrum).clamp_(min=1e-8).sqrt_()


def timed(tasks: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """The shortest time of each in ms, all of them timed in turn after one try."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    best = [float("inf")] * len(tasks)
    for turn in range(rounds + 1):
        for at, task in enumerate(tasks):
            start = clock()
            task()
            if turn:
                best[at] = min(best[at], 1000 * (clock() - start))
    return best


def simulated(seed: int, seconds: float) -> Tensor:
    """Stereo noise with a slow swell, ``(2, samples)``."""
    generator = torch.Generator().manual_seed(seed)
    samples = round(seconds * RATE)
    swell = 0.02 + 0.2 * torch.sin(torch.arange(samples) / RATE * 1.3).square()
    return torch.randn(2, samples, generator=generator) * swell


def arguments(preset: str) -> dict[str, list[int]]:
    """A preset as auraloss takes it."""
    return {
        "fft_sizes": [one.fft for one in PRESETS[preset]],
        "hop_sizes": [one.hop for one in PRESETS[preset]],
        "win_lengths": [one.window for one in PRESETS[preset]],
    }


def by_scipy(data: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """Integrated loudness as one would write it with scipy; ``data`` is ``(channels, samples)``."""
    sections = np.array([[*b, *a] for b, a in k_weighting_coefficients(RATE)])
    power = sosfilt(sections, data) ** 2
    hop = RATE // 10
    tenths = power[:, : power.shape[1] // hop * hop].reshape(len(power), -1, hop).mean(axis=2)
    blocks = np.lib.stride_tricks.sliding_window_view(tenths.sum(axis=0), 4).mean(axis=1)
    blocks = blocks[blocks > 10 ** ((-70 + 0.691) / 10)]
    return float(-0.691 + 10 * np.log10(blocks[blocks > blocks.mean() / 10].mean()))


def processor() -> str:
    """The name of the processor, as the system has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def ebur128() -> Any:
    """libebur128, or None where it is not installed (Debian: libebur128-1)."""
    try:
        library = ctypes.CDLL("libebur128.so.1")
    except OSError:
        return None
    library.ebur128_init.restype = ctypes.c_void_p
    library.ebur128_init.argtypes = [ctypes.c_uint, ctypes.c_ulong, ctypes.c_int]
    return library


def by_ebur128(library: Any, frames: np.ndarray[Any, np.dtype[np.float32]], mode: int) -> None:
    """All of the frames through libebur128; ``mode`` says what it computes."""
    state = ctypes.c_void_p(library.ebur128_init(frames.shape[1], RATE, mode))
    pointer = frames.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    library.ebur128_add_frames_float(state, pointer, ctypes.c_size_t(len(frames)))
    value = ctypes.c_double()
    if mode == 15:
        library.ebur128_loudness_global(state, ctypes.byref(value))
        library.ebur128_loudness_range(state, ctypes.byref(value))
    library.ebur128_destroy(ctypes.byref(state))


if __name__ == "__main__":
    main()
