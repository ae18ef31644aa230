"""One file through one system."""

from pathlib import Path

import pytest
import torch
from small_songs import RATE, save, song

from earmark.evaluation.master import MasterJob, master_file, system_spec
from earmark.models.audio.files import info, read
from earmark.models.audio.loudness import integrated_loudness
from earmark.models.errors import UserError


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    save(tmp_path / "mix.wav", song(0, 1.5))
    return tmp_path / "mix.wav"


def test_the_whole_file_is_mastered_at_its_own_rate_and_length(mix: Path, tmp_path: Path) -> None:
    done = master_file(MasterJob(mix, "loudness", tmp_path / "out.wav", settings=("target=-20",)))
    audio, rate = read(tmp_path / "out.wav")
    assert (rate, audio.shape) == (RATE, (2, round(1.5 * RATE)))
    assert float(integrated_loudness(audio, rate)) == pytest.approx(-20, abs=0.02)
    assert done.lufs == pytest.approx(-20, abs=0.02)
    assert "-20.0 LUFS" in str(done)


def test_a_reference_is_what_a_system_makes_it_like(mix: Path, tmp_path: Path) -> None:
    save(tmp_path / "reference.wav", song(1, 1.0) * 0.3, 2 * RATE)
    job = MasterJob(mix, "loudness", tmp_path / "o.wav", tmp_path / "reference.wav")
    master_file(MasterJob(**{**vars(job), "settings": ("target=reference",)}))
    wanted = integrated_loudness(read(tmp_path / "reference.wav")[0], 2 * RATE)
    found = integrated_loudness(read(tmp_path / "o.wav")[0], RATE)
    assert float(found) == pytest.approx(float(wanted), abs=0.1)


def test_stems_are_mixed_and_flac_says_when_it_clips(mix: Path, tmp_path: Path) -> None:
    (tmp_path / "stems").mkdir()
    for number in range(3):
        save(tmp_path / "stems" / f"{number}.wav", song(number, 1.5) * 3)
    done = master_file(MasterJob(mix, "mono_sum", tmp_path / "o.flac", stems=tmp_path / "stems"))
    assert info(tmp_path / "o.flac").samples == round(1.5 * RATE)
    assert "clipped" in str(done)


def test_a_shipped_network_and_a_checkpoint_are_named_alike(mix: Path, tmp_path: Path) -> None:
    import earmark.models

    folder = Path(earmark.models.__file__).parent / "weights" / "tcn"
    for name, out in (("tcn", "a.wav"), (str(folder), "b.wav")):
        master_file(MasterJob(mix, name, tmp_path / out))
    assert torch.equal(read(tmp_path / "a.wav")[0], read(tmp_path / "b.wav")[0])


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("loudnes", (), "did you mean 'loudness'?"),
        ("loudness", ("taget=-9",), "unknown key 'taget'; did you mean 'target'?"),
        ("loudness", ("target=loud",), "a number, or 'reference', not 'loud'"),
        ("loudness", ("target=500",), "less than or equal to 0, or 'reference', not 500"),
        ("loudness", ("target",), "write NAME=VALUE"),
        ("unprocessed", ("x=1",), "unknown key 'x'"),
        ("imported", (), "'folder' is missing"),
    ],
)
def test_a_wrong_system_or_option_is_one_line(
    name: str, settings: tuple[str, ...], says: str
) -> None:
    with pytest.raises(UserError) as caught:
        system_spec(name, settings)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"file": Path("no.wav")}, "no.wav: no such file"),
        ({"out": Path("o.mp3")}, "write .wav"),
        ({"stems": Path("nowhere")}, "no such folder"),
        ({"system": "eq_match"}, "reference"),
        ({"system": "mono_sum"}, "stems"),
        ({"device": "tpu"}, "tpu"),
    ],
)
def test_a_wrong_job_is_one_line_and_writes_nothing(
    mix: Path, tmp_path: Path, change: dict[str, object], says: str
) -> None:
    job = {"file": mix, "system": "loudness", "out": tmp_path / "o.wav", **change}
    with pytest.raises(UserError) as caught:
        master_file(MasterJob(**job))  # type: ignore[arg-type]
    assert says in str(caught.value)
    assert not list(tmp_path.glob("*o.*"))
