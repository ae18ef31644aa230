"""Recipes of small networks for the tests of training, and a training that is watched."""

from pathlib import Path
from typing import Any

import yaml
from torch import Tensor
from training_audio import RATE, write_pairs, write_stems, write_tracks

from earmark.models.checkpoints.folders import load_checkpoint
from earmark.models.training.train import Limits, Result, train
from earmark.models.training.training_file import load_recipe

CONTROLS = {
    "threshold_db": {"minimum": -40, "maximum": 0, "default": 0},
    "ratio": {"minimum": 1, "maximum": 10, "default": 1},
}
HYBRID: dict[str, Any] = {"encoder": [4, 6], "latent": 6, "hidden": [8], "sample_rate": RATE}
EQCNN: dict[str, Any] = {"frame": 512, "filters": 4, "kernel": 16, "smoothing": 16, "pooled": 16}
CONSOLE: dict[str, Any] = {"encoder": [2] * 6, "encoder_hidden": 8, "embedding": 4, "hidden": [8]}
PAIRS, STEMS = {"folder": "pairs"}, {"stems": {"folder": "stems"}}
FILTERS = {"filters": {"folder": "tracks", "kinds": ["peak"]}}
STRIP = {"strip": {"folder": "tracks", "effects": ["compressor"]}}

# Every architecture at a tiny size, with what it can learn from.
TINY: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "crnn": ({"widths": [4], "recurrent": 2, "window": 4096, "context": 500}, PAIRS),
    "waveunet_seed": ({"width": 4, "levels": 3}, PAIRS),
    "waveunet": ({"width": 4, "levels": 3}, PAIRS),
    "hybrid_1a": (HYBRID, PAIRS),
    "hybrid_1b": (HYBRID | {"residual": [4, 6]}, PAIRS),
    "hybrid_1c": (HYBRID | {"residual": [4, 6], "gate": 4}, PAIRS),
    "greybox": ({"encoder": [4, 6], "latent": 6, "residual": [4, 6], "sample_rate": RATE}, PAIRS),
    "eqcnn2018": (EQCNN, FILTERS),
    "cafx": (EQCNN | {"dense": [4], "activations": 2}, FILTERS),
    "tcn": ({"width": 4, "blocks": 2, "kernel": 3, "controls": 2, "hidden": [4]}, STRIP),
    "waveunet_demucs": ({"width": 2, "levels": 2, "controls": 2, "hidden": [4]}, STRIP),
    "signaltrain": ({"scale": 1, "transform": 64, "hop": 16, "hidden": 8, "controls": 2}, STRIP),
    "waveunet_mix": ({"width": 2, "levels": 2, "stems": 4}, STEMS),
    "dmc_basic": (CONSOLE, STEMS),
    "dmc_full": (CONSOLE, STEMS),
}


class Silent:
    """A watch that keeps what it is told."""

    def __init__(self) -> None:
        self.validations: list[tuple[int, dict[str, float]]] = []
        self.losses: list[dict[str, float]] = []

    def songs(self, done: int, total: int) -> None:
        return

    def started(self, step: int, steps: int, songs: str) -> None:
        return

    def step(self, step: int, losses: dict[str, float]) -> None:
        self.losses.append(losses)

    def validated(self, step: int, values: dict[str, float]) -> None:
        self.validations.append((step, values))


def write_songs(folder: Path) -> None:
    """``pairs``, ``tracks`` and ``stems``, as the recipes of ``TINY`` name them."""
    write_pairs(folder / "pairs", 3)
    write_tracks(folder / "tracks", 2, 2.0)
    write_stems(folder / "stems", 2)


def tiny_recipe(name: str, **changes: Any) -> dict[str, Any]:
    """A training file of two steps for an architecture of ``TINY``."""
    sizes, songs = TINY[name]
    rate = 44_100 if name.startswith("dmc") else RATE
    system: dict[str, Any] = {"sample_rate": rate}
    return {
        "earmark": 1,
        "name": name,
        "architecture": name,
        "hyperparameters": dict(sizes),
        "system": system | ({"controls": CONTROLS} if "controls" in sizes else {}),
        "songs": songs,
        "loss": {"transforms": [256, 1024]},
        "steps": 2,
        "batch": 2,
        "crop": 0.25,
        "learning_rate": 0.01,
        "warmup": 0,
        "validate_every": 100,
        "save_every": 100,
        **changes,
    }


def written(folder: Path, recipe: dict[str, Any]) -> Path:
    """The recipe as a file."""
    path = folder / "train.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return path


def run_recipe(
    folder: Path, recipe: dict[str, Any], run: str, limits: Limits | None = None
) -> tuple[Result, Silent]:
    """Train below ``folder``; what came of it and what was told."""
    watch = Silent()
    return train(load_recipe(written(folder, recipe)), folder / run, watch, limits), watch


def weights_of(folder: Path) -> dict[str, Tensor]:
    """The weights of a checkpoint folder."""
    return dict(load_checkpoint(folder).network.state_dict())
