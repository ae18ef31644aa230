"""Metrics by name: how one is added, chosen and given parameters, and what is refused."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from places import ROOT
from torch import Tensor

from earmark.evaluation.metrics import (
    METRICS,
    REASONS,
    Analysis,
    Requires,
    UndefinedError,
    measure,
    metric,
    select,
)
from earmark.models.errors import UserError

NAMES = {
    "lufs_integrated",
    "lufs_short_term_max",
    "lufs_momentary_max",
    "lra",
    "true_peak_dbtp",
    "sample_peak_dbfs",
    "overs",
    "plr",
    "crest_factor_db",
    "stereo_correlation",
    "stereo_width_db",
    "balance_db",
    "mono_loss_db",
    "bandwidth_hz",
    "bandwidth_error_hz",
    "delay_samples",
    "gain_db",
    "polarity",
    "correlation",
    "mae",
    "esr",
    "snr_db",
    "si_sdr_db",
    "mrstft_auraloss",
    "mrstft_music",
    "mrstft_sum_diff",
    "logmel_db",
    "mcd_k25",
    "a_weighted_error_db",
    "lufs_error",
    "rtf",
    "peak_memory_mb",
    "parameters",
}


@pytest.fixture
def registry() -> Iterator[None]:
    """What a test registers is taken out again."""
    before = dict(METRICS)
    yield
    METRICS.clear()
    METRICS.update(before)


def noise(seed: int = 0, samples: int = 20000) -> Tensor:
    return 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))


def test_the_metrics_of_the_default_choice_keep_their_names() -> None:
    assert {one.name for one in select("default")} == NAMES


def test_every_metric_says_what_it_is() -> None:
    for one in METRICS.values():
        assert one.summary.endswith("."), one.name
        assert one.version >= 1
        assert {one.requires.nan, one.requires.infinite} <= set(REASONS), one.name


def test_names_and_default_can_be_mixed_and_nothing_comes_twice() -> None:
    found = select(["lra", "default", "lra", {"name": "mae"}])
    assert found[0].name == "lra"
    assert len(found) == len(NAMES)


def test_a_parameter_changes_the_value_and_is_part_of_the_measurement() -> None:
    plain, changed = select(["snr_db", {"name": "snr_db", "zero_mean": True}])
    audio, target = Analysis(noise(0) + 0.5, 44100), Analysis(noise(1) + 0.5, 44100)
    before, after = (measure(audio, [one], target)[0] for one in (plain, changed))
    assert before.value is not None
    assert after.value is not None
    assert before.value > after.value + 3
    assert before.parameters == {"zero_mean": False, "channel": "all"}
    assert after.parameters == {"zero_mean": True, "channel": "all"}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("lufs_integratd", r"unknown metric 'lufs_integratd' \(did you mean 'lufs_integrated'\?\)"),
        (
            ["default", "zzz"],
            "unknown metric 'zzz'; choose from default, defects, features, lufs_integrated",
        ),
        ([{"name": "mcd_k25", "coefficient": 13}], r"'coefficient' \(did you mean 'coefficients'"),
        ([{"name": "lra", "window": 3}], "unknown parameter 'window'; it has none"),
        ([{"name": "mcd_k25", "coefficients": "many"}], "must be int, not 'many'"),
        ([{"name": "mcd_k25", "coefficients": True}], "must be int, not True"),
        ([{"metric": "lra"}], "has no name"),
    ],
)
def test_what_cannot_be_chosen_is_refused_in_one_line(entries: Any, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        select(entries)
    assert "\n" not in str(caught.value)


def test_a_whole_number_serves_where_a_fraction_is_meant() -> None:
    (found,) = select([{"name": "logmel_db", "eps": 1}])
    assert found.parameters["eps"] == 1.0
    assert isinstance(found.parameters["eps"], float)


@pytest.mark.usefixtures("registry")
def test_a_plain_function_is_enough_for_a_plug_in() -> None:
    @metric
    def mean_sample(audio: Tensor, sample_rate: int) -> Tensor:
        """Mean of all samples."""
        assert sample_rate == 44100
        return audio.mean(dim=(1, 2))

    (found,) = measure(Analysis(noise() + 0.25, 44100), select("mean_sample"))
    assert found.value == pytest.approx(0.25, abs=0.01)
    assert (found.variant, found.unit, found.version, found.reason) == ("raw", "", 1, "")
    assert mean_sample(noise()[None], 44100).shape == (1,)


@pytest.mark.usefixtures("registry")
def test_a_plug_in_that_compares_is_measured_raw_and_aligned() -> None:
    @metric(unit="dB", better="lower", version=3)
    def worst(audio: Tensor, reference: Tensor, sample_rate: int, floor: float = 0.0) -> float:
        """Largest error."""
        return max(float((audio - reference).abs().max()), floor)

    audio = noise()
    found = measure(Analysis(audio / 2, 44100), select("worst"), Analysis(audio, 44100))
    assert [one.variant for one in found] == ["raw", "aligned"]
    assert found[0].value == pytest.approx(audio.abs().max().item() / 2)
    assert found[1].value == pytest.approx(0.0, abs=1e-5)
    (changed,) = select([{"name": "worst", "floor": 1}])
    assert changed.parameters == {"floor": 1.0}
    assert changed.version == 3


@pytest.mark.usefixtures("registry")
def test_a_plug_in_may_say_why_it_has_no_value() -> None:
    @metric
    def never(audio: Tensor) -> Tensor:
        raise UndefinedError("too_short")

    @metric(requires=Requires(nan="not_stereo"))
    def nothing(analysis: Analysis) -> None:
        return None

    found = measure(Analysis(noise(), 44100), select(["never", "nothing"]))
    assert [(one.value, one.reason) for one in found] == [(None, "too_short"), (None, "not_stereo")]


@pytest.mark.usefixtures("registry")
def test_a_plug_in_that_returns_a_value_per_channel_is_told_so() -> None:
    @metric
    def per_channel(audio: Tensor) -> Tensor:
        return audio.mean(dim=-1)

    with pytest.raises(ValueError, match="per_channel gave 2 values for 1 items"):
        measure(Analysis(noise(), 44100), select("per_channel"))


@pytest.mark.usefixtures("registry")
def test_a_plug_in_cannot_take_a_name_that_is_taken() -> None:
    with pytest.raises(UserError, match="two metrics are named 'lra'"):
        metric(name="lra")(lambda audio: 0.0)


@pytest.mark.usefixtures("registry")
def test_an_argument_that_is_no_input_needs_a_default() -> None:
    def banded(audio: Tensor, band: int) -> float:
        return 0.0

    with pytest.raises(UserError, match="argument 'band' is none of audio"):
        metric(banded)


@pytest.mark.usefixtures("registry")
def test_an_unknown_direction_is_refused() -> None:
    better: Any = "up"
    with pytest.raises(UserError, match="choose from higher, lower, zero, none"):
        metric(better=better, name="x")(lambda audio: 0.0)


def test_a_batch_gives_what_its_items_give() -> None:
    audio = torch.stack([noise(0), noise(1) * 3, noise(2).cumsum(dim=-1) / 40])
    target = torch.stack([noise(3), noise(4), noise(5)])
    for one in METRICS.values():
        if one.needs not in ("audio", "reference"):
            continue
        compares = one.needs == "reference"
        whole = one(audio, 44100, target if compares else None)
        assert whole.shape == (3,)
        single = [
            one(audio[at : at + 1], 44100, target[at : at + 1] if compares else None)
            for at in range(3)
        ]
        torch.testing.assert_close(
            whole, torch.cat(single), rtol=1e-6, atol=1e-6, equal_nan=True, msg=one.name
        )


def test_one_bad_item_of_a_batch_leaves_the_others_their_values() -> None:
    audio = torch.stack([noise(0), noise(0) * torch.nan, noise(0) * 0])
    target = torch.stack([noise(1)] * 3)
    for one in METRICS.values():
        if one.needs not in ("audio", "reference"):
            continue
        values, reasons = one.evaluate(Analysis(audio, 44100), Analysis(target, 44100))
        expected, _ = one.evaluate(Analysis(audio[:1], 44100), Analysis(target[:1], 44100))
        torch.testing.assert_close(
            values[:1], expected, rtol=1e-6, atol=1e-6, equal_nan=True, msg=one.name
        )
        assert reasons[1] == "non_finite", one.name
        assert values[1].isnan(), one.name
        heard = not one.requires.sound  # what counts overs or defects counts none in silence
        assert heard or (reasons[2] == "silent" and values[2].isnan()), one.name


DOCUMENTATION = (ROOT / "docs" / "metrics.md").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(METRICS))
def test_parameters_units_and_directions_are_documented(name: str) -> None:
    one = METRICS[name]
    (row,) = (line for line in DOCUMENTATION.splitlines() if line.startswith(f"| `{name}` |"))
    unit, better = (cell.strip() for cell in row.split("|")[2:4])
    assert unit == one.unit or (not one.unit and unit.startswith("("))
    assert better == one.better
    assert [
        parameter for parameter in one.parameters if f"`{parameter}`" not in DOCUMENTATION
    ] == []


def test_reasons_are_documented() -> None:
    assert [code for code in REASONS if f"| `{code}` |" not in DOCUMENTATION] == []


@pytest.mark.usefixtures("registry")
def test_the_plug_in_of_the_documentation_works() -> None:
    (code,) = re.findall(r"```python\n(.+?)```", DOCUMENTATION, flags=re.DOTALL)
    exec(compile(code, "docs/metrics.md", "exec"), {})
    names = ["mean_sample", "largest_error"]
    audio = noise()
    found = measure(Analysis(audio + 0.25, 44100), select(names), Analysis(audio, 44100))
    assert [one.metric for one in found] == ["mean_sample", "largest_error", "largest_error"]
    assert found[0].value == pytest.approx(0.25, abs=0.01)
    assert found[1].value == pytest.approx(0.25, abs=1e-5)
