"""Correlation among metrics over renders: what songs have in common does not count."""

from pathlib import Path

import numpy as np
import pytest
from report_fixtures import Fake, build
from scipy import stats

from earmark.analysis.benchmark.panels.registry import Context
from earmark.analysis.benchmark.panels.sides.correlation import correlation, within_songs
from earmark.analysis.benchmark.result.document import load
from earmark.evaluation.results.store import Store


def test_hard_songs_do_not_make_two_metrics_look_alike() -> None:
    draw = np.random.default_rng(0)
    hard = draw.normal(0, 10, (40, 1))
    first, second = hard + draw.normal(size=(40, 8)), hard + draw.normal(size=(40, 8))
    assert stats.spearmanr(first.ravel(), second.ravel()).statistic > 0.95
    rho, renders = within_songs(first, second)
    assert renders == 320
    assert rho is not None
    assert abs(rho) < 0.15


def test_what_is_alike_within_songs_is_found_under_unlike_songs() -> None:
    draw = np.random.default_rng(1)
    same = draw.normal(size=(20, 6))
    first = same + draw.normal(0, 10, (20, 1))
    second = -np.exp(1) * same + draw.normal(0, 10, (20, 1))
    rho, _ = within_songs(first, second)
    assert rho == pytest.approx(-1)


def test_it_is_that_of_scipy_where_songs_are_alike() -> None:
    draw = np.random.default_rng(2)
    first = draw.normal(size=(10, 5))
    first -= first.mean(axis=1, keepdims=True)
    second = first + draw.normal(size=(10, 5))
    second -= second.mean(axis=1, keepdims=True)
    rho, _ = within_songs(first, second)
    assert rho == pytest.approx(stats.spearmanr(first.ravel(), second.ravel()).statistic)


def test_only_renders_with_both_values_count_and_no_song_alone() -> None:
    draw = np.random.default_rng(3)
    first, second = draw.normal(size=(6, 4)), draw.normal(size=(6, 4))
    first[0, 1:] = np.nan  # one render left: less its own mean it is nothing
    second[1, 0] = np.nan
    rho, renders = within_songs(first, second)
    assert renders == 4 * 4 + 3
    again, _ = within_songs(first[1:], second[1:])
    assert rho == again


def test_too_few_renders_and_constants_have_none() -> None:
    few = np.arange(9.0).reshape(3, 3)
    assert within_songs(few, few) == (None, 9)
    flat, varied = np.full((5, 4), 3.3), np.random.default_rng(4).normal(size=(5, 4))
    assert within_songs(flat, varied) == (None, 20)


def test_the_panel_says_how_and_shows_every_two_metrics(tmp_path: Path) -> None:
    fake = Fake(songs=tuple(f"song {i}" for i in range(6)), audio=False)
    build(tmp_path, fake)
    with Store(tmp_path, create=False) as store:
        made = correlation(Context(load(store, fake.name), {}))
    assert made is not None
    assert "from each value the mean of its song is taken first" in " ".join(made.html.split())
    table = made.tables["correlations"]
    raw = table[(table["variant"] == "raw") & (table["over"] == "Every render")]
    pair = raw[(raw["metric"] == "mrstft_music") & (raw["other_metric"] == "logmel_db")]
    assert pair["spearman_within_songs"].item() == pytest.approx(1)
    (group, *_) = made.parts["correlation-0"]
    shown = group["drawings"][0]
    count = len(shown["figure"]["data"][0]["z"])
    assert len(shown["table"]["rows"]) == count * (count - 1) // 2
