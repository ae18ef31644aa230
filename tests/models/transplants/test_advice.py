"""Advice of a message works: whoever does as it says has the network and meets no next error."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from networks_built import small
from torch import Tensor
from transplanted import CASES, golden, written

from earmark.models.checkpoints.folders import CheckpointOptions
from earmark.models.errors import UserError
from earmark.models.systems.contract import System, SystemSpec, build

TCN = {"channels": 2, "width": 4, "blocks": 3, "kernel": 5}


def load(path: Path, **options: Any) -> System:
    return build(SystemSpec("theirs", "checkpoint", CheckpointOptions(path=path, **options)))


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        load(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def advised(message: str) -> dict[str, Any]:
    """The options that a message says to write."""
    found: dict[str, Any] = {}
    for key, pattern in (
        ("architecture", r"architecture: (\w+)"),
        ("hyperparameters", r"hyperparameters: (\{.*?\})"),
        ("weights", r"weights: ([\w.]+)"),
    ):
        said = re.search(rf"(?<![\w.]){pattern}", message)
        if said:
            found[key] = yaml.safe_load(said[1])
    return found


def saved(folder: Path, data: Any) -> Path:
    path = folder / "theirs.pt"
    torch.save(data, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_weights_without_an_architecture_say_whose_they_are_and_the_advice_loads(
    name: str, tmp_path: Path
) -> None:
    path = written(tmp_path, golden(name), "lightning.ckpt")
    options = advised(refused(path))
    assert options["architecture"] == CASES[name].architecture
    load(path, **options)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_wrong_architecture_says_the_right_one_and_the_advice_loads(
    name: str, tmp_path: Path
) -> None:
    path = written(tmp_path, golden(name))
    message = refused(path, architecture="crnn")
    assert "do not fit the network" in message
    load(path, **advised(message.partition("these names")[2]))


@pytest.mark.parametrize("name", CASES)
def test_what_is_asked_for_is_all_that_is_missing(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, golden(name))
    architecture = CASES[name].architecture
    try:
        load(path, architecture=architecture)
    except UserError as error:
        load(path, **{"architecture": architecture} | advised(str(error)))


def two(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        f"{first}.{key}": value for first in ("model", "ema_model") for key, value in state.items()
    }


def test_two_networks_in_one_file_ask_which_and_the_advice_loads(tmp_path: Path) -> None:
    path = saved(tmp_path, two(golden("microtcn_film").state))
    given = {"architecture": "microtcn", "hyperparameters": dict(CASES["microtcn_film"].told)}
    message = refused(path, **given)
    assert "holds the network 2 times, under model, ema_model" in message
    load(path, **given, **advised(message))


def test_two_networks_of_ours_ask_which_and_the_advice_loads(tmp_path: Path) -> None:
    path = saved(tmp_path, two(small("tcn", **TCN).state_dict()))
    given = {"architecture": "tcn", "hyperparameters": TCN}
    load(path, **given, **advised(refused(path, **given)))


def test_each_of_two_networks_can_be_had(tmp_path: Path) -> None:
    one, other = (small("tcn", seed=seed, **TCN).state_dict() for seed in (1, 2))
    path = saved(tmp_path, {"model": one, "ema": other})
    given: dict[str, Any] = {"architecture": "tcn", "hyperparameters": TCN}
    for place, wanted in ((None, one), ("model", one), ("ema", other)):
        system: Any = load(path, **given, **({} if place is None else {"weights": place}))
        assert torch.equal(system.network.state_dict()["output.weight"], wanted["output.weight"])
    assert system.origin.remarks["weights_not_taken"] == "model"


def test_several_entries_of_unusual_names_ask_which_and_the_advice_loads(tmp_path: Path) -> None:
    state = small("tcn", **TCN).state_dict()
    path = saved(tmp_path, {"first": state, "second": state})
    given: dict[str, Any] = {"architecture": "tcn", "hyperparameters": TCN}
    message = refused(path, **given)
    assert "under 2 names (first, second)" in message
    load(path, **given, **advised(message))


def test_an_entry_that_there_is_not_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, {"model": small("tcn", **TCN).state_dict(), "epoch": 3})
    message = refused(path, architecture="tcn", hyperparameters=TCN, weights="ema")
    assert "no weights under 'ema'" in message
    load(path, architecture="tcn", hyperparameters=TCN, **advised(message.partition("write")[2]))


def test_networks_of_ours_under_another_name_say_which(tmp_path: Path) -> None:
    path = saved(tmp_path, small("tcn", **TCN).state_dict())
    message = refused(path, architecture="crnn")
    assert "these names are those of architecture: tcn" in message
    load(path, **advised(message.partition("these names")[2]), hyperparameters=TCN)


@pytest.mark.slow
def test_weights_that_lack_a_part_say_whose_they_nearly_are(tmp_path: Path) -> None:
    state = golden("microtcn_film").state
    del state["output.weight"]
    message = refused(saved(tmp_path, state), architecture="microtcn")
    assert "names are like those of micro-tcn (microtcn), but others of its are missing" in message


@pytest.mark.slow
def test_weights_with_a_stranger_among_them_name_it(tmp_path: Path) -> None:
    state = golden("microtcn_film").state | {"blocks.0.odd.weight": torch.ones(2)}
    message = refused(saved(tmp_path, state), architecture="microtcn")
    assert "but 'blocks.0.odd.weight' is not one of its" in message


@pytest.mark.slow
def test_weights_of_no_one_known_show_their_names_and_shapes(tmp_path: Path) -> None:
    state = {"fc.weight": torch.ones(2, 3)}
    message = refused(saved(tmp_path, state), architecture="microtcn")
    assert "its only name is fc.weight (2, 3)" in message
