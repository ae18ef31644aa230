"""A model card's metadata are valid by the published facts, and never overwrite a card of yours."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from exported import ATTACKED, EIGHT, HOSTILE, STEPS, exported, found
from markdown_it import MarkdownIt
from published_schemas import MODEL_INDEX, faults
from report_fixtures import SYSTEMS, build

from earmark.analysis.benchmark.exports.model_card import MARK, model_card


def front(card: str) -> Any:
    """The metadata between the first two lines of dashes, as the Hub reads them."""
    assert card.startswith("---\n")
    return yaml.safe_load(card.split("\n---\n")[0].removeprefix("---\n"))


def card(results: Path, out: Path, *words: str) -> tuple[str, str]:
    return exported(results, "--out", out, "--format", "model-card", *words)


@pytest.mark.parametrize("name", ["tcn small", *HOSTILE])
def test_the_metadata_are_valid_for_any_name(tmp_path: Path, name: str) -> None:
    result, run = found(tmp_path, ATTACKED)
    data = front(model_card(result, run, name))
    assert data.keys() == {"model-index"}
    assert [*faults(data["model-index"], MODEL_INDEX)] == []
    assert [one["name"] for one in data["model-index"]] == [name]


def test_values_are_means_and_names_tell_songs_and_interval(tmp_path: Path) -> None:
    result, run = found(tmp_path)
    (index,) = front(model_card(result, run, "tcn small"))["model-index"]
    (entry,) = index["results"]
    assert entry["dataset"] == {"type": "small", "name": "small, 8 songs (SIMULATED)"}
    metric = entry["metrics"][0]
    mean = result.cells["tcn small", "mrstft_music", "raw"].mean
    assert (metric["type"], metric["value"]) == ("mrstft_music", mean.centre)
    assert f"mean over 8 songs, 95 % interval {mean.low:.6g} to {mean.high:.6g}" in metric["name"]
    kinds = {one["type"] for one in entry["metrics"]}
    assert not kinds & {"rtf", "peak_memory_mb", "si_sdr_db", "parameters"}
    assert not [one for one in entry["metrics"] if "verified" in one]


def test_the_page_shows_a_table_of_the_same_metrics(tmp_path: Path) -> None:
    result, run = found(tmp_path)
    text = model_card(result, run, "tcn small")
    body = text.split("\n---\n", 1)[1]
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    count = len(front(text)["model-index"][0]["results"][0]["metrics"])
    assert sum(token.type == "tr_open" for token in tokens) == count + 1
    assert "The songs are SIMULATED." in body


def test_a_card_of_yours_is_never_overwritten(tmp_path: Path) -> None:
    build(tmp_path / "r", EIGHT)
    out = tmp_path / "README.md"
    out.write_text("---\nlicense: mit\n---\n# Mine\n")
    assert "not by earmark export" in card(tmp_path / "r", out)[1]
    assert out.read_text().endswith("# Mine\n")
    out.unlink()
    for _ in range(2):
        assert card(tmp_path / "r", out) == (f"{out}: metrics of tcn small\n", "")
    assert MARK in out.read_text()


def test_a_card_is_of_one_system(tmp_path: Path) -> None:
    build(tmp_path / "r", replace(EIGHT, systems=(*SYSTEMS, *STEPS)))
    assert "name it with --system: tcn small, sweep 1000" in card(tmp_path / "r", tmp_path / "c")[1]
    both = ("--system", "tcn small", "--system", "sweep 1000")
    assert "a card is of one system" in card(tmp_path / "r", tmp_path / "c", *both)[1]
    assert card(tmp_path / "r", tmp_path / "c", "--system", "loudness")[1] == ""


def test_a_system_that_failed_has_no_card(tmp_path: Path) -> None:
    failing = {(song, "tcn small"): "out of memory" for song in EIGHT.songs}
    build(tmp_path / "r", replace(EIGHT, failing=failing))
    assert "no score of it has a value" in card(tmp_path / "r", tmp_path / "c")[1]
    assert not (tmp_path / "c").exists()
