"""What many tests need: small songs, a benchmark file, a watch that keeps quiet."""

import os

# Tests share the machine with each other; two threads on two busy cores are slower than one. NumPy
# reads this when it is imported: later, its threads wait for each other at full speed, for nothing.
# Processes that tests begin inherit it, those of pytest too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from needed import need
from registries import registries_kept
from small_songs import RATE, save, song

if TYPE_CHECKING:
    from goldens import Goldens
    from postgres_server import Server

    from earmark.listening_test.study.study import StudyFolder

torch.set_num_threads(1)
# A busy machine draws inputs slowly, and takes longer over one than over another: that is no fault.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew-goldens", action="store_true", help="Write the goldens that differ or are absent."
    )


@pytest.fixture(scope="module", autouse=True)
def _plugins_end_with_their_file() -> Iterator[None]:
    """What a test's plug-ins add is gone for the tests of other files."""
    with registries_kept():
        yield


@pytest.fixture(scope="module")
def goldens(request: pytest.FixtureRequest) -> Callable[..., "Goldens"]:
    """The goldens of a folder by its name, and how far numbers may differ; see :mod:`goldens`."""
    from goldens import EXACT, GOLDENS, Goldens

    renew = bool(request.config.getoption("--renew-goldens"))
    return lambda folder, rounding=EXACT: Goldens(GOLDENS / folder, renew, rounding)


@pytest.fixture
def make_songs(tmp_path: Path) -> Callable[..., Path]:
    """Writes song folders with a mix, a louder reference and two stems."""

    def make(count: int = 2, seconds: float = 1.5, folder: str = "songs") -> Path:
        for number in range(count):
            home = tmp_path / folder / f"song-{number}"
            (home / "stems").mkdir(parents=True)
            mix = song(number, seconds)
            noise = np.random.default_rng(99 + number).normal(0, 0.01, mix.shape)
            save(home / "mix.wav", mix)
            save(home / "reference.wav", np.tanh(3 * mix) * 0.8)
            save(home / "stems" / "chord.wav", mix - noise)
            save(home / "stems" / "hiss.wav", noise)
        return tmp_path / folder

    return make


@pytest.fixture
def make_benchmark(tmp_path: Path) -> Callable[..., Path]:
    """Writes a benchmark file beside the songs; ``systems`` are lines of YAML."""

    def make(*systems: str, more: str = "", name: str = "test") -> Path:
        lines = "".join(f"  - {system}\n" for system in systems)
        path = tmp_path / f"{name}.yaml"
        path.write_text(
            f"earmark: 1\nname: {name}\nsample_rate: {RATE}\nsongs: {{folder: songs/}}\n"
            f"systems:\n{lines}reference: true\n{more}"
        )
        return path

    return make


@pytest.fixture(scope="session")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """The link of a small listening test by its name, served while any test runs."""
    from listening_studies import studies

    with studies(tmp_path_factory.mktemp) as found:
        yield found


@pytest.fixture(scope="session")
def postgresql() -> Iterator["Server"]:
    """A PostgreSQL server of our own; without one the test is skipped, but fails in CI."""
    from postgres_server import program, running

    missing = [name for name in ("initdb", "postgres") if program(name) is None]
    mend = "apt-get install postgresql"
    if importlib.util.find_spec("pg8000") is None:
        missing, mend = ["pg8000"], "pip install 'earmark[postgresql]'"
    need(not missing, " and ".join(missing), mend)
    with running() as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stored(request: pytest.FixtureRequest) -> Callable[["StudyFolder"], "StudyFolder"]:
    """Says of a study where its ratings lie: in its own file, or in a new PostgreSQL database."""
    if request.param == "sqlite":
        return lambda folder: folder
    server = request.getfixturevalue("postgresql")

    def put(folder: "StudyFolder") -> "StudyFolder":
        from earmark.listening_test.storage.tables import use

        use(folder, server.url())
        return folder

    return put


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's browser; where it is missing the test is skipped, but fails in CI.

    The same browser without windows takes a third of the processor's time, where it is installed.
    """
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    need(path, "Debian's Chromium", "apt-get install chromium-headless-shell")
    return str(path)


@pytest.fixture(scope="session")
def pdflatex() -> str:
    """LaTeX with booktabs; where it is missing the test is skipped, but fails in CI."""
    path, style = shutil.which("pdflatex"), shutil.which("kpsewhich")
    found = style and subprocess.run([style, "booktabs.sty"], capture_output=True, check=False)
    there = path and found and not found.returncode
    mend = "apt-get install texlive-latex-base texlive-latex-recommended"
    need(there, "pdflatex and booktabs", mend)
    return str(path)


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """Debian's decoder of M4A; where it is missing the test is skipped, but fails in CI."""
    path = shutil.which("ffmpeg")
    need(path, "ffmpeg", "apt-get install ffmpeg")
    return str(path)
