"""The demo: the main job on songs that the project makes itself."""

from pathlib import Path

from ..models.demo_songs.songs import write_demo_songs
from .results.store import written

# One more than a chorus needs: the excerpt of 20 s begins at 10 s.
SONGS = 8
SONG_SECONDS = 30.0
SEED = 0

BASELINES = (
    "unprocessed",
    "{name: loud-14, kind: loudness, target: -14}",
    "{name: as loud as reference, kind: loudness, target: reference}",
    "limiter",
    "eq_match",
    "eq_comp",
    "multiband",
    "mono_sum",
    "random_mix",
    "lowpass_3500",
    "lowpass_7000",
    "overlimited",
    "overbright",
)

# Of the networks that ship, those that master or mix, and render fast: the demo is for a laptop.
NETWORKS = (
    "tcn",
    "waveunet",
    "waveunet_seed",
    "hybrid_1a",
    "hybrid_1b",
    "hybrid_1c",
    "greybox",
    "waveunet_demucs",
    "dmc_basic",
    "waveunet_mix",
)


def write_demo(folder: Path) -> Path:
    """Make the songs and the benchmark file of the demo; what is there already stays.

    Returns:
        The benchmark file.
    """
    write_demo_songs(folder / "songs", SONGS, SEED, SONG_SECONDS)
    path = folder / "bench.yaml"
    text = benchmark_text()
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        with written(path) as scratch:
            scratch.write_text(text, encoding="utf-8")
    return path


def benchmark_text() -> str:
    """The benchmark file: every baseline, a choice of the networks that ship, the masters."""
    lines = [
        "# The demo of Earmark. Copy this file and put your own songs and systems in.",
        "earmark: 1",
        "name: demo",
        f"seed: {SEED}",
        "sample_rate: 44100",
        "songs: {folder: songs/}",
        "excerpt: {start: 10, seconds: 20}",
        "systems:",
        *(f"  - {system}" for system in (*BASELINES, *NETWORKS)),
        "reference: true",
        "metrics: default",
        "",
    ]
    return "\n".join(lines)
