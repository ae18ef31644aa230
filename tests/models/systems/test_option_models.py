"""Options that are models themselves have keys: a block of a benchmark file never crashes one."""

from pathlib import Path

import pytest
from runs import Make

from earmark.evaluation.benchmark.file import load
from earmark.models.checkpoints.folders import CheckpointOptions
from earmark.models.configuration import Strict
from earmark.models.content_key import content_key
from earmark.models.systems.contract import Options, SystemSpec, build


class Inner(Strict):
    rate: int = 44_100
    file: Path | None = None


class Outer(Options):
    inner: Inner = Inner()
    several: tuple[Inner, ...] = ()


def test_a_model_in_options_counts_by_its_fields_and_files_by_their_bytes(tmp_path: Path) -> None:
    for name, text in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / name).write_text(text)

    def key(file: str) -> str:
        return content_key(Outer(several=(Inner(file=tmp_path / file),)))

    assert key("a") == key("b") != key("c")
    assert content_key(Outer()) == content_key(
        {"inner": {"rate": 44_100, "file": None}, "several": ()}
    )
    assert content_key(Outer()) != content_key(Outer(inner=Inner(rate=48_000)))


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_the_documented_system_block_is_read_known_and_built(
    make_songs: Make, make_benchmark: Make, tmp_path: Path, rate: int
) -> None:
    import torch

    from earmark.models.architectures import build_network

    make_songs(1)
    sizes = "{channels: 2, width: 4, blocks: 2, kernel: 3}"
    network, _ = build_network("tcn", {"channels": 2, "width": 4, "blocks": 2, "kernel": 3})
    torch.save(network.state_dict(), tmp_path / "theirs.ckpt")
    bench = make_benchmark(
        "{name: theirs, kind: checkpoint, path: theirs.ckpt, architecture: tcn, "
        f"hyperparameters: {sizes}, system: {{sample_rate: {rate}, "
        "controls: {}}}"
    )
    one: SystemSpec = load(bench).systems[0]
    assert isinstance(one.options, CheckpointOptions)
    assert one.key == load(bench).systems[0].key
    assert one.options.model_dump(mode="json")["system"]["sample_rate"] == rate
    assert build(one).spec.sample_rate == rate
