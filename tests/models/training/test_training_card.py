"""What a training says of itself: curves of bounded length, their drawing, the card to read."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import run_recipe, tiny_recipe, write_songs

from earmark.models.checkpoints.folders import read_card
from earmark.models.training.curves import draw_curves
from earmark.models.training.history import History
from earmark.models.training.model_card import verdict
from earmark.models.training.train import Limits

SVG = "{http://www.w3.org/2000/svg}"


@given(st.integers(1, 3000))
@settings(deadline=None, max_examples=25)
def test_a_history_of_any_length_is_short_and_keeps_the_mean(steps: int) -> None:
    history = History()
    for step in range(1, steps + 1):
        history.add_step(step, float(step), 1 / step)
    assert len(history.steps) <= 121
    assert history.steps == sorted(set(history.steps))
    # Every point is the mean over its block: that of the steps themselves, here.
    ends = history.steps
    for end, loss in zip(ends, history.losses, strict=True):
        assert loss == pytest.approx(end - (history.every - 1) / 2)
    assert steps - (ends[-1] if ends else 0) == history.open[0] < history.every


def test_a_history_that_is_kept_and_read_goes_on_as_one_that_was_not() -> None:
    whole, parts = History(), History()
    for step in range(1, 700):
        for one in (whole, parts):
            one.add_step(step, step % 7, 0.1)
            if step % 2 == 0:
                one.add_validation(step, {"loss": 1 / step})
        if step % 50 == 0:
            parts = History(**json.loads(json.dumps(vars(parts))))
    assert whole == parts
    assert len(whole.validations) <= 121
    assert whole.validations[-1]["step"] == 698


def test_the_curves_are_a_drawing_of_every_part_with_the_unprocessed_level() -> None:
    history = History()
    for step in range(1, 400):
        history.add_step(step, 3 / step + 0.1, 1e-3)
        if step % 50 == 0:
            history.add_validation(step, {"loss": 2 / step, "mrstft": 0.5, "l1": 0.01})
    drawn = draw_curves("a & b <c>", history, {"loss": 1.0, "mrstft": 1.5, "l1": 0.02})
    root = ElementTree.fromstring(drawn)
    titles = [one.text for one in root.iter(f"{SVG}text") if one.get("class") == "text title"]
    assert titles == ["loss", "MR-STFT", "L1", "learning rate"]
    assert len(list(root.iter(f"{SVG}circle"))) == 3 * 7
    levels = [one for one in root.iter(f"{SVG}line") if one.get("class") == "plain"]
    assert len(levels) == 1 + 3, "one in the legend, one in each panel"
    width, height = map(float, (root.get("viewBox") or "").split()[2:])
    for line in root.iter(f"{SVG}polyline"):
        for point in (line.get("points") or "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height
    assert len(drawn) < 40_000


def test_a_loss_that_falls_is_drawn_falling() -> None:
    history = History()
    for step in range(1, 100):
        history.add_step(step, 1000 / step, 0.1)
    root = ElementTree.fromstring(draw_curves("x", history, {}))
    (line, *_) = root.iter(f"{SVG}polyline")
    heights = [float(point.split(",")[1]) for point in (line.get("points") or "").split()]
    assert heights == sorted(heights), "y grows downwards"


def test_curves_of_nothing_and_of_one_step_can_be_drawn() -> None:
    ElementTree.fromstring(draw_curves("nothing", History(), {}))
    one = History()
    one.add_step(1, 0.0, 0.0)
    one.add_validation(1, {"loss": 0.0})
    ElementTree.fromstring(draw_curves("one", one, {"loss": 0.0}))


@pytest.mark.parametrize(
    ("got", "plain", "words"),
    [
        (0.5, 1.0, "better than leaving them as they are (lower by 50 %)."),
        (0.999, 1.0, "(lower by less than 1 %)."),
        (2.0, 1.0, "**it is not better than leaving them as they are**"),
        (1.0, 1.0, "it changes nothing for better or worse"),
        (0.0, 0.0, "it changes nothing for better or worse"),
    ],
)
def test_the_verdict_is_honest(got: float, plain: float, words: str) -> None:
    assert words in verdict({"loss": got}, {"loss": plain})


@pytest.mark.slow
def test_a_checkpoint_says_what_it_is_and_whether_it_is_better(tmp_path: Path) -> None:
    write_songs(tmp_path)
    recipe = tiny_recipe("waveunet", steps=30, save_every=10, learning_rate=0.01)
    run_recipe(tmp_path, recipe, "run", Limits(steps=15))
    result, watch = run_recipe(tmp_path, recipe, "run")
    card = read_card(result.folder / "step_000030").training
    assert card.validation == watch.validations[-1][1]
    assert card.unprocessed["loss"] > card.validation["loss"]
    assert card.validation_songs == 1
    assert (card.precision, card.device[:7]) == ("float32", "the CPU")
    assert card.seconds_per_step > 0
    # 2 songs of 2 s, 2 x 0.25 s a step: 8 steps.
    assert card.seconds_per_epoch == pytest.approx(8 * card.seconds_per_step, rel=1e-2)
    curves = card.history
    assert curves["training"]["step"] == list(range(1, 31))
    assert curves["validation"]["step"] == [10, 15, 20, 30]
    assert curves["validation"]["loss"][-1] == pytest.approx(card.validation["loss"], rel=1e-5)
    readme = (result.folder / "step_000030" / "README.md").read_text()
    lines = readme.splitlines()
    assert lines[0] == "# waveunet"
    assert "| mean of 1 validation songs | unprocessed | this checkpoint |" in lines
    row = next(line for line in lines if line.startswith("| MR-STFT |"))
    values = [f"{one['mrstft']:.4g}" for one in (card.unprocessed, card.validation)]
    assert row == f"| MR-STFT | {values[0]} | {values[1]} |"
    assert verdict(card.validation, card.unprocessed) in lines
    assert str(tmp_path) not in readme
    for place in (result.folder, result.folder / "step_000030", result.folder / "best"):
        ElementTree.parse(place / "curves.svg")


@pytest.mark.slow
def test_a_network_that_is_worse_than_nothing_says_so(tmp_path: Path) -> None:
    write_songs(tmp_path)
    result, _ = run_recipe(tmp_path, tiny_recipe("waveunet_seed", learning_rate=1e-6), "run")
    readme = (result.folder / "best" / "README.md").read_text()
    assert "**it is not better than leaving them as they are**" in readme
