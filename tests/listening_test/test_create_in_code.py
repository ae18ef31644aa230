"""``earmark.create_study``: the study that the command makes, from a program."""

from pathlib import Path

import pytest
from study_fixtures import write_study

import earmark as em
from earmark.listening_test.study.study import StudyFolder, load_study


@pytest.mark.slow
def test_a_study_is_made_once_and_replaced_only_when_asked(tmp_path: Path) -> None:
    file = write_study(tmp_path, "ape")
    told: list[tuple[str, int, int]] = []
    results = tmp_path / "results"
    study = em.create_study(file, results, watch=lambda *words: told.append(words))
    folder = StudyFolder(results / "studies" / study.id)
    assert load_study(folder) == study
    assert [words[1:] for words in told] == [(n, len(told)) for n in range(len(told))]
    assert em.create_study(str(file), str(results)) == study
    file.write_text(file.read_text(encoding="utf-8") + "contact: you@example.org\n", "utf-8")
    with pytest.raises(em.UserError, match="differs from this file"):
        em.create_study(file, results)
    assert em.create_study(file, results, replace=True).file.contact == "you@example.org"


def test_a_study_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(em.UserError, match="no such file"):
        em.create_study(tmp_path / "nowhere.yaml", tmp_path)
