"""Every network that ships is what its card, its recipe and the documentation say it is."""

import math
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from places import ROOT

from earmark.cli import earmark
from earmark.evaluation.demo import BASELINES, NETWORKS, benchmark_text
from earmark.models.architectures import architecture_names, build_network
from earmark.models.checkpoints.folders import Card, load_checkpoint, read_card, shipped_names
from earmark.models.demo_songs.songs import write_demo_songs
from earmark.models.training.training_file import load_recipe

WEIGHTS = ROOT / "models" / "weights"
RECIPES = ROOT / "examples" / "training"
LARGEST, LARGEST_EFFECTS, LARGEST_SUM = 1_000_000, 300_000, 6_000_000


def folder_bytes(name: str) -> int:
    return sum(path.stat().st_size for path in (WEIGHTS / name).iterdir())


def recipe_path(name: str) -> Path:
    return RECIPES / "tcn.yaml" if name == "tcn" else RECIPES / "small" / f"{name}.yaml"


def loss_name(card: Card) -> str:
    """What a network was trained for, as the documentation calls it."""
    return "L1" if card.training.recipe["loss"]["mrstft"] == 0 else "loss"


def documented(name: str) -> str:
    """The row of docs/shipped-networks.md, without the real-time factor, which is measured."""
    card = read_card(WEIGHTS / name)
    plain, own = card.training.unprocessed, card.training.validation
    parameters = load_checkpoint(WEIGHTS / name).spec.parameters
    size = round((WEIGHTS / name / "model.safetensors").stat().st_size / 1000)
    cells = [
        f"[`{name}`](../models/weights/{name}/README.md)",
        f"`{card.architecture}`",
        f"{parameters:,}",
        str(size),
        next(
            key for key, value in card.training.recipe["songs"].items() if isinstance(value, dict)
        ),
        f"{loss_name(card)} {plain['loss']:.3g} → {own['loss']:.3g}",
        f"{plain['mrstft']:.3g} → {own['mrstft']:.3g}",
    ]
    return "| " + " | ".join(cells) + " |"


def test_every_architecture_ships_a_trained_network() -> None:
    shipped = {read_card(WEIGHTS / name).architecture for name in shipped_names()}
    assert shipped == set(architecture_names())
    assert set(architecture_names()) <= set(shipped_names())


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_network_gives_back_its_golden_pair_and_is_small(name: str) -> None:
    system = load_checkpoint(WEIGHTS / name)
    assert system.spec.name == name
    assert system.spec.licence == "MIT"
    limit = LARGEST_EFFECTS if name.startswith("tcn_effects") else LARGEST
    assert 10_000 < folder_bytes(name) <= limit


def test_the_shipped_networks_together_are_small() -> None:
    assert sum(folder_bytes(name) for name in shipped_names()) <= LARGEST_SUM


@pytest.mark.parametrize("name", shipped_names())
def test_the_training_has_moved_every_weight_of_a_shipped_network(name: str) -> None:
    card = read_card(WEIGHTS / name)
    trained = dict(load_checkpoint(WEIGHTS / name).network.named_parameters())
    with torch.random.fork_rng():
        torch.manual_seed(card.training.recipe["seed"])
        fresh, _ = build_network(card.architecture, card.hyperparameters)
    assert [key for key, one in fresh.named_parameters() if torch.equal(one, trained[key])] == []


@pytest.mark.parametrize("name", shipped_names())
def test_a_card_says_honestly_whether_the_network_is_better_than_nothing(name: str) -> None:
    training = read_card(WEIGHTS / name).training
    text = (WEIGHTS / name / "README.md").read_text(encoding="utf-8")
    plain, own = training.unprocessed["loss"], training.validation["loss"]
    assert math.isfinite(plain)
    assert math.isfinite(own)
    assert "SIMULATED" in text
    assert "SIMULATED" in training.songs
    for value in (plain, own):
        assert f"{value:.4g}" in text
    assert ("better than leaving them as they are (lower by" in text) == (own < plain)
    assert ("is not better than leaving them as they are" in text) == (own > plain)


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_network_is_what_its_recipe_trains(name: str) -> None:
    card, recipe = read_card(WEIGHTS / name), load_recipe(recipe_path(name))
    assert recipe.name == name
    assert recipe.said() == card.training.recipe
    assert recipe.description.model_dump() == card.model_dump(
        include={"architecture", "hyperparameters", "system"}
    )
    assert 0 < card.training.step <= recipe.steps


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_network_was_validated_on_other_songs_than_those_of_the_demo(name: str) -> None:
    recipe = read_card(WEIGHTS / name).training.recipe
    (source,) = [value for value in recipe["songs"].values() if isinstance(value, dict)]
    demo = source.get("demo") or source
    assert len({0, demo["seed"], demo["validation_seed"]}) == 3


def test_every_small_recipe_has_its_network() -> None:
    assert {path.stem for path in (RECIPES / "small").glob("*.yaml")} | {"tcn"} == set(
        shipped_names()
    )


@pytest.mark.parametrize("name", shipped_names())
def test_the_documentation_has_the_figures_of_the_card(name: str) -> None:
    lines = (ROOT / "docs" / "shipped-networks.md").read_text(encoding="utf-8").splitlines()
    wanted = documented(name)
    rows = [line for line in lines if line.startswith(f"| [`{name}`]")]
    assert len(rows) == 1, f"docs/shipped-networks.md lacks: {wanted}"
    figures, _, speed = rows[0].removesuffix(" |").rpartition(" | ")
    assert figures + " |" == wanted
    assert 0 < float(speed) < 10


def test_the_demo_compares_at_least_six_networks_that_ship() -> None:
    assert len(set(NETWORKS)) == len(NETWORKS) >= 6
    assert set(NETWORKS) <= set(shipped_names())
    assert not set(NETWORKS) & set(BASELINES)
    assert all(f"  - {name}\n" in benchmark_text() for name in NETWORKS)


@pytest.mark.slow
def test_the_example_of_all_systems_passes_check_on_demo_songs(tmp_path: Path) -> None:
    write_demo_songs(tmp_path / "songs", 1, 0, 31.0)
    example = tmp_path / "all-systems.yaml"
    example.write_bytes((ROOT / "examples" / "all-systems.yaml").read_bytes())
    result = CliRunner().invoke(earmark, ["check", str(example), "--results", str(tmp_path / "r")])
    assert result.exit_code == 0, result.stderr
    # Cards from before they named their songs cannot say which those were.
    assert result.stderr == (
        "warning: training songs unknown: crnn, greybox, hybrid_1a and 13 more do not say which "
        "songs were used\n"
    )
    assert "1 of 1 songs" in " ".join(result.stdout.split())


def test_the_example_of_all_systems_names_every_network_and_baseline() -> None:
    text = (ROOT / "examples" / "all-systems.yaml").read_text(encoding="utf-8")
    listed = {line.removeprefix("  - ").split("#")[0].strip() for line in text.splitlines()}
    assert set(shipped_names()) <= listed
    assert set(BASELINES) <= listed
