"""Cross-checks of audio: equal where both are right, a reason where they are known to differ."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyloudnorm
import pytest
import soundfile
import torch
from auraloss.freq import SumAndDifferenceSTFTLoss
from click.testing import CliRunner

from earmark.cli import earmark
from earmark.evaluation import crosscheck
from earmark.evaluation.crosscheck import crosscheck_file
from earmark.evaluation.measure import Reference, measure_file
from earmark.evaluation.metrics import select
from earmark.evaluation.second_opinion import Closeness, Judgement, Opinion
from earmark.models.audio.files import resample

Audio = npt.NDArray[np.float32]
RATE = 22_050


def audio(seed: int = 0, channels: int = 2, seconds: float = 5.0, rate: int = RATE) -> Audio:
    draw = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    swell = 0.2 + 0.8 * np.abs(np.sin(0.7 * time))
    return (0.1 * swell * draw.normal(size=(channels, time.size))).astype(np.float32)


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(name: str, samples: Audio, rate: int = RATE) -> Path:
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, samples.T, rate, subtype="FLOAT")
        return path

    return write


def by_call(found: list[Opinion]) -> dict[tuple[str, str], Opinion]:
    return {(one.value, one.call): one for one in found}


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "rate"), [(2, 22_050), (1, 32_000)])
def test_a_file_and_its_reference_agree_or_say_why_not(
    channels: int, rate: int, written: Any
) -> None:
    reference = audio(0, channels, rate=rate)
    changed = np.tanh(1.5 * reference) + 0.1 * audio(1, channels, rate=rate)
    path = written("master", changed, rate)
    other = Reference(written("reference", reference, rate))
    found = crosscheck_file(path, other)
    assert [one for one in found if one.verdict is Judgement.UNEXPLAINED] == []
    values = by_call(found)
    equal = {name for (name, _), one in values.items() if one.verdict is Judgement.EQUAL}
    stereo = {"mrstft_sum_diff"} if channels == 2 else set()
    assert equal >= {"lufs_integrated", "lufs_error", "esr", "snr_db", "si_sdr_db"}
    assert {one.value for one in found} >= equal | {"lra", "a_weighted_error_db"} | stereo
    for one in found:
        if one.ours is not None and one.theirs is not None:
            assert one.difference == pytest.approx(one.ours - one.theirs)
        assert bool(one.reason) == (one.verdict is not Judgement.EQUAL)
        assert one.library.split()[0] in ("pyloudnorm", "auraloss")


@pytest.mark.slow
def test_what_is_printed_is_what_the_library_gives(written: Any) -> None:
    reference = audio(0)
    changed = np.tanh(1.5 * reference) + 0.1 * audio(1)
    path = written("master", changed)
    found = by_call(crosscheck_file(path, Reference(written("reference", reference))))
    for filters in ("DeMan", "K-weighting"):
        own = pyloudnorm.Meter(RATE, filter_class=filters).integrated_loudness(
            changed.T.astype(float)
        )
        call = f'Meter(rate, filter_class="{filters}").integrated_loudness'
        assert found["lufs_integrated", call].theirs == pytest.approx(own, abs=1e-9)
    (halved,) = [one for (name, _), one in found.items() if name == "mrstft_sum_diff"]
    sizes = [[1024, 2048, 512], [120, 240, 50], [600, 1200, 240]]
    pair = (torch.from_numpy(one)[None] for one in (changed, reference))
    assert halved.theirs == pytest.approx(SumAndDifferenceSTFTLoss(*sizes)(*pair).item(), rel=1e-6)
    assert halved.verdict is Judgement.KNOWN
    assert "halves" in halved.reason


@pytest.mark.slow
def test_an_offset_shows_as_the_mean_that_the_library_removes(written: Any) -> None:
    reference = audio(0)
    path = written("offset", reference + 0.1 * audio(1) + np.float32(0.05))
    found = by_call(crosscheck_file(path, Reference(written("reference", reference))))
    assert found["snr_db", "-time.SNRLoss(zero_mean=False)"].verdict is Judgement.EQUAL
    default = found["snr_db", "-time.SNRLoss()"]
    assert default.verdict is Judgement.KNOWN
    assert default.difference is not None
    assert default.difference < -3
    assert "mean" in default.reason


@pytest.mark.slow
def test_an_identical_render_is_undefined_here_and_a_number_there(written: Any) -> None:
    path = written("same", audio())
    found = by_call(crosscheck_file(path, Reference(path)))
    one = found["si_sdr_db", "-time.SISDRLoss(zero_mean=False)"]
    assert (one.verdict, one.ours, one.difference) == (Judgement.UNDEFINED, None, None)
    assert one.theirs is not None
    assert "what its eps makes" in one.reason


@pytest.mark.parametrize(
    ("samples", "value", "reason"),
    [
        (audio(channels=6, seconds=1), "lufs_integrated", "pyloudnorm: Audio must have five"),
        (audio(seconds=0.2), "lufs_integrated", "ours: shorter than the metric's window"),
        (audio(seconds=0.2), "lra", "ours: shorter than the metric's window"),
        (0 * audio(seconds=1), "lufs_integrated", "ours: the audio is silent"),
    ],
)
def test_what_one_of_the_two_cannot_say_has_its_reason(
    samples: Audio, value: str, reason: str, written: Any
) -> None:
    found = [one for one in crosscheck_file(written("odd", samples)) if one.value == value]
    assert found
    for one in found:
        assert one.verdict is Judgement.UNDEFINED
        assert one.reason.startswith(reason)


def test_four_channels_are_weighted_as_the_library_has_them(written: Any) -> None:
    samples = audio(channels=4, seconds=1) * np.array([[1], [1], [3], [1]], dtype=np.float32)
    one = crosscheck_file(written("quad", samples))[0]
    assert one.verdict is Judgement.KNOWN
    assert "L R C Ls" in one.reason


@pytest.mark.parametrize(
    ("closeness", "ours", "theirs", "verdict"),
    [
        (Closeness(0.1), 1.0, 1.05, Judgement.EQUAL),
        (Closeness(0.1), 1.0, 1.2, Judgement.UNEXPLAINED),
        (Closeness(0.1, 1.0, "why"), 1.0, 1.2, Judgement.KNOWN),
        (Closeness(0.1, 1.0, "why"), 1.0, 2.2, Judgement.UNEXPLAINED),
        (Closeness(0.01, relative=True), 100.0, 100.9, Judgement.EQUAL),
        (Closeness(0.01, relative=True), 0.1, 0.15, Judgement.UNEXPLAINED),
        (Closeness(1e-6, logarithm=True), 1e-200, 1.0001e-200, Judgement.EQUAL),
        (Closeness(1e-6, logarithm=True), 0.01, 0.02, Judgement.UNEXPLAINED),
        (Closeness(1e-6, logarithm=True), 0.0, 1e-9, Judgement.UNEXPLAINED),
        (Closeness(1e-6, logarithm=True), 0.0, 0.0, Judgement.EQUAL),
        (Closeness(1e-6, 0.01, "half", factor=2.0), 2.0, 1.0, Judgement.KNOWN),
        (Closeness(1e-6, 0.01, "half", factor=2.0), 1.0, 1.0, Judgement.UNEXPLAINED),
    ],
)
def test_a_verdict_is_of_the_gap_and_of_what_is_known(
    closeness: Closeness, ours: float, theirs: float, verdict: Judgement
) -> None:
    assert closeness.judge(ours, theirs)[0] is verdict


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(earmark, ["crosscheck", *map(str, arguments)])


@pytest.mark.slow
def test_the_command_prints_rows_with_the_numbers_of_their_reasons(written: Any) -> None:
    path = written("master", audio(0) + 0.1 * audio(1))
    done = run(path, "--reference", written("reference", audio(0)))
    assert done.exit_code == 0, done.output
    (row,) = [line for line in done.output.splitlines() if "K-weighting" in line]
    assert row.split()[:2] == ["lufs_integrated,", "LUFS"]
    number = row.split("known difference ")[1].split()[0]
    (reason,) = [line for line in done.output.splitlines() if line.startswith(number)]
    assert "default filters are not those of the recommendation" in reason


def test_json_has_every_field_and_no_number_that_json_lacks(written: Any) -> None:
    path = written("same", audio(seconds=1))
    done = run(path, "--reference", path, "--json")

    def refuse(name: str) -> None:
        raise AssertionError(name)

    found = json.loads(done.output, parse_constant=refuse)
    assert found["schema"] == 1
    assert {one["subject"] for one in found["values"]} == {"same.wav"}
    for one in found["values"]:
        assert list(one) == [field.name for field in fields(Opinion)]
        assert (one["difference"] is None) == (one["verdict"] == "undefined")


def test_a_difference_without_a_reason_ends_with_status_1(
    written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written("master", audio(seconds=1))
    assert run(path).exit_code == 0
    off = crosscheck._integrated
    monkeypatch.setattr(crosscheck, "_integrated", lambda *given: off(*given) + 3)
    done = run(path)
    assert done.exit_code == 1
    assert "unexplained" in done.output


@pytest.mark.slow
def test_what_cannot_be_checked_is_one_line(written: Any, tmp_path: Path) -> None:
    good = written("good", audio(seconds=1))
    longer, mono = written("long", audio(seconds=2)), written("mono", audio(channels=1, seconds=1))
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("listener,passage,system,value\n")
    for arguments, message in (
        ((good, ratings), "cannot be checked together"),
        ((good, "--only", "x"), "are for ratings"),
    ):
        done = run(*arguments)
        assert message in str(done.exception)
        assert "\n" not in str(done.exception)
    for other, message in ((longer, "cut both to the same 50 ms"), (mono, "only the same number")):
        done = run(good, longer, "--reference", other)
        assert done.exit_code == 1
        assert message in done.output
    done = run(good, tmp_path / "none.wav")
    assert done.exit_code == 1
    assert "none.wav" in done.output
    assert "lufs_integrated" in done.output


@pytest.mark.slow
def test_a_file_of_a_lower_rate_has_the_values_of_measure(written: Any) -> None:
    whole = audio(0, rate=44_100)
    whole += 0.1 * np.random.default_rng(3).standard_normal(whole.shape).astype(whole.dtype)
    low = resample(torch.from_numpy(whole), 44_100, 22_050).numpy()
    reference = Reference(written("reference", whole, 44_100))
    path = written("low", low, 22_050)
    found = {one.value: one.ours for one in crosscheck_file(path, reference)}
    for name in ("snr_db", "mrstft_auraloss", "lufs_integrated"):
        done, *_ = measure_file(path, select(name), reference).measurements
        assert found[name] == pytest.approx(done.value), name
    assert found["snr_db"] is not None
    assert found["snr_db"] < 20, "brought down, it would be as good as identical"
