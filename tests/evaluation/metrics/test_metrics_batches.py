"""Many items at once, one reference for all of them: the same values as one by one."""

import dataclasses
import math
from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor

from earmark.evaluation.metrics import (
    METRICS,
    Analysis,
    Measurement,
    Metric,
    measure,
    measure_batch,
    metric,
    select,
    stft,
)
from earmark.models.audio.summing import sums

RATE = 44100
# Values of the plain path, which a GPU takes, and of machine code: both round terms in float32.
DEVICE_TOLERANCE = 2e-6
LOUDNESS_TOLERANCE = 5e-6  # LU: the filter by spectra in float32


def noise(seed: int, seconds: float = 1.2, channels: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    samples = round(seconds * RATE)
    swell = 0.05 + 0.2 * torch.sin(torch.arange(samples) / RATE * 4).square()
    return torch.randn(channels, samples, generator=generator) * swell


def masters() -> tuple[list[Tensor], Tensor]:
    """Versions of one song, some late, some upside down, one silent, and their reference."""
    target = noise(0)
    return [
        (1.5 * target).tanh(),
        0.5 * target + 0.05 * noise(1),
        torch.roll((2 * target).tanh(), 37, dims=1),
        -0.8 * target + 0.01 * noise(2),
        torch.zeros_like(target),
        torch.roll(0.9 * target, -12, dims=1),
        target.clone(),
    ], target


Row = tuple[str, str, float | None, str]


def rows(found: Sequence[Measurement]) -> list[Row]:
    return [(one.metric, one.variant, one.value, one.reason) for one in found]


def near(value: float | None, expected: float | None, *, rel: float, at_least: float) -> None:
    assert (value is None) == (expected is None)
    if value is not None:
        assert value == pytest.approx(expected, rel=rel, abs=at_least)


@pytest.mark.parametrize("same_reference", [True, False])
def test_a_batch_gives_the_values_of_its_items(*, same_reference: bool) -> None:
    renders, target = masters()
    targets = target[None] if same_reference else target.expand(len(renders), -1, -1).clone()
    names = ["default", "auraloss:ESRLoss"]
    batch = measure_batch(
        Analysis(torch.stack(renders), RATE), select(names), Analysis(targets, RATE)
    )
    assert len(batch) == len(renders)
    for render, together in zip(renders, batch, strict=True):
        alone = measure(Analysis(render, RATE), select(names), Analysis(target, RATE))
        assert not together.failures
        assert len(rows(together.measurements)) == len(alone) > 30
        for one, other in zip(rows(together.measurements), rows(alone), strict=True):
            assert (*one[:2], one[3]) == (*other[:2], other[3])
            near(one[2], other[2], rel=1e-9, at_least=1e-12)


def test_a_reference_that_is_longer_is_cut_for_a_batch_too() -> None:
    renders, target = masters()
    longer = torch.cat([target, noise(5, 0.02)], dim=1)
    batch = measure_batch(
        Analysis(torch.stack(renders[:3]), RATE), select("default"), Analysis(longer, RATE)
    )
    for render, together in zip(renders, batch, strict=False):
        alone = measure(Analysis(render, RATE), select("default"), Analysis(longer, RATE))
        for one, other in zip(together.measurements, alone, strict=True):
            assert one.reason == other.reason
            near(one.value, other.value, rel=1e-9, at_least=1e-12)


def plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the path of a device without our machine code, on the CPU."""
    from earmark.models.audio import loudness

    monkeypatch.setattr(stft, "is_compiled", lambda _: False)
    monkeypatch.setattr("earmark.evaluation.metrics.spectrum.is_compiled", lambda _: False)
    monkeypatch.setattr(sums, "_compiled", lambda _: False)
    monkeypatch.setattr(loudness, "_recursive_energies", loudness._energies)


def agree(one: list[Row], other: list[Row]) -> None:
    for (name, variant, value, reason), (*_, expected, why) in zip(one, other, strict=True):
        assert reason == why, (name, variant)
        unit = METRICS[name].unit
        least = LOUDNESS_TOLERANCE if unit in ("LUFS", "LU", "dB", "dBTP") else 1e-7
        if name in ("snr_db", "si_sdr_db", "a_weighted_error_db", "esr") and value is not None:
            # Where nearly nothing is left, it is what rounding left.
            least = 1e-3 if name != "esr" else 1e-6
        near(value, expected, rel=DEVICE_TOLERANCE, at_least=least)


def test_the_path_of_other_devices_gives_the_values_of_machine_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    renders, target = masters()

    def measured() -> list[list[Row]]:
        analysis = Analysis(torch.stack(renders), RATE)
        found = measure_batch(analysis, select("default"), Analysis(target, RATE))
        return [rows(one.measurements) for one in found]

    compiled = measured()
    plainly(monkeypatch)
    for one, other in zip(measured(), compiled, strict=True):
        agree(one, other)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device is here")
def test_a_gpu_gives_the_values_of_the_cpu() -> None:
    renders, target = masters()
    batch, found = torch.stack(renders), []
    for device in ("cpu", "cuda"):
        analysis = Analysis(batch.to(device), RATE)
        done = measure_batch(analysis, select("default"), Analysis(target.to(device), RATE))
        found.append([rows(one.measurements) for one in done])
    for one, other in zip(*found, strict=True):
        agree(other, one)


def test_values_are_read_from_the_device_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the alignment, which is read too, and the end no value is: by counting the reads."""
    renders, target = masters()
    analysis, reference = Analysis(torch.stack(renders), RATE), Analysis(target, RATE)
    reads: list[tuple[int, ...]] = []
    original = torch.Tensor.tolist
    names = ["lra", "crest_factor_db", "mae", "esr", "snr_db", "mrstft_music", "logmel_db"]
    chosen = [one if one.needs == "audio" else _raw(one) for one in select(names)]
    analysis.peak_values, reference.peak_values  # noqa: B018  # they decide what is measured
    plainly(monkeypatch)

    def counted(tensor: Tensor) -> object:
        reads.append(tuple(tensor.shape))
        return original(tensor)

    monkeypatch.setattr(torch.Tensor, "tolist", counted)
    batch = measure_batch(analysis, chosen, reference)
    assert len(batch) == len(renders)
    assert reads == [(len(names) * len(renders),)]


def _raw(one: Metric) -> Metric:
    return dataclasses.replace(one, variants=("raw",))


def test_a_metric_that_takes_no_batch_is_given_its_items(plugins: None) -> None:
    seen = []

    @metric
    def one_by_one(audio: Tensor, reference: Tensor) -> float:
        seen.append((tuple(audio.shape), tuple(reference.shape)))
        if float(audio.abs().max()) < 0.02:
            raise RuntimeError("too soft for me")
        return float((audio - reference).abs().max())

    renders = [noise(1), 0.01 * noise(2), noise(3)]
    found = measure_batch(
        Analysis(torch.stack(renders), RATE),
        [_raw(METRICS["one_by_one"]), METRICS["sample_peak_dbfs"]],
        Analysis(noise(0), RATE),
    )
    assert set(seen) == {((1, *renders[0].shape), (1, *renders[0].shape))}
    assert [[one.metric for one in each.measurements] for each in found] == [
        ["one_by_one", "sample_peak_dbfs"],
        ["sample_peak_dbfs"],
        ["one_by_one", "sample_peak_dbfs"],
    ]
    assert str(found[1].failures[0]) == "too soft for me"
    expected = (renders[2] - noise(0)).abs().max().item()
    assert found[2].measurements[0].value == pytest.approx(expected)


@pytest.fixture
def plugins() -> Iterator[None]:
    before = dict(METRICS)
    yield
    METRICS.clear()
    METRICS.update(before)


@pytest.mark.parametrize("eps", [0.0, 1e-8])
def test_a_bin_without_energy_is_as_far_away_as_eps_says(eps: float) -> None:
    silence_after = noise(0)
    silence_after[:, 20000:] = 0
    (chosen,) = select([{"name": "mrstft_music", "eps": eps}])
    found = measure(Analysis(silence_after, RATE), [chosen], Analysis(noise(1), RATE))[0]
    if eps:
        assert found.value is not None
        assert math.isfinite(found.value)
    else:
        assert (found.value, found.reason) == (None, "infinite")
