"""micro-tcn's weights sound in Earmark as they do in the original."""

from pathlib import Path

import pytest
import torch
from transplanted import CASES, deviation, golden, opened, written

from earmark.models.errors import UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material


@pytest.mark.parametrize("name", ["microtcn_film", "microtcn_film_causal"])
@pytest.mark.parametrize("chunk", [1000, 4096])
def test_the_runner_gives_what_the_original_gives_in_the_middle(
    name: str, chunk: int, tmp_path: Path
) -> None:
    one = golden(name)
    system = opened(written(tmp_path, one), "microtcn", hyperparameters=dict(CASES[name].told))
    for index in range(2):
        audio, values = one.arrays["input"][index], one.arrays["controls"][index, 0].tolist()
        settings = dict(zip(system.spec.controls, values, strict=True))
        out = run(system, Material(audio, 44_100), settings, chunk=chunk).audio
        # A causal one is declared late by a sample, which the runner takes back.
        left = system.spec.left - system.spec.delay
        part = out[:, left : left + 500]
        assert deviation(part, one.arrays["output"][index]) <= 1e-5


def test_a_causal_network_is_declared_one_sample_late(tmp_path: Path) -> None:
    path = written(tmp_path, golden("microtcn_film_causal"))
    specs = [
        opened(path, "microtcn", hyperparameters={"dilation_growth": 3, "causal": causal}).spec
        for causal in (True, False)
    ]
    assert [(one.left, one.right, one.delay) for one in specs] == [(160, 0, 1), (80, 80, 0)]


def test_lightning_tells_what_the_weights_do_not(tmp_path: Path) -> None:
    one = golden("microtcn_film_stereo")
    path = tmp_path / "their.ckpt"
    torch.save(
        {
            "state_dict": one.state,
            "hyper_parameters": one.info["hyperparameters"]
            | {"causal": False, "sample_rate": 48_000},
        },
        path,
    )
    system = opened(path, "microtcn")
    with torch.no_grad():
        out = system.network(one.arrays["input"], one.arrays["controls"][:, 0])
    assert deviation(out, one.arrays["output"]) <= 1e-5
    assert system.spec.sample_rate == 48_000


def test_controls_can_be_named_in_their_own_units(tmp_path: Path) -> None:
    one = golden("microtcn_film")
    knobs = {
        "limit": {"minimum": 0, "maximum": 1, "default": 0},
        "peak_reduction": {"minimum": 0, "maximum": 100, "default": 50},
    }
    system = opened(
        written(tmp_path, one),
        "microtcn",
        hyperparameters=dict(CASES["microtcn_film"].told),
        system={"controls": knobs},
    )
    song = Material(one.arrays["input"][0], 44_100)
    state = system.prepare(song, {"limit": 1.0, "peak_reduction": 60.0})
    assert state.controls is not None
    torch.testing.assert_close(state.controls, torch.tensor([[1.0, 0.6]]))


def test_a_value_that_the_shapes_contradict_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, golden("microtcn_film"))
    with pytest.raises(UserError, match=r"kernel_size is 7, and the shapes .* say 5; leave it out"):
        opened(
            path, "microtcn", hyperparameters=dict(CASES["microtcn_film"].told) | {"kernel_size": 7}
        )


def test_what_the_weights_do_not_tell_is_asked_for_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, golden("microtcn_film"))
    message = r"do not tell dilation_growth, causal; .*hyperparameters: \{dilation_growth: 10, ca"
    with pytest.raises(UserError, match=message):
        opened(path, "microtcn")


def test_the_record_says_whose_weights_and_what_was_left_out(tmp_path: Path) -> None:
    one = golden("microtcn_film_grouped")
    told = dict(CASES["microtcn_film_grouped"].told)
    system = opened(written(tmp_path, one, "lightning.ckpt"), "microtcn", hyperparameters=told)
    notes = run(system, Material(one.arrays["input"][0], 44_100)).notes
    assert notes["weights_of"] == "micro-tcn (csteinmetz1/micro-tcn)"
    assert "conv1b" in notes["weights_dropped"]
    assert "mrstft" in notes["weights_beside"]
    assert notes["hyperparameters"]["stack_size"] == 10
