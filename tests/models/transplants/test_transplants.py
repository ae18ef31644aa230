"""Other people's networks sound in Earmark as they do in the code that they are from."""

import itertools
import re
from pathlib import Path

import pytest
import torch
from places import ROOT
from transplanted import (
    CASES,
    EFFECTS,
    FOLDER,
    FORMS,
    answered,
    deviation,
    effect,
    golden,
    opened,
    written,
)

from earmark.models.architectures import published_names
from earmark.models.checkpoints.folders import (
    Description,
    TrainingCard,
    load_checkpoint,
    save_checkpoint,
)
from earmark.models.transplants.sources import SOURCES

PAGE = ROOT / "docs" / "published-checkpoints.md"
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| `(\w+)` \| ([\d.e+-]+) \| ([\d.e+-]+) \|$")
HEAD = (
    "| source | network | `architecture` | largest deviation | allowed |\n|---|---|---|---|---|\n"
)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CASES)
def test_a_transplanted_network_gives_the_original_output(
    name: str, form: str, tmp_path: Path
) -> None:
    one = golden(name)
    assert answered(written(tmp_path, one, form), one) <= CASES[name].limit


@pytest.mark.parametrize("name", CASES)
def test_a_golden_pair_notices_a_weight_that_is_off(name: str, tmp_path: Path) -> None:
    one = golden(name)
    key = max(one.state, key=lambda key: one.state[key].numel())
    one.state[key] = one.state[key] * 1.05
    assert answered(written(tmp_path, one), one) > 10 * CASES[name].limit


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_what_was_read_can_be_kept_as_a_checkpoint_folder(name: str, tmp_path: Path) -> None:
    case, one = CASES[name], golden(name)
    system = opened(written(tmp_path, one), case.architecture, hyperparameters=dict(case.told))
    origin = system.origin
    assert origin is not None
    about = Description(
        architecture=origin.architecture,
        hyperparameters=dict(origin.hyperparameters),
        system=system.card,
    )
    save_checkpoint(tmp_path / "kept", system.network, about, TrainingCard(step=0))
    kept = load_checkpoint(tmp_path / "kept")
    assert kept.spec.controls == system.spec.controls
    with torch.no_grad():
        found = max(deviation(out, wanted) for out, wanted in case.answer(kept, one))
    assert found <= case.limit


def test_every_golden_pair_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("*.npz")} == {*CASES, *EFFECTS}


def test_every_published_architecture_has_a_golden_pair() -> None:
    tried = {case.architecture for case in CASES.values()}
    assert set(published_names()) <= tried
    assert {name for source in SOURCES for name in source.architectures} == tried


def table(folder: Path) -> str:
    """The transplant table of the documentation, measured here."""
    rows = []
    for name, case in CASES.items():
        one = golden(name)
        found = answered(written(folder, one), one)
        repository = f"[{one.info['source']}](https://github.com/{one.info['source']})"
        figures = f"{found:.1e} | {case.limit:.0e}"
        rows.append(f"| {repository} | {case.what} | `{case.architecture}` | {figures} |\n")
    for name, (what, function) in EFFECTS.items():
        source = golden(name).info["source"]
        figures = f"{effect(name):.1e} | 1e-05"
        link = f"[{source}](https://github.com/{source})"
        rows.append(f"| {link} | {what} | `{function.__name__}` | {figures} |\n")
    return HEAD + "".join(rows)


def test_the_documentation_has_the_transplant_table(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, found, rest = text.partition(HEAD)
    lines = list(itertools.takewhile(lambda line: line.startswith("|"), rest.splitlines()))
    if request.config.getoption("--renew-goldens"):
        after = "\n".join(rest.splitlines()[len(lines) :]) + "\n"
        PAGE.write_text(before + table(tmp_path) + after, encoding="utf-8")
        return
    assert found, "the page has no transplant table: pytest --renew-goldens"
    rows = [match for line in lines if (match := ROW.match(line))]
    wanted = [*(case.what for case in CASES.values()), *(what for what, _ in EFFECTS.values())]
    assert [row[2] for row in rows] == wanted
    # Rounding differs between machines, so only the limit of each figure is compared.
    assert [row[2] for row in rows if float(row[4]) > float(row[5])] == []
