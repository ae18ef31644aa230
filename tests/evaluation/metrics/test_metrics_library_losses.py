"""Losses of auraloss as metrics: per item, told by version, undefined where our policy says so."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import auraloss
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor

from earmark.cli import earmark
from earmark.evaluation.benchmark.metric_entries import try_metric
from earmark.evaluation.metrics import METRICS, REFUSED, Analysis, measure, select
from earmark.evaluation.run.score import entry_of
from earmark.models.audio.library_losses import library_version
from earmark.models.errors import UserError

NAMES = sorted(name for name in METRICS if name.startswith("auraloss:"))


def noise(seed: int, channels: int = 2, samples: int = 20001) -> Tensor:
    drawn = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(channels, samples, generator=drawn)


def measured(entry: Any, audio: Tensor, target: Tensor, rate: int = 44100) -> tuple[Any, str]:
    found = measure(Analysis(audio, rate), select([entry]), Analysis(target, rate))[0]
    return found.value, found.reason


def test_every_loss_of_the_library_is_a_metric_or_says_why_not() -> None:
    own = {
        name
        for module in (auraloss.time, auraloss.freq)
        for name in vars(module)
        if name.endswith("Loss")
    }
    assert {f"auraloss:{name}" for name in own} == {*NAMES, *REFUSED}
    assert len(NAMES) == 10


@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (22050, 1), (96000, 3)])
def test_a_metric_is_the_library_s_value(rate: int, channels: int) -> None:
    audio, target = noise(0, channels), noise(1, channels)
    value, _ = measured("auraloss:MultiResolutionSTFTLoss", audio, target, rate)
    own = auraloss.freq.MultiResolutionSTFTLoss()(audio[None], target[None])
    assert value == pytest.approx(own.item(), rel=1e-6)
    entry = {"name": "auraloss:STFTLoss", "perceptual_weighting": True, "fft_size": 2048}
    own = auraloss.freq.STFTLoss(fft_size=2048, perceptual_weighting=True, sample_rate=rate)
    expected = own(audio[None], target[None]).item()
    assert measured(entry, audio, target, rate)[0] == pytest.approx(expected, rel=1e-6)


def test_ours_and_the_library_s_stereo_distance_differ_by_the_stated_factor() -> None:
    audio, target = noise(0), noise(1)
    theirs, _ = measured("auraloss:SumAndDifferenceSTFTLoss", audio, target)
    mine, _ = measured("mrstft_sum_diff", audio, target)
    assert mine == pytest.approx(2 * theirs, rel=1e-4)


def test_the_version_of_the_library_is_part_of_a_score() -> None:
    for name in NAMES:
        assert METRICS[name].parameters["auraloss"] == library_version()
        assert entry_of(METRICS[name]) == name
    (other,) = select([{"name": "auraloss:ESRLoss", "auraloss": "0.3.0"}])
    with pytest.raises(UserError, match=r"is installed, not 0\.3\.0; leave it out"):
        try_metric(other)


@pytest.mark.parametrize(
    ("name", "audio", "target", "reason"),
    [
        ("STFTLoss", torch.zeros(2, 9000), noise(1, samples=9000), "silent"),
        ("STFTLoss", noise(1, samples=512), noise(2, samples=512), "too_short"),
        ("MultiResolutionSTFTLoss", noise(1, samples=900), noise(2, samples=900), "too_short"),
        ("SumAndDifferenceSTFTLoss", noise(1, 1), noise(2, 1), "mono"),
        ("SumAndDifferenceSTFTLoss", noise(1, 3), noise(2, 3), "not_stereo"),
        ("SumAndDifferenceSTFTLoss", noise(1), noise(2, 1).expand(2, -1), "mono_reference"),
        (
            "ESRLoss",
            noise(1),
            torch.stack([noise(2)[0], torch.zeros(20001)]),
            "silent_reference_right",
        ),
    ],
)
def test_what_the_policy_leaves_undefined_stays_undefined(
    name: str, audio: Tensor, target: Tensor, reason: str
) -> None:
    assert measured(f"auraloss:{name}", audio, target) == (None, reason)


def test_a_batch_is_its_items() -> None:
    audio = torch.stack([noise(0), 0.01 * noise(1), torch.zeros(2, 20001)])
    target = torch.stack([noise(2), noise(3), noise(4)])
    for name in NAMES:
        found = METRICS[name](audio, 44100, target)
        for item in range(2):
            one = METRICS[name](audio[[item]], 44100, target[[item]])
            assert found[item] == pytest.approx(one.item(), rel=1e-6)
        assert math.isnan(found[2])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("auraloss:SumDiffSTFTLoss", "did you mean 'auraloss:SumAndDifferenceSTFTLoss'"),
        ("SumAndDifferenceSTFTLoss", "did you mean 'auraloss:SumAndDifferenceSTFTLoss'"),
        ("auraloss:ChromaSTFTLoss", "cannot be built by auraloss"),
        ("auraloss:RandomResolutionSTFTLoss", "draws its resolutions at random"),
        ({"name": "auraloss:STFTLoss", "sample_rate": 44100}, "unknown parameter 'sample_rate'"),
        ({"name": "auraloss:STFTLoss", "scale_invariance": True}, "one channel only"),
        ({"name": "auraloss:STFTLoss", "reduction": "none"}, "gives no single value"),
        ({"name": "auraloss:STFTLoss", "hop_size": 0}, "does not work with hop_size 0"),
    ],
)
def test_a_benchmark_file_is_refused_with_the_line_of_the_loss(
    entry: Any, message: str, make_songs: Callable[..., Path], make_benchmark: Callable[..., Path]
) -> None:
    make_songs()
    path = make_benchmark("unprocessed", more=f"metrics: {json.dumps(['mae', entry])}\n")
    found = CliRunner().invoke(earmark, ["check", str(path)])
    assert isinstance(found.exception, UserError)
    assert message in str(found.exception)
    assert "\n" not in str(found.exception)
    assert f"{path}:" in str(found.exception)


def test_the_list_names_them_and_why_the_others_are_none() -> None:
    shown = CliRunner().invoke(earmark, ["list", "metrics"], env={"COLUMNS": "250"}).output
    for name in NAMES:
        assert name in shown
    for name, reason in REFUSED.items():
        assert f"{name} is not a metric: it {reason}" in shown
