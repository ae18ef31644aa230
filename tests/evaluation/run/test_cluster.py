"""The same benchmark on a Dask cluster, one of whose workers is killed midway."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from runs import METRICS, Make, carry_out, count, scores

from earmark.evaluation.run.run import RunSettings
from earmark.evaluation.run.workers import Workers

START_SECONDS = 120.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler on this machine, and its two workers."""
    log = (tmp_path / "dask.log").open("wb")
    # The machines of a cluster have working folders of their own.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=elsewhere)

    place = tmp_path / "scheduler.json"
    scheduler = start(
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(place)
    )
    workers = []
    try:
        deadline = time.monotonic() + START_SECONDS
        while not place.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        address = address_in(place, deadline)
        workers = [start("worker", address, "--nthreads", "1", "--no-nanny") for _ in range(2)]
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()
        log.close()


def address_in(place: Path, deadline: float) -> str:
    import json

    while time.monotonic() < deadline:
        try:
            return str(json.loads(place.read_text())["address"])
        except (ValueError, KeyError, OSError):
            time.sleep(0.05)
    raise TimeoutError("the scheduler did not start; see dask.log")


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_the_scores_of_one_process(
    make_songs: Make,
    make_benchmark: Make,
    tmp_path: Path,
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    make_songs(3)
    systems = ["unprocessed", "lowpass_3500", "lowpass_7000"]
    systems += [f"{{kind: loudness, target: -{level}}}" for level in range(14, 24)]
    bench = make_benchmark(*systems, more=METRICS)
    carry_out(bench, tmp_path / "calm")
    address, workers = cluster
    killed: list[int] = []

    def kill_one() -> None:
        deadline = time.monotonic() + START_SECONDS
        while count(tmp_path / "far", "render") < 3 and time.monotonic() < deadline:
            time.sleep(0.002)
        killed.append(count(tmp_path / "far", "render"))
        workers[0].kill()

    killer = Thread(target=kill_one)
    killer.start()
    summary, _ = carry_out(bench, Path("far"), RunSettings(Workers(address=address), "cpu"))
    killer.join()
    assert workers[0].wait() != 0
    assert 3 <= killed[0] < summary.units, "the worker was killed too late to show anything"
    assert summary.failures == ()
    assert scores(tmp_path / "far") == scores(tmp_path / "calm") != {}
