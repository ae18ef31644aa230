"""``earmark.results``: tidy tables, and how a benchmark shows itself in a notebook."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from exported import exported
from report_fixtures import SYSTEMS, Fake, FakeSystem, build

import earmark as em
from earmark.analysis.benchmark.result import tables
from earmark.evaluation.results.store import Store

HOSTILE = '<script>alert("x")</script>'
FAKE = Fake(
    songs=(HOSTILE, "blue hour"),
    systems=(*SYSTEMS, FakeSystem(f"{HOSTILE}'\"&", gain=0.7, distance=0.9)),
)


class Elements(HTMLParser):
    """The elements of a page, with their attributes; and the texts between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("results") / "results", FAKE)


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    return em.results(folder)._repr_html_()


def test_each_table_is_that_of_the_store(folder: Path) -> None:
    found = em.results(folder)
    with Store(folder, create=False) as store:
        for name in ("scores", "songs", "systems", "failures", "runs"):
            wanted = getattr(tables, name)(store, "small")
            pd.testing.assert_frame_equal(getattr(found, name)(), wanted)
    scores = found.scores()
    assert not scores.duplicated(["song", "system", "metric", "variant", "parameters"]).any()


def test_renders_are_files_that_can_be_opened(folder: Path) -> None:
    renders = em.results(folder).renders()
    assert len(renders) == 14
    assert all(Path(path).is_file() for path in renders["path"])
    assert renders["sidecar"][0]["notes"] == {}
    measured = em.measure(renders["path"][0], metrics="lufs_integrated")
    assert measured["value"].notna().all()


@pytest.mark.slow
def test_the_summary_is_that_of_the_report(folder: Path, tmp_path: Path) -> None:
    found = em.results(folder)
    page = found.report(tmp_path / "report")
    assert page == tmp_path / "report" / "report.html"
    written = json.loads((tmp_path / "report" / "result.json").read_text())["summary"]
    summary = found.summary()
    kept = summary[~summary["metric"].isin(["rtf", "peak_memory_mb"])]
    assert list(kept["median"].dropna()) == [
        row["median"] for row in written if row["median"] is not None
    ]


def test_a_folder_without_results_and_an_unknown_benchmark_are_told(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(em.UserError, match="holds no results"):
        em.results(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(em.UserError, match=r"benchmark 'big'.*choose from small"):
        em.results(folder, "big")


def test_the_short_form_names_folder_and_counts(folder: Path) -> None:
    words = repr(em.results(folder))
    assert words == f"<Results of 'small' in {folder}: 7 systems, 2 songs, 0 failures>"


def test_a_notebook_shows_every_system_with_its_median(folder: Path, html: str) -> None:
    found = em.results(folder)
    texts = Elements(html).texts
    assert all(name in texts for name in found.systems()["system"])
    assert any("SIMULATED" in text for text in texts)
    scores = found.scores()
    mine = scores[(scores["metric"] == "plr") & (scores["system"] == "loudness")]
    assert f"{mine['value'].median():.1f}" in " ".join(texts)


def test_no_text_of_a_user_becomes_markup(html: str) -> None:
    tags = {tag for tag, _ in Elements(html).found}
    assert tags <= {
        *("div", "style", "b", "p", "table", "tr", "th", "td", "svg", "text", "path", "audio")
    }
    assert HOSTILE not in html
    assert not any(name.startswith("on") for _, one in Elements(html).found for name in one)


def test_a_notebook_fetches_nothing_and_stays_small(html: str) -> None:
    sources = [one["src"] or "" for one in Elements(html).named("audio")]
    assert len(sources) == 7
    assert all(source.startswith("data:audio/mpeg;base64,") for source in sources)
    assert not re.search(r"https?://|url\(", html)
    assert len(html) < 1_500_000


def test_players_are_equally_loud_and_never_louder_than_the_render(
    folder: Path, html: str, tmp_path: Path
) -> None:
    import base64

    loudness = []
    for number, one in enumerate(Elements(html).named("audio")):
        path = tmp_path / f"{number}.mp3"
        path.write_bytes(base64.b64decode((one["src"] or "").partition(",")[2]))
        loudness.append(em.measure(path, metrics="lufs_integrated")["value"][0])
    # Padding and rounding of the MP3 move a loudness of 1.5 s by tenths.
    assert max(loudness) - min(loudness) < 0.6
    renders = em.results(folder).renders()
    mine = renders[renders["song"] == HOSTILE]
    softest = min(em.measure(p, metrics="lufs_integrated")["value"][0] for p in mine["path"])
    assert max(loudness) < softest + 0.6


def test_without_audio_there_are_no_players_and_the_rest_stays(tmp_path: Path) -> None:
    fake = replace(FAKE, audio=False)
    shown = em.results(build(tmp_path / "results", fake))._repr_html_()
    assert "<audio" not in shown
    assert "<svg" in shown


def test_a_benchmark_without_scores_shows_itself(tmp_path: Path) -> None:
    fake = replace(FAKE, metrics=(), all_null=(), plugin=False)
    shown = em.results(build(tmp_path / "results", fake))._repr_html_()
    assert "7 systems, 2 songs" in shown


def test_ranks_are_a_table_and_an_unknown_metric_is_told(tmp_path: Path) -> None:
    songs = tuple(f"song {number}" for number in range(8))
    build(tmp_path, Fake(songs=songs, audio=False, metrics=("mrstft_music", "plr")))
    found = em.results(tmp_path)
    ranks = found.ranking("mrstft_music")
    assert list(ranks.columns) == ["system", "mean", "rank", "low", "high", "chance_best"]
    assert ranks["system"].iloc[0] == "tcn small"
    assert ranks["chance_best"].sum() == pytest.approx(1)
    with pytest.raises(em.UserError, match=r"'plr' \(raw\): no ranks; choose from mrstft_music"):
        found.ranking("plr")


def test_an_export_in_code_writes_what_the_command_writes(folder: Path, tmp_path: Path) -> None:
    found = em.results(folder)
    ours, theirs = tmp_path / "ours.csv", tmp_path / "theirs.csv"
    rows = len(found.scores())
    assert found.export(ours) == [f"{ours}: {rows} rows"]
    exported(folder, "--out", theirs)
    assert ours.read_bytes() == theirs.read_bytes()
    with pytest.raises(em.UserError, match="--system: has no meaning for --format csv"):
        found.export(ours, systems="tcn small")
