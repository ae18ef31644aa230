"""What users get wrong: each gives one clear line, the rest goes on, nothing is half-written."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import typed
from runs import Make, carry_out
from safetensors.torch import save_file
from small_songs import RATE, save, song

from earmark.models.errors import UserError

TIGHT = "metrics: [lufs_integrated]\n"


@dataclass(frozen=True)
class Case:
    """Something wrong with a song or a system, and what the one line must say."""

    name: str
    says: tuple[str, ...]
    song: Callable[[Path], None] | None = None
    system: str = ""
    prepare: Callable[[Path], None] | None = None


def _nan(home: Path) -> None:
    audio = song(0, 1.5)
    audio[1000] = np.nan
    save(home / "mix.wav", audio)


def _truncated(home: Path) -> None:
    whole = (home / "mix.wav").read_bytes()
    (home / "mix.wav").write_bytes(whole[: len(whole) // 3])


def _shipped(folder: Path) -> Path:
    import earmark.models

    source = Path(earmark.models.__file__).parent / "weights" / "tcn"
    return Path(shutil.copytree(source, folder / "checkpoint"))


def _cut_weights(folder: Path) -> None:
    weights = _shipped(folder) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])


def _other_weights(folder: Path) -> None:
    weights = _shipped(folder) / "model.safetensors"
    save_file({"encoder.weight": torch.zeros(3, 3)}, weights)


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch stolen",)


def _pickle(folder: Path) -> None:
    torch.save({"state_dict": _Evil()}, folder / "evil.pt")


def _short(folder: Path) -> None:
    save(folder / "short.wav", np.zeros((100, 2)))
    text(folder / "short.sh", "cp short.wav $2\n")


def text(path: Path, content: str = "this is no audio at all\n") -> None:
    path.write_text(content)


CASES = (
    Case("a text file named wav", ("mix.wav", "not audio"), lambda h: text(h / "mix.wav")),
    Case("an empty file", ("mix.wav", "empty"), lambda h: text(h / "mix.wav", "")),
    Case("no samples", ("mix.wav", "0 samples"), lambda h: save(h / "mix.wav", np.zeros((0, 2)))),
    Case("a file cut short", ("mix.wav",), _truncated),
    Case("NaN samples", ("mix.wav", "NaN"), _nan),
    Case("silence", ("mix.wav", "silen"), lambda h: save(h / "mix.wav", np.zeros((RATE, 2)))),
    Case(
        "three channels",
        ("mix.wav", "3 channels"),
        lambda h: save(h / "mix.wav", np.tile(song(0, 1.5)[:, :1], (1, 3))),
    ),
    Case("a truncated checkpoint", ("checkpoint",), None, "path: checkpoint", _cut_weights),
    Case(
        "a checkpoint of another architecture",
        ("checkpoint", "encoder.weight"),
        None,
        "path: checkpoint",
        _other_weights,
    ),
    Case(
        "a pickle that wants code to run",
        ("evil.pt", "system"),
        None,
        "path: evil.pt, architecture: tcn",
        _pickle,
    ),
    Case(
        "a command that fails", ("exit status 7",), None, "run: 'sh -c \"exit 7\" {input} {output}'"
    ),
    Case(
        "a command that hangs",
        ("still running after 0.5 s",),
        None,
        "timeout: 0.5, run: 'sh -c \"sleep 60\" {input} {output}'",
    ),
    Case("a command that writes nothing", ("wrote no",), None, "run: 'true {input} {output}'"),
    Case(
        "a command of another length",
        ("wrote 100 samples for 33075",),
        None,
        "run: 'sh short.sh {input} {output}'",
        _short,
    ),
    Case(
        "a command that is not there",
        ("no-such-program", "cannot be started"),
        None,
        "run: 'no-such-program {input} {output}'",
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_clear_line_and_the_rest_goes_on(
    case: Case,
    make_songs: Make,
    make_benchmark: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    songs = make_songs(2)
    if case.song is not None:
        case.song(songs / "song-0")
    if case.prepare is not None:
        case.prepare(tmp_path)
    kind = "command" if "run:" in case.system else "checkpoint"
    extra = [f"{{name: bad, kind: {kind}, {case.system}}}"] if case.system else []
    bench = make_benchmark("unprocessed", *extra, more=TIGHT)
    try:
        summary, _ = carry_out(bench, tmp_path / "r")
        messages = [message for *_, message in summary.failures]
        expected = 2 if case.song is not None else 4
        assert summary.rendered == expected, "the others must be rendered"
    except UserError as error:
        # A system whose file is no checkpoint at all is refused before anything runs.
        messages = str(error).splitlines()
        assert case.system
        assert messages[0].startswith(f"{bench}:")
    assert messages
    for message in messages:
        assert "\n" not in message
        assert "Traceback" not in message
        for part in case.says:
            assert part in message
    assert not (tmp_path / "stolen").exists(), "the pickle's code ran"
    renders = tmp_path / "r" / "renders"
    assert [p for p in renders.rglob("*") if p.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("systems: [unprocessd]\n", (":2:", "unprocessd", "unprocessed")),
        ("systems: [unprocessed]\nmetrcs: default\n", (":3:", "metrcs", "metrics")),
        ("systems: [{kind: loudness, taget: -14}]\n", (":2:", "taget", "target")),
        ("systems: [{kind: loudness, target: loud}]\n", (":2:", "target", "loud")),
        (
            "systems: [unprocessed]\nmetrics: [mrstft_musik]\n",
            (":3:", "mrstft_musik", "mrstft_music"),
        ),
        ("systems: [unprocessed\n", ("not valid YAML",)),
    ],
)
def test_a_mistake_in_the_file_names_its_line_and_the_mend(
    make_songs: Make, tmp_path: Path, lines: str, says: tuple[str, ...]
) -> None:
    make_songs(1)
    bench = tmp_path / "bench.yaml"
    bench.write_text(f"earmark: 1\n{lines}name: x\nsongs: {{folder: songs/}}\n")
    done = typed("check", str(bench), cwd=tmp_path)
    assert done.status == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "bench.yaml" in done.stderr
    for part in says:
        assert part in done.stderr


def test_a_results_folder_that_cannot_be_made_is_one_line(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    (tmp_path / "taken").write_text("a file")
    bench = make_benchmark("unprocessed", more=TIGHT)
    done = typed("run", str(bench), "--results", "taken", cwd=tmp_path)
    assert done.status == 1
    assert len(done.stderr.splitlines()) == 1
    assert "taken" in done.stderr
    assert "--results" in done.stderr
    assert (tmp_path / "taken").read_text() == "a file"


@pytest.mark.slow
def test_a_disk_that_is_full_leaves_nothing_half_written_and_a_resumable_run(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(2)
    bench = make_benchmark("unprocessed", more=TIGHT)

    def full() -> None:
        # The system refuses to let any file grow beyond this, as a full disk would.
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    done = earmark("render", str(bench), "--workers", "1", cwd=tmp_path, preexec=full)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "cannot be written" in line]
    assert "free space" in line
    assert not list((tmp_path / "results" / "renders").rglob("*.wav"))
    # Nothing was the fault of a unit: with space again, the same command goes on.
    again = typed("render", str(bench), "--workers", "1", cwd=tmp_path)
    assert again.status == 0, again.stderr
    assert len(list((tmp_path / "results" / "renders").rglob("*.wav"))) == 4


def earmark(
    *arguments: str, cwd: Path, preexec: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "earmark", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=preexec,
    )
