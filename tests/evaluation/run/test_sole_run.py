"""Two runs in one results folder: the second says in one line who is at it."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from runs import METRICS, Make, carry_out, count

from earmark.evaluation.run.sole_run import NAME, sole_run
from earmark.models.errors import UserError

HOLDS = """
import sys, time
from pathlib import Path
from earmark.evaluation.run.sole_run import sole_run
with sole_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def holder(folder: Path) -> "subprocess.Popen[str]":
    """A process that holds the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_does_nothing_and_names_the_first(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    bench = make_benchmark("unprocessed", more=METRICS)
    (tmp_path / "r").mkdir()
    with holder(tmp_path / "r") as first:
        try:
            with pytest.raises(UserError) as caught:
                carry_out(bench, tmp_path / "r")
            (line,) = str(caught.value).splitlines()
            assert f"process {first.pid} on {socket.gethostname()}, since 20" in line
            assert line.endswith("or choose another folder with --results")
            assert count(tmp_path / "r", "run") == 0
        finally:
            first.kill()
    # However it ended, the folder is free at once.
    assert first.returncode == -signal.SIGKILL
    assert carry_out(bench, tmp_path / "r")[0].rendered == 2


def test_other_folders_are_free_and_so_is_this_one_afterwards(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    one, other = tmp_path / "one", tmp_path / "other"
    with (
        sole_run(one),
        sole_run(other),
        pytest.raises(UserError, match="another run is at work"),
        sole_run(one),
    ):
        pass
    with sole_run(tmp_path / "one"):
        assert (tmp_path / "one" / NAME).read_text()
    assert (tmp_path / "one" / NAME).read_text() == ""


def test_a_folder_that_cannot_hold_the_lock_is_used_all_the_same(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with sole_run(tmp_path):
        pass
