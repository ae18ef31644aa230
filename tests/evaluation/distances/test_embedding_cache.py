"""The cache of embeddings: found by content, whole or not there, never a stranger's."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from fad_files import RATE, noise, write_plugin, write_set

from earmark.evaluation.distances.embedding_cache import Clip, EmbeddingCache, file_clip
from earmark.evaluation.results.store import Store
from earmark.models.embeddings import Embed, Embedding, Opened, named
from earmark.models.errors import UserError
from earmark.models.plugins import load_plugin


@pytest.fixture
def bands(tmp_path: Path) -> Embedding:
    load_plugin(write_plugin(tmp_path / "plugin"))
    return named("bands")


@pytest.fixture
def cache(bands: Embedding, tmp_path: Path) -> EmbeddingCache:
    return EmbeddingCache(tmp_path / "r", bands.open())


def song(tmp_path: Path, seed: int = 0) -> Clip:
    folder = write_set(tmp_path / f"set-{seed}", [noise(seed)])
    return file_clip(folder / "0.wav")


def counted(one: Embedding, calls: list[int]) -> Embedding:
    """The same embedding, which notes each call."""

    def load(weights: Path, device: torch.device) -> Embed:
        inner = one.load(weights, device)

        def embed(audio: torch.Tensor) -> torch.Tensor:
            calls.append(len(audio))
            return inner(audio)

        return embed

    return replace(one, load=load, name="counted")


def test_left_right_mid_and_side_are_embedded(cache: EmbeddingCache, tmp_path: Path) -> None:
    clip = song(tmp_path)
    audio, _ = soundfile.read(clip.path, dtype="float32")
    embed = cache.model.loaded()
    left, right = torch.from_numpy(audio.T.copy())
    wanted = {"l": left, "r": right, "m": (left + right) / 2, "s": (left - right) / 2}
    found = cache.rows(clip, "lrms")
    assert found.keys() == wanted.keys()
    for channel, signal in wanted.items():
        assert found[channel].shape == (8, 4)
        np.testing.assert_array_equal(found[channel], embed(signal).numpy())


def test_what_is_there_is_not_computed_again(bands: Embedding, tmp_path: Path) -> None:
    calls: list[int] = []
    cache = EmbeddingCache(tmp_path / "r", counted(bands, calls).open())
    clip = song(tmp_path)
    assert not cache.has(clip, "m")
    first = cache.rows(clip, "ms")
    assert len(calls) == 2
    again = cache.rows(clip, "lms")
    assert len(calls) == 3
    np.testing.assert_array_equal(first["s"], again["s"])
    assert cache.has(clip, "lms")
    assert not cache.has(clip, "r")


def test_a_file_is_known_by_its_bytes_and_not_by_its_name(
    cache: EmbeddingCache, tmp_path: Path
) -> None:
    clip = song(tmp_path, 1)
    cache.rows(clip, "m")
    moved = clip.path.rename(tmp_path / "another name.wav")
    assert cache.has(file_clip(moved), "m")
    soundfile.write(moved, noise(2), RATE)
    assert not cache.has(file_clip(moved), "m")


def test_other_weights_another_front_end_or_device_are_other_entries(
    bands: Embedding, cache: EmbeddingCache, tmp_path: Path
) -> None:
    clip = song(tmp_path)
    cache.rows(clip, "m")
    for other in (
        replace(cache.model, sha256="0" * 64),
        replace(cache.model, device="cuda:0"),
        Opened(replace(bands, version=2), None, "", "cpu"),
        Opened(replace(bands, name="other"), None, "", "cpu"),
    ):
        assert not EmbeddingCache(cache.results, other).has(clip, "m")
    assert EmbeddingCache(cache.results, replace(cache.model)).has(clip, "m")


def test_a_killed_writer_leaves_nothing_and_a_cut_file_is_made_again(
    cache: EmbeddingCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = song(tmp_path)

    def killed(stream: object, rows: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("numpy.save", killed)
        with pytest.raises(KeyboardInterrupt):
            cache.rows(clip, "m")
    assert [path for path in cache.folder.rglob("*") if path.is_file()] == []
    wanted = cache.rows(clip, "m")["m"]
    (path,) = cache.folder.rglob("*.npy")
    path.write_bytes(path.read_bytes()[:-7])
    np.testing.assert_array_equal(cache.rows(clip, "m")["m"], wanted)
    np.testing.assert_array_equal(np.load(path), wanted)


def test_the_statistics_of_a_reference_are_kept(
    cache: EmbeddingCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [song(tmp_path, seed) for seed in (0, 1)]
    rows = np.concatenate([cache.rows(clip, "m")["m"] for clip in clips])
    first = cache.reference(clips, "m", rows)
    assert first.root.shape == (4, 4)
    # Computed again, it would be another one.
    monkeypatch.setattr(
        "earmark.evaluation.distances.embedding_cache.statistics", lambda rows: None
    )
    again = cache.reference(clips, "m", rows)
    np.testing.assert_array_equal(first.root, again.root)
    np.testing.assert_array_equal(first.mean, again.mean)
    assert again.n == first.n == 16
    monkeypatch.undo()
    (path,) = (cache.folder / "references").glob("*.npz")
    path.write_bytes(b"cut")
    np.testing.assert_array_equal(cache.reference(clips, "m", rows).root, first.root)
    # Other clips, another channel: another entry.
    cache.reference(clips[:1], "m", rows[:8])
    cache.reference(clips, "s", rows)
    assert len(list((cache.folder / "references").glob("*.npz"))) == 3


def test_silence_and_what_is_shorter_than_a_patch_have_no_rows(
    cache: EmbeddingCache, tmp_path: Path
) -> None:
    mono = np.repeat(noise(0)[:, :1], 2, axis=1)
    folder = write_set(tmp_path / "odd", [0 * mono, mono, noise(1)[:3999]])
    silent, same, short = (file_clip(folder / f"{index}.wav") for index in range(3))
    assert {len(rows) for rows in cache.rows(silent, "lrms").values()} == {0}
    assert {len(rows) for rows in cache.rows(short, "lrms").values()} == {0}
    found = cache.rows(same, "lrms")
    assert [len(found[channel]) for channel in "lrms"] == [8, 8, 8, 0]
    # Kept like all others.
    assert cache.has(silent, "lrms")


def test_mono_is_left_right_and_mid(cache: EmbeddingCache, tmp_path: Path) -> None:
    path = tmp_path / "mono.wav"
    soundfile.write(path, noise(0)[:, 0], RATE, subtype="FLOAT")
    found = cache.rows(file_clip(path), "lrms")
    np.testing.assert_array_equal(found["l"], found["m"])
    assert [len(found[channel]) for channel in "lrms"] == [8, 8, 8, 0]


def test_files_of_a_higher_rate_are_resampled(cache: EmbeddingCache, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "high", [noise(0, rate=48_000)], rate=48_000)
    assert cache.rows(file_clip(folder / "0.wav"), "m")["m"].shape == (8, 4)


@pytest.mark.parametrize(
    ("audio", "words"),
    [(np.full((9000, 2), np.nan), "NaN or infinite"), (np.ones((9000, 3)), "3 channels")],
)
def test_audio_that_cannot_be_embedded_is_one_line(
    cache: EmbeddingCache, tmp_path: Path, audio: np.ndarray, words: str
) -> None:
    folder = write_set(tmp_path / "bad", [audio])
    with pytest.raises(UserError, match=words) as error:
        cache.rows(file_clip(folder / "0.wav"), "m")
    assert str(folder / "0.wav") in str(error.value)


@pytest.mark.parametrize("given", [torch.zeros(5), torch.full((5, 2), torch.nan)])
def test_an_embedding_that_gives_no_rows_is_refused(
    bands: Embedding, tmp_path: Path, given: torch.Tensor
) -> None:
    broken = replace(bands, name="broken", load=lambda weights, device: lambda audio: given)
    cache = EmbeddingCache(tmp_path / "r", broken.open())
    with pytest.raises(UserError, match="it must give"):
        cache.rows(song(tmp_path), "m")


def test_what_a_killed_writer_left_is_swept_away(cache: EmbeddingCache, tmp_path: Path) -> None:
    cache.rows(song(tmp_path), "m")
    (whole,) = cache.folder.rglob("*.npy")
    old, young = (whole.with_name(f".{name}.npy") for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"cut")
    os.utime(old, (0, 0))
    with Store(tmp_path / "r") as store:
        store.sweep()
    assert not old.exists()
    assert young.exists()
    assert whole.exists()
