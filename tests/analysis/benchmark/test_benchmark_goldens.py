"""What a benchmark's report and export hold stays as it is, key by key. SIMULATED songs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from goldens import (
    RENDERED,
    Goldens,
    tables_of,
    without_costs,
    without_paths,
    without_times,
)
from places import ROOT  # where the network that ships lies
from study_fixtures import RATE, music

from earmark.cli import earmark

SECONDS = 0.8
BENCHMARK = """earmark: 1
name: small
sample_rate: 44100
seed: 3
songs: {folder: songs}
excerpt: {start: 0.1, seconds: 0.6}
systems:
  - unprocessed
  - {name: loud, kind: limiter, target: -12}
  - eq_match
  - tcn
  - {name: studio, kind: imported, folder: masters, vendor: nobody}
  - random_mix
  - lowpass_3500
  - {name: broken, kind: imported, folder: songs/amber}
reference: true
metrics: [lufs_integrated, true_peak_dbtp, stereo_width_db, mrstft_music, lufs_error, esr,
  mcd_k25, rtf, parameters]
"""


@pytest.fixture(scope="module")
def kept(goldens: Callable[..., Goldens]) -> Goldens:
    return goldens("benchmark", RENDERED)


def save(path: Path, audio: np.ndarray) -> None:
    """As 16 bits, so that no rounding of a sine makes it another song."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, RATE, subtype="PCM_16")


def write_benchmark(folder: Path) -> Path:
    """Two songs of two stems, a folder of masters, and a benchmark file that names them."""
    for seed, song in enumerate(("amber", "blue")):
        stems = {"low": music(seed, SECONDS, 0.4), "high": music(seed + 7, SECONDS, 0.3, 0.4)}
        mix = 0.6 * (stems["low"] + stems["high"])
        for name, stem in stems.items():
            save(folder / "songs" / song / "stems" / f"{name}.wav", stem)
        save(folder / "songs" / song / "mix.wav", mix)
        save(folder / "songs" / song / "reference.wav", 0.8 * np.tanh(2.5 * mix))
        save(folder / "masters" / f"{song}.wav", 0.7 * np.tanh(1.8 * np.roll(mix, 40, axis=0)))
    (folder / "songs" / "amber" / "song.json").write_text('{"tags": {"genre": "=drone"}}')
    path = folder / "bench.yaml"
    path.write_text(BENCHMARK, encoding="utf-8")
    return path


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(earmark, [*map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.mark.slow
def test_a_benchmark_writes_what_it_wrote(kept: Goldens, tmp_path: Path) -> None:
    bench, results = write_benchmark(tmp_path), tmp_path / "results"
    code, _ = run("run", bench, "--results", results, "--workers", "1", "--device", "cpu")
    assert code == 1  # one system lacks its masters, which is a row among the failures
    report = results / "reports" / "small"
    kept.check("result.json", without_paths(text_of(report / "result.json"), tmp_path, ROOT))
    made = sorted(report.glob("tables/*.csv"))
    tables = [f"== {path.name}\n{without_costs(text_of(path))}" for path in made]
    kept.check("tables.txt", without_times(without_paths("\n".join(tables), tmp_path, ROOT)))
    run("export", results, "--scores", tmp_path / "scores.csv")
    kept.check("scores.csv", without_costs(text_of(tmp_path / "scores.csv")))
    kept.check("results.sql", tables_of(results / "results.sqlite"))
    assert kept.names() == {"result.json", "tables.txt", "scores.csv", "results.sql"}


def text_of(path: Path) -> str:
    return path.read_bytes().decode()
