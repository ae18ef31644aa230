"""Weights are taken out of a TorchScript archive; nothing of its code is run."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from transplanted import CASES, deviation, golden, opened, written

from earmark.models.checkpoints.archived import archived_weights, is_torchscript
from earmark.models.errors import UserError

# torch warns of its own tracer: that it is deprecated, and of what it takes for constants.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]


def archive(folder: Path, name: str) -> Path:
    """A golden network as its author would have traced it."""
    one, case = golden(name), CASES[name]
    network = opened(
        written(folder, one), case.architecture, hyperparameters=dict(case.told)
    ).network
    example = (one.arrays["input"], one.arrays["controls"][:, 0])
    traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
    path = folder / f"causal_{name}.pt"
    traced.save(str(path))
    return path


@pytest.mark.parametrize("name", ["microtcn_film", "microtcn_film_causal", "microtcn_lstm"])
def test_an_archive_of_neural_2a_renders_as_the_original(name: str, tmp_path: Path) -> None:
    path = archive(tmp_path, name)
    assert is_torchscript(path)
    one, case = golden(name), CASES[name]
    system = opened(path, case.architecture, hyperparameters=dict(case.told))
    with torch.no_grad():
        out = system.network(one.arrays["input"], one.arrays["controls"][:, 0])
    assert deviation(out, one.arrays["output"]) <= 1e-5


def test_an_archive_has_the_weights_of_its_network(tmp_path: Path) -> None:
    found = archived_weights(archive(tmp_path, "microtcn_film"))
    for name, value in golden("microtcn_film").state.items():
        torch.testing.assert_close(found[name].reshape(value.shape), value)


def test_a_state_dict_is_no_archive(tmp_path: Path) -> None:
    assert not is_torchscript(written(tmp_path, golden("microtcn_film")))


def test_code_in_the_pickle_of_an_archive_is_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    class Tracing:
        def __reduce__(self) -> tuple[Any, ...]:
            return trace.mkdir, ()

    path = tmp_path / "evil.pt"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("evil/code/__torch__.py", "")
        made.writestr("evil/data.pkl", pickle.dumps(Tracing()))
    with pytest.raises(UserError, match=r"cannot be taken out .* it wants") as caught:
        opened(path, "microtcn")
    assert "\n" not in str(caught.value)
    assert not trace.exists()


def test_a_tensor_beyond_its_storage_is_refused(tmp_path: Path) -> None:
    path, whole = tmp_path / "short.pt", archive(tmp_path, "microtcn_film")
    with zipfile.ZipFile(whole) as made, zipfile.ZipFile(path, "w") as cut:
        for name in made.namelist():
            data = made.read(name)
            cut.writestr(name, data[:8] if "/data/" in name and len(data) > 64 else data)
    with pytest.raises(UserError, match=r"cannot be taken out"):
        archived_weights(path)
