"""Systems are compared on the same songs: who lacks the hard ones is not the best of all."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
from report_fixtures import Fake, build

from earmark.analysis.benchmark.result.document import Result, load
from earmark.analysis.benchmark.result.effect_cells import effect_cells
from earmark.evaluation.results.store import Store

SONGS = tuple(f"song {number}" for number in range(8))
EIGHT = Fake(songs=SONGS, seconds=0.4, audio=False, metrics=("mrstft_music", "lufs_integrated"))
RIVALS = ("unprocessed", "loudness", "tcn small")


def found(folder: Path, *failing: tuple[str, str]) -> Result:
    """The result where these systems failed on these songs."""
    build(folder, replace(EIGHT, failing=dict.fromkeys(failing, "no memory")))
    with Store(folder) as store:
        return load(store, "small")


def best(result: Result, metric: str = "mrstft_music") -> set[str]:
    column = next(column for column in result.columns if column.metric == metric)
    return set(result.standings[column.id, "raw"].ranking.first)


def test_the_best_on_every_song_is_the_best(tmp_path: Path) -> None:
    result = found(tmp_path)
    assert best(result) == {"tcn small"}
    assert result.finding.startswith("Over 8 songs, tcn small is the closest")
    assert "Not ranked" not in result.finding


def test_a_system_that_failed_on_six_of_eight_songs_is_not_the_best(tmp_path: Path) -> None:
    result = found(tmp_path, *((song, "tcn small") for song in SONGS[2:]))
    assert best(result) == {"loudness"}
    assert result.finding.startswith("Over 8 songs, loudness is the closest")
    assert result.finding.endswith(" Not ranked, for want of songs: tcn small (2 of 8).")


def test_one_song_that_is_lacking_is_enough(tmp_path: Path) -> None:
    result = found(tmp_path, ("song 5", "tcn small"))
    assert best(result) == {"loudness"}
    assert "tcn small (7 of 8)" in result.finding


def test_a_song_that_all_lack_takes_nobody_out_and_is_not_counted(tmp_path: Path) -> None:
    result = found(tmp_path, *(("song 3", name) for name in RIVALS))
    assert best(result) == {"tcn small"}
    assert result.finding.startswith("Over 7 of 8 songs, tcn small is the closest")


def test_where_each_lacks_another_song_none_is_named(tmp_path: Path) -> None:
    result = found(tmp_path, *zip(SONGS, RIVALS, strict=False))
    assert best(result) == set()
    assert result.finding == (
        "No system has mrstft_music for every song that another has it for (unprocessed (7 of 8), "
        "loudness (7 of 8), tcn small (7 of 8)), so none is named as the closest."
    )


def test_an_effect_model_that_lacks_a_take_is_not_the_best_of_its_effect() -> None:
    takes = [f"take {number}" for number in range(7)]
    songs = pd.DataFrame({"song": takes, "tags": [{"effect": "reverb"}] * 7})
    names = ["one", "two", "three"]
    systems = pd.DataFrame(
        {"system": names, "role": "system", "kind": "checkpoint", "uses_reference": False}
    )
    rows = [
        {"song": song, "system": name, "metric": "mae", "variant": "raw", "parameters": "{}"}
        | {"value": error + 0.01 * at}
        for at, song in enumerate(takes)
        for name, error in zip(names, (0.1, 0.2, 0.3), strict=True)
    ]
    cells = {cell.system: cell for cell in effect_cells(songs, systems, pd.DataFrame(rows))}
    assert [cells[name].best for name in names] == [True, False, False]
    rows = [row for row in rows if (row["system"], row["song"]) != ("one", "take 6")]
    cells = {cell.system: cell for cell in effect_cells(songs, systems, pd.DataFrame(rows))}
    assert cells["one"].songs == 6
    assert [cells[name].best for name in names] == [False, True, False]
