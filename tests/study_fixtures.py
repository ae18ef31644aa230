"""Small studies of SIMULATED music, and a server for one in a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from earmark.listening_test.create import make_study as make
from earmark.listening_test.server.serve import in_background
from earmark.listening_test.study.file import read_study_file
from earmark.listening_test.study.study import Folder, load_keys

RATE = 44_100
SYSTEMS = ("mix", "loud", "bright")
SECRETS = ("zebra quartz", "walrus onyx", "heron basalt", "otter flint", "ibis marble")


def music(seed: int, seconds: float, gain: float = 1.0, tilt: float = 0.0) -> np.ndarray:
    """A pulsed chord, stereo, ``(samples, 2)``; SIMULATED."""
    draw = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    root = 110 * 2 ** (seed / 5)
    pulse = 0.5 + 0.5 * np.exp(-((time * 2) % 1) * 4)
    chord = sum(np.sin(2 * np.pi * root * k * time + k) * k ** (tilt - 1.2) for k in range(1, 24))
    hiss = draw.normal(0, 0.02, (len(time), 2))
    both = np.stack([chord, chord * 0.9], axis=1) * pulse[:, None] + hiss
    loud: np.ndarray = both * gain * 0.5 / np.abs(both).max()
    return loud


def write_study(
    folder: Path,
    kind: str = "ape",
    *,
    systems: tuple[str, ...] = SYSTEMS,
    passages: int = 2,
    seconds: float = 2.0,
    test: str = "",
    more: str = "",
    name: str = "small",
) -> Path:
    """Write audio files and a study file that names them; the study file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number in range(passages):
        lines.append(f"  - id: song {number}")
        lines.append(f"    reference: audio/{number}-reference.wav")
        lines.append("    stimuli:")
        versions = {"reference": (0.8, 0.1)}
        versions |= {one: (0.3 + 0.2 * at, 0.1 * at) for at, one in enumerate(systems)}
        for version, (gain, tilt) in versions.items():
            path = folder / "audio" / f"{number}-{version}.wav"
            path.parent.mkdir(exist_ok=True)
            soundfile.write(path, music(number, seconds, gain, tilt), RATE, subtype="FLOAT")
            if version != "reference":
                lines.append(f"      {version}: audio/{path.name}")
    text = "\n".join(
        [
            "earmark: 1",
            f"study: {name}",
            "title: Which version do you prefer?",
            "seed: 7",
            "passages:",
            *lines,
            "metrics: [lufs_integrated, true_peak_dbtp]",
            f"test: {{kind: {kind}{', ' + test if test else ''}}}",
            more,
            "",
        ]
    )
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def make_study(folder: Path, kind: str = "ape", **more: object) -> Folder:
    """A small study, made and ready to serve; see :func:`write_study` for what it may hold."""
    path = write_study(folder, kind, **more)  # type: ignore[arg-type]
    return make(read_study_file(path), folder / "results")


@dataclass(frozen=True)
class Served:
    """A server in a process of its own."""

    url: str
    links: dict[str, str]
    pid: int


@contextlib.contextmanager
def hosted(folder: Folder) -> Iterator[Served]:
    """Serve a study on 127.0.0.1 by the real server, in a thread: no process has to start."""
    with in_background(folder) as url:
        yield Served(url, links(folder, url), os.getpid())


def links(folder: Folder, url: str) -> dict[str, str]:
    """The links at which sessions of each sort begin, and the experimenter's own."""
    keys = load_keys(folder)
    marks = ("study", "preview", "pilot", "simulated")
    found = {mark: f"{url}/s/{getattr(keys, mark)}/" for mark in marks}
    return found | {"progress": f"{url}/progress/{keys.admin}/"}


@contextlib.contextmanager
def served(folder: Folder, port: int = 0) -> Iterator[Served]:
    """Serve a study on 127.0.0.1 until the block ends; killed servers are no error."""
    results = folder.path.parent.parent
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "earmark", "study", "serve", folder.path.name),
            *("--results", str(results), "--port", str(port), "--json"),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the server did not start")
        said = json.loads(line)
        yield Served(said["url"], links(folder, said["url"]), process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()
