"""Every baseline does what its name says, at any rate, on mono, silence and next to nothing."""

import dataclasses
from typing import Any

import pytest
import torch
from baseline_songs import MODULES, RATE, built, gain_db, lufs, mastered, music, rendered
from pydantic import ValidationError
from torch import Tensor

from earmark.models.audio.loudness import true_peak_dbtp
from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems import loudness_baselines
from earmark.models.systems.contract import KINDS, Material

OF_THE_MIX = [
    "unprocessed",
    "loudness",
    "limiter",
    "eq_match",
    "eq_comp",
    "multiband",
    "lowpass_3500",
    "lowpass_7000",
    "overlimited",
    "overbright",
]
OF_THE_STEMS = ["mono_sum", "random_mix"]
ANCHORS = {"lowpass_3500", "lowpass_7000", "overlimited", "overbright"}


@pytest.fixture(scope="module")
def mix() -> Tensor:
    return music()


@pytest.fixture(scope="module")
def reference(mix: Tensor) -> Tensor:
    return mastered(mix)


# ---- all of them


def test_every_baseline_is_registered_with_a_summary_and_its_role() -> None:
    names = {
        name for name in KINDS if KINDS[name].build.__module__ in {m.__name__ for m in MODULES}
    }
    assert names == {*OF_THE_MIX, *OF_THE_STEMS}
    for name in names:
        entry, spec = KINDS[name], built(name).spec
        assert entry.summary.endswith(".")
        assert entry.role == spec.role == ("anchor" if name in ANCHORS else "baseline")
        assert entry.input == spec.input == ("stems" if name in OF_THE_STEMS else "mix")
        assert spec.uses_reference == (name in {"eq_match", "eq_comp"})
        assert (spec.mode, spec.delay, spec.sample_rate, spec.channels) == ("whole", 0, None, None)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*OF_THE_MIX, *OF_THE_STEMS])
@pytest.mark.parametrize(
    ("rate", "channels", "seconds", "gain"),
    [
        (44100, 2, 1.0, 1.0),
        (48000, 1, 1.0, 1.0),
        (96000, 2, 1.0, 1.0),
        (8000, 2, 1.0, 1.0),
        (44100, 2, 0.1, 1.0),
        (44100, 2, 1 / RATE, 1.0),
        (44100, 2, 1.0, 0.0),
        (44100, 1, 0.1, 0.0),
        (44100, 2, 1.0, 8.0),
    ],
    ids=["plain", "mono 48k", "96k", "8k", "short", "one sample", "silence", "mono", "+12 dBFS"],
)
def test_any_audio_gives_finite_audio_of_the_same_length_and_the_same_again(
    name: str, rate: int, channels: int, seconds: float, gain: float
) -> None:
    audio = gain * music(rate, seconds)[:channels]
    reference = music(rate, seconds, seed=1)[:channels]
    stems = torch.stack([audio, 0.5 * audio, reference])
    source = Material(stems if name in OF_THE_STEMS else audio, rate, reference, "song")
    before = source.audio.clone()
    first = run(built(name), source)
    again = run(built(name), source)
    assert first.audio.shape == (2 if name == "random_mix" else channels, audio.shape[-1])
    assert first.audio.dtype == torch.float32
    assert bool(torch.isfinite(first.audio).all())
    assert first.warnings == ()
    assert first.notes == again.notes
    torch.testing.assert_close(first.audio, again.audio, rtol=0, atol=0)
    torch.testing.assert_close(source.audio, before, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["loudness", "limiter", "eq_match", "eq_comp", "multiband"])
@pytest.mark.parametrize(("seconds", "gain"), [(1.0, 0.0), (0.2, 1.0)], ids=["silent", "short"])
def test_where_loudness_is_undefined_the_level_stays_and_a_note_says_so(
    name: str, seconds: float, gain: float
) -> None:
    audio = gain * music(seconds=seconds)
    out, notes = rendered(built(name), Material(audio, RATE, audio, "song"))
    assert "unchanged" in notes["note"]
    if name != "multiband":
        torch.testing.assert_close(out, audio, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("eq_match", {}),
        ("eq_comp", {}),
        ("loudness", {"target": "reference"}),
        ("limiter", {"target": "reference"}),
        ("multiband", {"target": "reference"}),
        ("mono_sum", {"target": "reference"}),
        ("random_mix", {"target": "reference"}),
    ],
)
def test_a_missing_reference_is_named(name: str, options: dict[str, Any], mix: Tensor) -> None:
    audio = mix.expand(2, 2, -1) if name in OF_THE_STEMS else mix
    with pytest.raises(UserError, match=f"^{name} needs a reference; song tune has none$"):
        built(name, **options).prepare(Material(audio, RATE, None, "tune"), {})


@pytest.mark.parametrize("name", OF_THE_STEMS)
def test_missing_stems_are_named(name: str, mix: Tensor) -> None:
    with pytest.raises(UserError, match=f"^{name} needs stems; song tune has none$"):
        built(name).prepare(Material(mix, RATE, None, "tune"), {})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("unprocessed", {"target": -14}),
        ("loudness", {"target": 3}),
        ("loudness", {"target": "refrence"}),
        ("limiter", {"ceiling": 1}),
        ("limiter", {"lookahead_ms": 0}),
        ("multiband", {"ratio": 0.5}),
        ("overlimited", {"drive": -1}),
        ("eq_match", {"strength": 2}),
    ],
)
def test_options_out_of_range_are_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        built(name, **options)


# ---- level


def test_unprocessed_is_the_mix(mix: Tensor) -> None:
    out, notes = rendered(built("unprocessed"), Material(mix, RATE))
    torch.testing.assert_close(out, mix, rtol=0, atol=0)
    assert notes == {}


@pytest.mark.parametrize("target", [-30.0, -14.0, -3.0])
def test_loudness_hits_its_target_by_one_gain_and_keeps_overs(target: float, mix: Tensor) -> None:
    out, notes = rendered(built("loudness", target=target), Material(mix, RATE))
    assert lufs(out) == pytest.approx(target, abs=0.01)
    assert gain_db(out, mix) == pytest.approx(notes["gain_db"], abs=1e-3)
    assert notes["achieved_lufs"] == pytest.approx(target, abs=0.01)
    if target == -3.0:
        assert float(out.abs().max()) > 1.0


def test_loudness_of_the_reference(mix: Tensor, reference: Tensor) -> None:
    system = built("loudness", target="reference")
    assert system.spec.uses_reference
    out, _ = rendered(system, Material(mix, RATE, reference))
    assert lufs(out) == pytest.approx(lufs(reference), abs=0.01)


def test_loudness_near_the_absolute_gate_still_hits_its_target(mix: Tensor) -> None:
    quiet = mix * 10 ** ((-66.0 - lufs(mix)) / 20)
    out, _ = rendered(built("loudness"), Material(quiet, RATE))
    assert lufs(out) == pytest.approx(-14.0, abs=0.1)


@pytest.mark.parametrize(
    ("target", "ceiling"), [(-20.0, -1.0), (-14.0, -1.0), (-9.0, -1.0), (-11.0, -3.0)]
)
def test_the_limiter_hits_its_loudness_under_its_ceiling(
    target: float, ceiling: float, mix: Tensor
) -> None:
    out, notes = rendered(built("limiter", target=target, ceiling=ceiling), Material(mix, RATE))
    assert lufs(out) == pytest.approx(target, abs=0.1)
    assert notes["achieved_lufs"] == pytest.approx(lufs(out), abs=0.01)
    assert float(true_peak_dbtp(out, RATE)) <= ceiling + 0.05
    assert "note" not in notes


def test_a_limiter_with_nothing_to_limit_is_a_gain(mix: Tensor) -> None:
    out, notes = rendered(built("limiter", target=-30.0), Material(mix, RATE))
    assert gain_db(out, mix) == pytest.approx(-30.0 - lufs(mix), abs=0.01)
    assert notes["most_reduction_db"] == 0.0


def test_a_loudness_out_of_reach_is_noted_and_the_ceiling_still_holds(mix: Tensor) -> None:
    out, notes = rendered(built("limiter", target=0.0), Material(mix, RATE))
    assert notes["note"] == "the target loudness is out of reach"
    assert notes["most_reduction_db"] == pytest.approx(20.0, abs=1e-6)
    assert lufs(out) == pytest.approx(notes["achieved_lufs"], abs=0.01)
    assert float(true_peak_dbtp(out, RATE)) <= -0.95


def test_short_loud_audio_is_limited_although_its_loudness_is_undefined() -> None:
    audio = 8.0 * music(seconds=0.2)
    out, notes = rendered(built("limiter"), Material(audio, RATE))
    assert notes["note"] == loudness_baselines.UNDEFINED
    assert float(true_peak_dbtp(out, RATE)) <= -0.95


@pytest.mark.slow
@pytest.mark.parametrize("name", ["loudness", "limiter", "eq_match", "eq_comp", "overlimited"])
def test_the_level_of_the_mix_does_not_matter_to_what_sets_the_level(
    name: str, mix: Tensor, reference: Tensor
) -> None:
    out, _ = rendered(built(name), Material(mix, RATE, reference))
    louder, _ = rendered(built(name), Material(4.0 * mix, RATE, reference))
    torch.testing.assert_close(louder, out, rtol=0, atol=2e-3)


def test_specs_are_frozen_so_that_a_baseline_cannot_change_after_it_was_built() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        built("limiter").spec.delay = 3  # type: ignore[misc]
