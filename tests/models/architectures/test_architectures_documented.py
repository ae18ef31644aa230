"""What docs/architectures.md says of every network is what the network is."""

import re
import sys

import pytest
import yaml
from networks_built import count, published
from places import ROOT

from earmark.models.architectures import architecture, architecture_names

PAGE = (ROOT / "docs" / "architectures.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| `(\{.*\})` \| ([\d,]+) \| ([\d,]+|the input) \| (\w+) \|$", re.M)
ROWS = ROW.findall(PAGE)


def section(name: str) -> str:
    return PAGE.split(f"\n### {name}\n")[1].split("\n## ")[0].split("\n### ")[0]


def test_every_architecture_stands_in_the_table_of_sizes() -> None:
    assert {row[0] for row in ROWS} == set(architecture_names())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "sizes", "parameters", "field", "mode"), ROWS)
def test_the_table_of_sizes_is_true(
    name: str, sizes: str, parameters: str, field: str, mode: str
) -> None:
    network = published(name, **yaml.safe_load(sizes))
    assert f"{count(network):,}" == parameters
    known = network.receptive_field
    assert ("the input" if known is None else f"{known:,}") == field
    assert network.geometry.mode == mode


@pytest.mark.parametrize("name", architecture_names())
def test_every_hyper_parameter_is_documented(name: str) -> None:
    family = architecture(name)
    text = section(name)
    missing = [key for key in family.hyperparameters.model_fields if f"`{key}`" not in text]
    assert missing == []
    assert family.summary


@pytest.mark.parametrize("name", architecture_names())
def test_the_documentation_names_no_hyper_parameter_that_there_is_not(name: str) -> None:
    known = set(architecture(name).hyperparameters.model_fields)
    rows = re.findall(r"^\| (`.*?) \|", section(name), re.M)
    named = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert named <= known


@pytest.mark.parametrize("name", architecture_names())
def test_a_network_file_tells_its_source_and_what_was_wrong_with_it(name: str) -> None:
    opening = sys.modules[architecture(name).build.__module__].__doc__ or ""
    assert len(opening) > 400
    assert name == "tcn" or "Faults of the original" in opening
