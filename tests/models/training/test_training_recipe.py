"""The training file: what cannot work is one line with its place, and the published recipes."""

from pathlib import Path
from typing import Any

import pytest
from places import ROOT
from training_audio import write_pairs
from training_runs import CONTROLS, PAIRS, STRIP, Silent, tiny_recipe, written

from earmark.models import architectures
from earmark.models.architectures import architecture_names, outline_network
from earmark.models.errors import UserError
from earmark.models.training.train import train
from earmark.models.training.training_file import load_recipe, request_of

EXAMPLES = ROOT / "examples" / "training"
PUBLISHED = sorted(path for path in EXAMPLES.glob("*.yaml") if path.stem != "tcn")


def waveunet(**changes: Any) -> dict[str, Any]:
    return tiny_recipe("waveunet", **changes)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "negative workers": (
        waveunet(workers=-1),
        "workers: input should be greater than or equal to 0, not -1",
    ),
    "no weight": (
        waveunet(loss={"mrstft": 0, "l1": 0, "loudness": 0}),
        "loss: at least one weight of mrstft, l1, mse, esr, a_weighted_l1, loudness must be",
    ),
    "only a penalty": (
        tiny_recipe("hybrid_1a", loss={"mrstft": 0, "l1": 0, "loudness": 0, "penalty": 1}),
        "at least one weight of",
    ),
    "negative weight": (waveunet(loss={"l1": -1}), "loss.l1: input should be greater than"),
    "infinite weight": (waveunet(loss={"l1": float("inf")}), "loss.l1: input should be a finite"),
    "NaN learning rate": (waveunet(learning_rate=float("nan")), "learning_rate: .*finite"),
    "learning rate": (waveunet(learning_rate=0), "learning_rate: input should be greater than 0"),
    "optimizer": (waveunet(optimizer="sgd"), "optimizer: 'sgd' is not known; choose from 'adam'"),
    "schedule": (
        waveunet(schedule={"kind": "plateu"}),
        "schedule.kind: 'plateu' is not known; choose from 'cosine', 'plateau'",
    ),
    "plateau that rises": (
        waveunet(schedule={"kind": "plateau", "factor": 2}),
        "schedule.factor: input should be less than 1",
    ),
    "precision": (waveunet(precision="fp8"), "precision: 'fp8' is not known; choose from"),
    "validate_every": (waveunet(validate_every="day"), "validate_every: should be .*'epoch'"),
    "unknown key": (waveunet(wokers=2), "unknown key 'wokers'; did you mean 'workers'"),
    "short crop": (
        waveunet(crop=0.25, loss={"transforms": [8192]}),
        "0.25 s is too short for an FFT of 8192 samples; lengthen crop, or give loss.transforms",
    ),
    "loss of no library": (
        waveunet(loss={"mrstft": 0, "auraloss": {"SumDiffSTFTLoss": 1}}),
        "auraloss:SumDiffSTFTLoss is no loss of auraloss .*did you mean 'SumAndDiff",
    ),
    "loss with another parameter": (
        waveunet(loss={"mrstft": 0, "auraloss": {"STFTLoss": {"weight": 1, "fft": 512}}}),
        "auraloss:STFTLoss: unknown parameter 'fft'",
    ),
    "loss with a rate": (
        waveunet(loss={"mrstft": 0, "auraloss": {"STFTLoss": {"sample_rate": 44100}}}),
        "sample_rate is the audio's; leave it out",
    ),
    "loss for longer crops": (
        waveunet(loss={"mrstft": 0, "auraloss": {"RandomResolutionSTFTLoss": 1}}),
        "needs more than 32768 samples",
    ),
    "loss of negative weight": (
        waveunet(loss={"auraloss": {"STFTLoss": -1}}),
        "loss.auraloss: the weight of STFTLoss should be a number of 0 or more, not -1",
    ),
    "loss weighed by a word": (
        waveunet(loss={"auraloss": {"STFTLoss": {"weight": "much"}}}),
        "the weight of STFTLoss should be a number of 0 or more, not 'much'",
    ),
    "mixup of one": (waveunet(mixup=0.4, batch=1), "a batch of 1 has no other; leave mixup out"),
    "mixup of stems": (
        tiny_recipe("dmc_basic", mixup=0.4),
        "stems of two songs make no song; leave mixup out",
    ),
    "penalty": (
        waveunet(loss={"penalty": 1}),
        "waveunet has no settings to regularise; leave penalty out",
    ),
    "autoencoder": (
        waveunet(autoencoder=1),
        "waveunet has nothing for autoencoder to train; leave it out",
    ),
    "autoencoder alone": (
        tiny_recipe("cafx", autoencoder=2),
        "all 2 steps are for the autoencoder; give steps more than 2",
    ),
    "encoder weights": (
        waveunet(encoder_weights="vggish.pth"),
        "waveunet has nothing for encoder_weights to train; leave it out",
    ),
    "hyper-parameter": (
        waveunet(hyperparameters={"levels": 99}),
        "hyper-parameter levels: input should be less than or equal to 16, not 99",
    ),
    "773 GB": (
        tiny_recipe("waveunet_seed", hyperparameters={"levels": 12}),
        "193,273,812,438 parameters, 773,095,249,752 bytes in float32",
    ),
    "controls without names": (
        tiny_recipe("tcn", system={"sample_rate": 16_000}),
        "the network has 2 controls and system.controls names 0; name each with its range",
    ),
    "names without controls": (
        waveunet(system={"sample_rate": 16_000, "controls": CONTROLS}, songs=STRIP),
        "the network has 0 controls and system.controls names 2",
    ),
    "default outside": (
        tiny_recipe(
            "tcn",
            system={"controls": {"threshold_db": {"minimum": -40, "maximum": 0, "default": 6}}},
        ),
        "needs minimum < maximum with default between them",
    ),
    "controls that the songs do not give": (
        tiny_recipe("tcn", songs=PAIRS),
        "songs.folder gives no value for control 'threshold_db'",
    ),
    "control outside the strip": (
        tiny_recipe(
            "tcn",
            system={
                "sample_rate": 16_000,
                "controls": CONTROLS | {"ratio": {"minimum": 1, "maximum": 50, "default": 1}},
            },
        ),
        "control 'ratio': 50 is outside 1 to 10",
    ),
    "stems for a mix": (waveunet(songs={"stems": {"folder": "stems"}}), "this one takes a mix"),
    "another rate": (
        tiny_recipe("hybrid_1a", system={"sample_rate": 48_000}),
        "the network is built for 16000 Hz and system says 48000",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_work_is_one_line_with_its_place(case: str, tmp_path: Path) -> None:
    recipe, message = WRONG[case]
    with pytest.raises(UserError, match=r"train\.yaml:\d+: .*" + f"(?:{message})") as caught:
        load_recipe(written(tmp_path, recipe))
    assert "\n" not in str(caught.value)


def test_a_folder_without_pairs_is_told_before_any_step(tmp_path: Path) -> None:
    (tmp_path / "pairs" / "empty").mkdir(parents=True)
    with pytest.raises(UserError, match=r"a training song needs mix\.wav and reference\.wav"):
        train(load_recipe(written(tmp_path, waveunet())), tmp_path / "run", Silent())
    assert list((tmp_path / "run").iterdir()) == []


def test_a_device_that_is_not_there_is_told(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", 2)
    recipe = load_recipe(written(tmp_path, waveunet()))
    with pytest.raises(UserError, match="device 'cuda:99' is not here"):
        train(recipe, tmp_path / "run", Silent(), device="cuda:99")


@pytest.mark.slow
@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_a_published_recipe_is_read_and_fits_its_network(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever machine the tests run on: nothing is allocated to read a recipe.
    monkeypatch.setattr(architectures, "memory_bytes", lambda: 64 * 2**30)
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    network, _ = outline_network(recipe.architecture, recipe.hyperparameters)
    assert request_of(recipe, network).samples > 0
    assert recipe.said()["architecture"] == recipe.architecture


@pytest.mark.slow
def test_every_architecture_has_a_published_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architectures, "memory_bytes", lambda: 64 * 2**30)
    recipes = [load_recipe(path) for path in PUBLISHED]
    assert sorted({recipe.architecture for recipe in recipes}) == architecture_names()
    documented = (EXAMPLES.parent.parent / "docs" / "training.md").read_text(encoding="utf-8")
    assert [one.name for one in recipes if f"`{one.name}`" not in documented] == []


@pytest.mark.slow
def test_published_crops_have_the_published_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architectures, "memory_bytes", lambda: 64 * 2**30)
    samples = {"crnn": 220_500, "waveunet": 131_072, "signaltrain": 55_040, "tcn-20": 65_536}
    for name, wanted in samples.items():
        recipe = load_recipe(EXAMPLES / f"{name}.yaml")
        network, _ = outline_network(recipe.architecture, recipe.hyperparameters)
        request = request_of(recipe, network)
        assert request.samples == wanted
        if recipe.context == "none":
            assert (request.left, request.right) == (0, 0)
    assert request_of_signaltrain() == (165_888, 256)


def request_of_signaltrain() -> tuple[int, int]:
    recipe = load_recipe(EXAMPLES / "signaltrain.yaml")
    network, _ = outline_network(recipe.architecture, recipe.hyperparameters)
    request = request_of(recipe, network)
    return request.left, request.right
