"""The listening test that the demo offers: of songs and systems that the demo has, made once."""

from pathlib import Path

import pytest
import yaml

from earmark.evaluation.demo import SONGS, benchmark_text
from earmark.listening_test import demo
from earmark.listening_test.demo import make_demo_study
from earmark.listening_test.kinds.reading import read_study_file
from earmark.models.demo_songs.songs import song_id


def test_it_names_songs_and_systems_that_the_demo_has(tmp_path: Path) -> None:
    said = make_demo_study(tmp_path, tmp_path / "results")
    assert "no benchmark" in said or "no results" in said, said
    source = read_study_file(tmp_path / "study.yaml").source
    assert source is not None
    bench = yaml.safe_load(benchmark_text())
    names = {one if isinstance(one, str) else one["name"] for one in bench["systems"]}
    assert set(source.systems) <= names | {"reference"}
    assert set(source.songs) <= {song_id(index) for index in range(SONGS)}
    assert source.benchmark == bench["name"]


def test_a_study_file_of_the_demo_that_someone_changed_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(demo, "make_study", lambda file, *rest, again: made.append(file.study))
    (tmp_path / "study.yaml").write_text("changed")
    assert make_demo_study(tmp_path, tmp_path / "results") == ""
    assert made == ["demo"]
