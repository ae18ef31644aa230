"""Kind ``python``: the user's repositories, each in a process of its own, whatever they do."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from runs import Make, carry_out
from torch import Tensor

from earmark.models.configuration import load_yaml
from earmark.models.errors import OutputError, UserError
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material, SystemSpec, build
from earmark.models.systems.python_code import HostedSystem, PythonOptions

SONG = torch.randn(2, 3000, generator=torch.Generator().manual_seed(0)) * 0.1


def repository(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def system(folder: Path, target: str = "infer:build", **options: Any) -> HostedSystem:
    made = build(SystemSpec("mine", "python", PythonOptions(target=target, cwd=folder, **options)))
    assert isinstance(made, HostedSystem)
    return made


def rendered(one: HostedSystem, song: Tensor = SONG) -> Tensor:
    try:
        return run(one, Material(song, 44_100, label="song")).audio
    finally:
        one.host.close()


NETWORK = """
import torch
from models.gain import GAIN


class Net(torch.nn.Module):
    def __init__(self, gain=GAIN):
        super().__init__()
        self.gain = gain
        self.dropout = torch.nn.Dropout(0.9)

    def forward(self, x):
        assert x.ndim == 3 and x.shape[0] == 1, x.shape
        return self.dropout(x) * self.gain


def build(gain=GAIN):
    print("loading", gain)
    return Net(gain)


def process(audio, sample_rate):
    print("hello", flush=True)
    return audio * sample_rate / 44100 * 0.25


ready = Net(4.0)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "arguments", "gain"),
    [
        ("infer:build", {}, 0.5),
        ("infer:Net", {}, 0.5),
        ("infer:build", {"gain": 2.0}, 2.0),
        ("infer:process", {}, 0.25),
        ("infer:ready", {}, 4.0),
    ],
)
def test_a_class_a_factory_a_function_and_an_object_are_systems(
    tmp_path: Path, target: str, arguments: dict[str, Any], gain: float
) -> None:
    repository(tmp_path, infer=NETWORK, models__gain="GAIN = 0.5")
    out = rendered(system(tmp_path, target, arguments=arguments))
    torch.testing.assert_close(out, SONG * gain)


@pytest.mark.slow
def test_two_repositories_with_one_package_name_meet_in_a_benchmark(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    for name, gain in (("one", 0.5), ("two", 2.0)):
        repository(tmp_path / name, infer=NETWORK, models__gain=f"GAIN = {gain}")
    bench = make_benchmark(
        '{name: one, kind: python, target: "infer:build", cwd: one}',
        '{name: two, kind: python, target: "infer:build", cwd: two}',
        '{name: broken, kind: python, target: "infer:nothing", cwd: two}',
        "unprocessed",
        more="metrics: [lufs_integrated]\n",
    )
    summary, _ = carry_out(bench, tmp_path / "r")
    assert [one[1:3] for one in summary.failures] == [("broken", "render")]
    assert "has no attribute 'nothing'" in summary.failures[0][3]
    assert summary.rendered == 4


BAD = """
import os, sys, time

def raising(audio):
    raise ValueError("two\\nlines")

def leaving(audio):
    sys.exit(3)

def dying(audio):
    print("last words", file=sys.stderr, flush=True)
    os._exit(9)

def endless(audio):
    while True:
        time.sleep(1)

def short(audio):
    return audio[:, :-1]

def words(audio):
    return "audio"

def integers(audio):
    return (audio * 32767).int()

def nothing():
    return None

def noisy(audio):
    print("x" * 100000, flush=True)
    os.write(1, b"straight to the descriptor")
    return audio
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("infer:raising", "ValueError: two lines (/"),
        ("infer:leaving", "called exit(3)"),
        ("infer:dying", "its process ended with status 9 before it answered (last words)"),
        ("infer:endless", "no answer after 2 s, and was ended"),
        ("infer:short", "the system gave (2, 2999), expected (channels, 3000)"),
        ("infer:words", "gave str, not a tensor or array"),
        ("infer:integers", "gave int32 samples; return floats"),
        ("infer:nothing", "infer:nothing gave NoneType, which cannot be called"),
        ("infer:absent", "has no attribute 'absent'"),
        ("absent:build", "No module named 'absent'"),
    ],
)
def test_whatever_the_users_code_does_is_one_line(
    tmp_path: Path, target: str, message: str
) -> None:
    repository(tmp_path, infer=BAD)
    seconds = 2.0 if "endless" in target else 120.0
    one = system(tmp_path, target, timeout=seconds)
    with pytest.raises(UserError) as caught:
        rendered(one)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    wrong = ("short", "words", "integers")
    assert isinstance(caught.value, OutputError) == any(name in target for name in wrong)


@pytest.mark.slow
def test_what_is_printed_disturbs_nothing(tmp_path: Path) -> None:
    repository(tmp_path, infer=BAD)
    assert torch.equal(rendered(system(tmp_path, "infer:noisy")), SONG)


@pytest.mark.slow
def test_a_process_that_was_lost_begins_again_for_the_next_song(tmp_path: Path) -> None:
    once = tmp_path / "once"
    code = f"import os\ndef build(audio):\n    if not os.path.exists({str(once)!r}):\n"
    code += f"        open({str(once)!r}, 'w').close()\n        os._exit(1)\n    return audio\n"
    repository(tmp_path, infer=code)
    one = system(tmp_path)
    with pytest.raises(UserError, match="ended with status 1"):
        run(one, Material(SONG, 44_100))
    assert torch.equal(rendered(one), SONG)


@pytest.mark.slow
def test_the_process_ends_with_its_system(tmp_path: Path) -> None:
    repository(tmp_path, infer="import os\ndef build(x):\n    return x + float(os.getpid())\n")
    one = system(tmp_path)
    number = round(float(run(one, Material(torch.zeros(2, 4), 44_100)).audio[0, 0]))
    os.kill(number, 0)
    del one
    for _ in range(100):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("it lives on")


@pytest.mark.slow
def test_memory_has_a_limit_of_its_own(tmp_path: Path) -> None:
    repository(tmp_path, infer="def build(x):\n    return bytearray(8 << 30) and x\n")
    with pytest.raises(UserError, match="memory ran out"):
        rendered(system(tmp_path, memory_mb=4096))


def test_a_change_of_the_code_is_another_system_and_a_move_is_none(tmp_path: Path) -> None:
    first = repository(tmp_path / "a", infer=NETWORK, models__gain="GAIN = 0.5")
    moved = repository(tmp_path / "b", infer=NETWORK, models__gain="GAIN = 0.5")
    other = repository(tmp_path / "c", infer=NETWORK, models__gain="GAIN = 0.6")

    def key(folder: Path, **more: Any) -> str:
        options = PythonOptions(target="infer:build", cwd=folder, **more)
        return SystemSpec("x", "python", options).key

    assert key(first) == key(moved) == key(first, timeout=5)
    assert (
        len({key(first), key(other), key(first, arguments={"gain": 1}), key(first, version="2")})
        == 4
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("target: infer\n", "write module:name, such as infer:build"),
        ("target: infer:build\ncwd: nowhere\n", "no such folder"),
        ("target: infer:build\nfiles: [net.pt]\n", "no such file or folder"),
    ],
)
def test_a_mistake_in_the_options_names_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "o.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        load_yaml(tmp_path / "o.yaml", PythonOptions)


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no program .*venv/bin/python"):
        system(tmp_path, python=tmp_path / "venv/bin/python")
