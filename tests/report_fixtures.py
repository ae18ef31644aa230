"""A small results folder with SIMULATED scores and short synthetic audio, to test reports on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from earmark.evaluation.results.store import Store, written
from earmark.models.audio.files import write
from earmark.models.content_key import content_key

RATE = 44100


@dataclass(frozen=True)
class FakeSystem:
    """A system as the store knows it; ``gain`` and ``tilt`` shape its synthetic audio."""

    name: str
    kind: str = "checkpoint"
    role: str = "system"
    uses_reference: bool = False
    step: int | None = None
    gain: float = 1.0
    tilt: float = 0.0
    distance: float = 1.0
    notes: Mapping[str, Any] = field(default_factory=dict)


SYSTEMS = (
    FakeSystem("unprocessed", "unprocessed", "baseline", gain=0.3, distance=1.6),
    FakeSystem("loudness", "loudness", "baseline", gain=0.9, distance=1.2),
    FakeSystem("eq_match", "eq_match", "baseline", uses_reference=True, tilt=0.3, distance=0.5),
    FakeSystem("tcn small", step=None, gain=0.8, tilt=0.35, distance=0.7),
    FakeSystem("lowpass_3500", "lowpass_3500", "anchor", gain=0.3, tilt=-0.9, distance=2.4),
    FakeSystem("reference", "reference", "reference", True, gain=0.9, tilt=0.4, distance=0.0),
)


@dataclass(frozen=True)
class Fake:
    """What a simulated benchmark holds."""

    name: str = "small"
    systems: Sequence[FakeSystem] = SYSTEMS
    songs: Sequence[str] = ("amber street", "blue hour", "cinder")
    seconds: float = 1.5
    simulated: bool = True
    seed: int = 0
    run: str = "run-1"
    started: str = "2030-01-02T03:04:05+00:00"
    metrics: Sequence[str] = ("mrstft_music", "logmel_db", "lufs_error", "lufs_integrated", "plr")
    all_null: Sequence[str] = ("si_sdr_db",)
    plugin: bool = True
    failing: Mapping[tuple[str, str], str] = field(default_factory=dict)
    rtf: float = 0.02
    audio: bool = True  # without, every number is there and no player


UNITS = {
    "mrstft_music": "",
    "logmel_db": "dB",
    "lufs_error": "LU",
    "lufs_integrated": "LUFS",
    "plr": "dB",
    "true_peak_dbtp": "dBTP",
    "lra": "LU",
    "stereo_width_db": "dB",
    "si_sdr_db": "dB",
}
PAIRED = ("mrstft_music", "logmel_db", "lufs_error", "si_sdr_db")


def build(folder: Path, fake: Fake | None = None) -> Path:
    """Write the results folder of ``fake``; its path."""
    fake = fake or Fake()
    with Store(folder) as store, store.transaction():
        store.put("benchmark", [_benchmark(fake)])
        store.put("run", [_run(fake)])
        asked = (
            *fake.metrics,
            *fake.all_null,
            "rtf",
            "peak_memory_mb",
            "parameters",
            "extra",
            "mae",
            "sparkle",
        )
        store.put("selection", [_asked(fake, *one) for one in enumerate(dict.fromkeys(asked))])
        store.put("system", [_system(fake, i) for i in range(len(fake.systems))])
        for position, song in enumerate(fake.songs):
            _add_song(store, fake, position, song)
    return folder


def many_systems(count: int, name: str = "network number {} of a very long sweep") -> Fake:
    """A benchmark of ``count`` systems with names of 40 characters."""
    systems = [FakeSystem(name.format(i)[:40], distance=0.6 + 0.1 * i) for i in range(count)]
    return Fake(systems=(SYSTEMS[0], *systems[: count - 2], SYSTEMS[-1]), seconds=0.8)


def without_reference(fake: Fake) -> Fake:
    """The same benchmark where no song has a reference master."""
    systems = [s for s in fake.systems if s.role != "reference" and not s.uses_reference]
    metrics = [metric for metric in fake.metrics if metric not in PAIRED]
    return replace(fake, systems=systems, metrics=metrics, all_null=())


def all_failed(fake: Fake) -> Fake:
    """The same benchmark where every render failed."""
    message = "RuntimeError: the checkpoint <b>tcn</b> needs 2 channels, the mix has 1"
    failing = {(song, system.name): message for song in fake.songs for system in fake.systems}
    return replace(fake, failing=failing)


def _benchmark(fake: Fake) -> dict[str, Any]:
    return {
        "name": fake.name,
        "config": {"name": fake.name, "seed": fake.seed, "metrics": list(fake.metrics)},
        "simulated": int(fake.simulated),
        "updated": fake.started,
    }


def _asked(fake: Fake, position: int, metric: str) -> dict[str, Any]:
    return {
        "benchmark": fake.name,
        "position": position,
        "metric": metric,
        "parameters": "{}",
        "version": 1,
    }


def _run(fake: Fake) -> dict[str, Any]:
    return {
        "id": fake.run,
        "benchmark": fake.name,
        "started": fake.started,
        "finished": fake.started,
        "command": ["earmark", "run", "bench.yaml"],
        "record": {
            "git": {"earmark": {"commit": "0" * 40, "dirty": False}, "benchmark": None},
            "versions": {"python": "3.11.2", "earmark": "0.1.0", "torch": "2.13.0"},
            "machine": {"platform": "Linux", "cpu": "x86_64", "gpus": []},
            "device": "cpu",
            "workers": "0",
            "seed": fake.seed,
        },
    }


def _system(fake: Fake, position: int) -> dict[str, Any]:
    system = fake.systems[position]
    return {
        "benchmark": fake.name,
        "name": system.name,
        "position": position,
        "kind": system.kind,
        "role": system.role,
        "uses_reference": int(system.uses_reference),
        "key": content_key(system.name),
        "options": {},
        "parameters": 61_234 if system.kind == "checkpoint" else 0,
        "step": system.step,
        "licence": "",
    }


def _add_song(store: Store, fake: Fake, position: int, song: str) -> None:
    mix = _audio(fake, position, FakeSystem("mix", gain=0.3))
    mix_key = _add_render(store, fake, song, "mix", mix)
    reference = next((s.name for s in fake.systems if s.role == "reference"), None)
    against = "" if reference is None else _key(fake, song, reference)
    store.put(
        "song",
        [
            {
                "benchmark": fake.name,
                "id": song,
                "position": position,
                "sha256": content_key(song),
                "reference_sha256": content_key(song, "reference"),
                "mix_path": f"songs/{song}/mix.wav",
                "reference_path": f"songs/{song}/reference.wav",
                "sample_rate": RATE,
                "start": 10 * RATE,
                "samples": mix.shape[-1],
                "tags": {"genre": ("rock", "electronic", "ballad")[position % 3]},
                "mix_key": mix_key,
                "reference_key": against or None,
            }
        ],
    )
    for number, system in enumerate(fake.systems):
        message = fake.failing.get((song, system.name))
        if message is not None:
            store.put("failure", [_failure(fake, song, system.name, message)])
            continue
        audio = _audio(fake, position, system)
        key = _add_render(store, fake, song, system.name, audio, system.notes)
        placement = {"benchmark": fake.name, "song": song, "system": system.name, "render": key}
        store.put("placement", [placement])
        store.put("score", _scores(fake, key, against, system, position * 100 + number))


def _failure(fake: Fake, song: str, system: str, message: str) -> dict[str, Any]:
    return {
        "benchmark": fake.name,
        "song": song,
        "system": system,
        "step": "render",
        "key": "",
        "message": message,
        "at": fake.started,
        "run": fake.run,
    }


def _scores(
    fake: Fake, key: str, against: str, system: FakeSystem, salt: int
) -> list[dict[str, Any]]:
    draw = np.random.default_rng([fake.seed, salt])
    loud = -14.0 + 20 * float(np.log10(system.gain)) + float(draw.normal(0, 0.4))
    near = system.distance * float(draw.lognormal(0, 0.15))
    values: dict[str, float] = {
        "mrstft_music": near,
        "logmel_db": 4 * near,
        "lufs_error": loud + 14.9 if system.distance else 0.0,
        "lufs_integrated": loud,
        "plr": 12 - 3 * system.gain + float(draw.normal(0, 0.3)),
        "true_peak_dbtp": -1 + 0.4 * float(draw.normal()),
        "lra": 5 + float(draw.normal(0, 1)),
        "stereo_width_db": -9 + float(draw.normal(0, 1)),
    }
    rows = []
    for metric in [*fake.metrics, *fake.all_null]:
        for variant in ("raw", "aligned") if metric in PAIRED else ("raw",):
            value = None if metric in fake.all_null else values[metric]
            if value is not None and variant == "aligned":
                value = 0.0 if metric == "lufs_error" else 0.8 * value
            reason = "" if value is not None else "silent_reference"
            compared = against if metric in PAIRED else ""
            rows.append(score_row(key, compared, metric, variant, value, reason, run=fake.run))
    if fake.plugin:
        rows.append(score_row(key, "", "sparkle", "raw", near * 10, "", unit="sp", run=fake.run))
    return rows


def score_row(
    subject: str,
    reference: str,
    metric: str,
    variant: str,
    value: float | None,
    reason: str = "",
    **changes: Any,
) -> dict[str, Any]:
    """A row of the score table; ``changes`` overrides its other columns."""
    row = {
        "subject": subject,
        "reference": reference,
        "metric": metric,
        "variant": variant,
        "parameters": {},
        "version": 1,
        "value": value,
        "reason": reason,
        "unit": UNITS.get(metric, ""),
        "run": "run-1",
    }
    return row | changes


def render_key(fake: Fake, song: str, system: str) -> str:
    """The key of a simulated render."""
    return _key(fake, song, system)


def _key(fake: Fake, song: str, system: str) -> str:
    return content_key("simulated", fake.seed, fake.seconds, song, system)


def _add_render(
    store: Store,
    fake: Fake,
    song: str,
    system: str,
    audio: torch.Tensor,
    notes: Mapping[str, Any] | None = None,
) -> str:
    key = _key(fake, song, system)
    path = store.render_path(key)
    if fake.audio and not path.exists():
        with written(path) as scratch:
            write(scratch, audio, RATE)
    store.put(
        "render",
        [
            {
                "key": key,
                "path": str(path.relative_to(store.folder)),
                "sample_rate": RATE,
                "channels": audio.shape[0],
                "samples": audio.shape[1],
                "wall_seconds": fake.rtf * fake.seconds,
                "rtf": fake.rtf,
                "peak_memory_mb": 210.0,
                "device": "cpu",
                "sidecar": {"warnings": [], "notes": dict(notes or {})},
                "run": fake.run,
            }
        ],
    )
    return key


def _audio(fake: Fake, position: int, system: FakeSystem) -> torch.Tensor:
    """A pulsed chord with a little noise: ``(2, samples)``; tilt brightens or darkens it."""
    samples = round(fake.seconds * RATE)
    time = np.arange(samples) / RATE
    draw = np.random.default_rng([fake.seed, position])
    root = 110 * 2 ** (position / 5)
    pulse = 0.6 + 0.4 * np.exp(-((time * 2) % 1) * 4)
    chord = sum(
        np.sin(2 * np.pi * root * k * time + k) * k ** (-1.2 + system.tilt) for k in range(1, 24)
    )
    left = pulse * chord + 0.15 * draw.standard_normal(samples) * pulse**3
    right = pulse * chord + 0.15 * draw.standard_normal(samples) * pulse**3
    both = np.stack([left, right])
    both *= system.gain * 1.05 / np.abs(both).max()
    return torch.from_numpy(both.astype(np.float32))
