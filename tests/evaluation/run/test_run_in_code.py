"""A benchmark built in a program gives what its file would; objects run beside other systems."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from runs import carry_out, count, scores
from small_songs import RATE
from torch import Tensor, nn

import earmark as em
from earmark.evaluation.results.store import Store

METRICS = ["lufs_integrated", "crest_factor_db", "esr", "mrstft_music", "rtf", "parameters"]


class Half(nn.Module):
    def __init__(self, gain: float = 0.5) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, audio: Tensor) -> Tensor:
        return audio * self.gain


def built(songs: Any, systems: Any, **more: Any) -> Any:
    return em.benchmark("test", songs, systems, metrics=METRICS, sample_rate=RATE, **more)


@pytest.mark.slow
def test_a_benchmark_in_code_is_the_one_of_the_file(
    make_songs: Callable[..., Path], make_benchmark: Callable[..., Path], tmp_path: Path
) -> None:
    songs = make_songs()
    file = make_benchmark(
        "unprocessed",
        "{name: loud, kind: loudness, target: -14}",
        more=f"excerpt: {{start: 0.25, seconds: 1}}\nmetrics: [{', '.join(METRICS)}]\n",
    )
    carry_out(file, tmp_path / "of-file")
    systems = {"unprocessed": "unprocessed", "loud": {"kind": "loudness", "target": -14}}
    code = built(songs, systems, excerpt=(0.25, 1))
    done = em.run(code, tmp_path / "of-code", device="cpu")
    assert done.failures == ()
    assert scores(tmp_path / "of-code") == scores(tmp_path / "of-file")
    again = em.run(file, tmp_path / "of-code", device="cpu")
    assert (again.rendered, again.scored) == (0, 0)


def test_songs_may_be_a_list_of_files_and_of_mappings(
    make_songs: Callable[..., Path], tmp_path: Path
) -> None:
    home = make_songs(3)
    songs = [
        home / "song-0" / "mix.wav",
        {"mix": home / "song-1" / "mix.wav", "reference": str(home / "song-1" / "reference.wav")},
        {"id": "sum", "stems": sorted((home / "song-2" / "stems").iterdir())},
    ]
    done = em.run(built(songs, ["unprocessed"]), tmp_path / "results", device="cpu")
    assert done.failures[0][:3] == ("song-0", "reference", "render")
    assert done.rendered == 4


@pytest.mark.slow
def test_objects_are_systems_like_any_other(
    make_songs: Callable[..., Path], tmp_path: Path
) -> None:
    songs, results = make_songs(), tmp_path / "results"
    systems = {
        "module": Half(),
        "function": em.wrap(lambda audio: audio / 2, version="1"),
        "gain": {"kind": "loudness", "target": -20},
    }
    told: list[str] = []
    done = em.run(built(songs, systems), results, device="cpu", progress=told.append)
    assert done.failures == ()
    assert (done.rendered, done.units) == (10, 10)
    assert "render 1/10: module · song-0" in told
    with Store(results, create=False) as store:
        rows = store.rows("SELECT system, value FROM placement JOIN score ON subject = render"
                          " WHERE metric = 'lufs_integrated' ORDER BY song, system")  # fmt: skip
    values: dict[str, list[float]] = {}
    for row in rows:
        values.setdefault(row["system"], []).append(row["value"])
    assert values["module"] == values["function"]
    again = em.run(built(songs, systems | {"module": Half()}), results, device="cpu")
    assert (again.rendered, again.scored) == (0, 0)
    changed = em.run(built(songs, systems | {"module": Half(0.4)}), results, device="cpu")
    assert changed.rendered == 2


def test_a_list_of_systems_takes_what_system_gives(
    make_songs: Callable[..., Path], tmp_path: Path
) -> None:
    mine = em.system("mine", lambda audio: audio / 2, sample_rate=44100, version="1")
    done = em.run(built(make_songs(1), ["unprocessed", mine]), tmp_path / "results", device="cpu")
    assert done.failures == ()
    assert done.units == 3


def test_a_model_that_fails_on_a_song_is_a_failure_and_the_others_go_on(
    make_songs: Callable[..., Path], tmp_path: Path
) -> None:
    systems = {"short": em.wrap(lambda audio: audio[:, 1:], version="1"), "fine": Half()}
    done = em.run(built(make_songs(), systems), tmp_path / "results", device="cpu")
    assert [row[:3] for row in done.failures] == [
        ("song-0", "short", "render"),
        ("song-1", "short", "render"),
    ]
    assert "keep the length" in done.failures[0][3]
    assert "failed: short · song-0 · render" in str(done)
    assert count(tmp_path / "results", "render") == 6


def test_objects_run_in_this_process_alone(make_songs: Callable[..., Path], tmp_path: Path) -> None:
    found = built(make_songs(1), {"mine": Half()})
    with pytest.raises(
        em.UserError, match=r"'mine' is an object of this program.*leave workers out"
    ):
        em.run(found, tmp_path / "results", workers=2)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("systems", "message"),
    [
        ({"a": "tcnn"}, r"^benchmark 'test': system 'a': 'tcnn' is not a kind.*did you mean 'tcn'"),
        ({"a": lambda audio: audio}, "function is not a system; give a name, a path"),
        ({"a": Path("nowhere")}, r"benchmark 'test' systems\[0\].*no such file or folder"),
        ({"a": {"kind": "loudness", "tarket": -14}}, "unknown key 'tarket'; did you mean 'target'"),
        ({"a": {"kind": "object"}}, "an object lives in a program"),
        ("unprocessed", "give a mapping of names to systems, or a list"),
        ({}, "systems"),
        (["unprocessed", "unprocessed"], "the name 'unprocessed' stands already"),
        ({"reference": "unprocessed"}, "'reference: true' adds a system of that name"),
    ],
)
def test_a_wrong_system_is_told_in_one_line(
    make_songs: Callable[..., Path], systems: Any, message: str
) -> None:
    with pytest.raises(em.UserError, match=message) as error:
        built(make_songs(1), systems)
    assert "\n" not in str(error.value)


def test_a_loaded_system_has_no_identity_but_its_name(make_songs: Callable[..., Path]) -> None:
    loaded = em.load_system("loudness", target=-20)
    with pytest.raises(em.UserError, match="give the name or the path that it was loaded from"):
        built(make_songs(1), {"a": loaded})


def test_a_file_cannot_name_an_object(
    make_songs: Callable[..., Path], make_benchmark: Callable[..., Path], tmp_path: Path
) -> None:
    make_songs(1)
    with pytest.raises(em.UserError, match=r"test\.yaml:6: .*an object lives in a program"):
        em.run(make_benchmark("{name: a, kind: object}"), tmp_path / "results")
