"""Makes the kept results folder and the kept study, by the program that is installed.

They stand for what users have on their disks, so they are not made again when the program changes:
``python tests/data/kept/make.py`` writes them where there are none, and changes none that is there.
All music, answers and listeners in them are SIMULATED.
"""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import numpy as np
import soundfile

KEPT = Path(__file__).parent
# Short and at a low rate, to be small; 0.4 s is the least that has a loudness.
RATE, SECONDS = 8_000, 0.4
BENCHMARK = f"""earmark: 1
name: kept
sample_rate: {RATE}
songs: {{folder: songs}}
systems:
  - unprocessed
  - {{name: loud, kind: limiter, target: -14}}
  - {{name: my network, kind: checkpoint, path: network}}
  - {{name: studio, kind: imported, folder: masters}}
reference: true
metrics: [lufs_integrated, true_peak_dbtp, esr, mrstft_music, rtf, parameters]
"""
STUDY = """earmark: 1
study: kept
title: Which version do you prefer?
seed: 7
bits: 16
passages:
  - id: drone
    reference: audio/reference.wav
    stimuli: {soft: audio/soft.wav, hard: audio/hard.wav}
metrics: [lufs_integrated]
test: {kind: ape, comments: per_stimulus}
before: [{questionnaire: [{id: age, type: number, label: Age, minimum: 18, maximum: 90}]}]
design: {order: latin}
analysis: {primary: preference, scope: passages, margin: 5}
"""


def tones(rate: int, pitch: float, drive: float = 1.0) -> np.ndarray:
    """A beating chord, stereo: ``(samples, 2)``; SIMULATED."""
    time = np.arange(round(SECONDS * rate)) / rate
    chord = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in (1, 2, 3, 5))
    both = np.stack([chord * (1 + 0.1 * np.cos(9 * time)), chord * 0.9], axis=1)
    return np.tanh(0.15 * drive * both)


def save(path: Path, audio: np.ndarray, rate: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, rate, subtype="PCM_16")


def run(*words: object, at: Path) -> None:
    subprocess.run([sys.executable, "-m", "earmark", *map(str, words)], cwd=at, check=True)


def shrunk(database: Path) -> None:
    """The database as one file in small pages, without room to grow."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA page_size = 1024")
        connection.execute("VACUUM")


def make_benchmark(home: Path) -> None:
    """One song, four systems and the reference, run once without a report."""
    save(home / "songs" / "drone" / "mix.wav", tones(RATE, 130.0)[:, :1], RATE)
    save(home / "songs" / "drone" / "reference.wav", tones(RATE, 130.0, 2.5), RATE)
    save(home / "masters" / "drone.wav", tones(RATE, 130.0, 1.8)[:, :1], RATE)
    shipped = Path(str(files("earmark.models").joinpath("weights", "cafx")))
    for name in (
        "model.json",
        "model.safetensors",
        "golden.safetensors",
    ):  # a network of one's own, which stays
        (home / "network").mkdir(exist_ok=True)
        shutil.copyfile(shipped / name, home / "network" / name)
    (home / "bench.yaml").write_text(BENCHMARK, encoding="utf-8")
    for step in ("render", "score"):
        run(step, "bench.yaml", "--results", "stored", "--workers", 1, "--device", "cpu", at=home)
    shrunk(home / "stored" / "results.sqlite")


def make_study(home: Path) -> None:
    """One page of two versions and an open reference, taken by three simulated listeners."""
    work = home / "work"
    for name, drive in (("reference", 2.5), ("soft", 1.0), ("hard", 4.0)):
        save(work / "audio" / f"{name}.wav", tones(44_100, 220.0, drive), 44_100)
    (work / "kept.yaml").write_text(STUDY, encoding="utf-8")
    run("study", "new", "kept.yaml", "--results", "r", at=work)
    run("study", "simulate", "kept", "--results", "r", "--listeners", 3, "--seed", 1, at=work)
    which = ("--simulated", "--ratings", home / "ratings.csv", "--json", home / "export.json")
    run("study", "export", "kept", "--results", "r", *which, at=work)
    (work / "r" / "studies").rename(home / "studies")
    (work / "kept.yaml").rename(home / "kept.yaml")
    shutil.rmtree(work)
    shrunk(home / "studies" / "kept" / "ratings.sqlite")


if __name__ == "__main__":
    for name, make in (("benchmark", make_benchmark), ("study", make_study)):
        if not (KEPT / name).exists():
            with tempfile.TemporaryDirectory() as scratch:
                home = Path(scratch) / name
                (home / "work").mkdir(parents=True) if name == "study" else home.mkdir()
                make(home)
                shutil.copytree(home, KEPT / name)
