"""What a check calls an error is not made, and mistakes in audio are told whole, never a crash."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from study_fixtures import RATE, music, write_study

from earmark.listening_test.check import Report, check, check_made
from earmark.listening_test.create import make_study
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.study.file import FromBenchmark
from earmark.listening_test.study.study import load_study
from earmark.models.errors import UserError


def look(path: Path) -> Report:
    return check(read_study_file(path), path.parent / "results")


def said(report: Report, severity: str = "") -> list[str]:
    return [str(one) for one in report.problems if one.severity.startswith(severity)]


def refused(path: Path) -> str:
    """Why the study is not made; what is refused is an error of the check too."""
    assert look(path).failing
    with pytest.raises(UserError) as caught:
        make_study(read_study_file(path), path.parent / "results")
    assert not (path.parent / "results" / "studies" / "small" / "study.json").exists()
    return str(caught.value)


def without_reference(path: Path) -> Path:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(one for one in lines if not one.lstrip().startswith("reference:")))
    return path


@pytest.mark.slow
def test_a_design_that_the_passages_cannot_give_is_not_made(tmp_path: Path) -> None:
    more = "design: {pages_per_listener: 30, repeats: 9}"
    lines = refused(write_study(tmp_path, passages=3, seconds=0.6, more=more)).splitlines()
    assert "30 pages are asked for, but the study has only 3" in lines[0]
    assert "9 of 3 pages cannot come again; write 3 or less" in lines[1]


@pytest.mark.slow
def test_a_study_of_files_that_differ_in_length_is_not_made(tmp_path: Path) -> None:
    path = write_study(tmp_path, seconds=2.0)
    soundfile.write(tmp_path / "audio" / "1-loud.wav", music(1, 1.0), RATE)
    text = refused(path)
    assert "passage 'song 1': lengths differ by 1.000 s; 'loud' is the shortest" in text
    assert "cut the files alike" in text


@pytest.mark.slow
def test_a_few_samples_more_at_an_end_are_a_warning_alone(tmp_path: Path) -> None:
    path = write_study(tmp_path, seconds=1.0)
    soundfile.write(tmp_path / "audio" / "1-loud.wav", music(1, 0.98, 0.5, 0.1), RATE)
    report = look(path)
    assert any("lengths differ by 0.020 s" in one for one in said(report, "warning"))
    assert not report.failing
    make_study(read_study_file(path), tmp_path / "results")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ape", "ab", "abx", "pairwise", "ccr", "rank"])
def test_one_system_without_a_reference_is_a_problem_and_not_a_crash(
    tmp_path: Path, kind: str
) -> None:
    path = without_reference(write_study(tmp_path, kind, systems=("mix",), seconds=0.6))
    assert (
        refused(path) == f"test.kind: {kind} compares systems; there is only one, so name another"
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mushra", "dcr", "bs1116"])
def test_a_reference_that_is_needed_and_missing_is_a_problem_and_not_a_crash(
    tmp_path: Path, kind: str
) -> None:
    path = without_reference(write_study(tmp_path, kind, seconds=0.6))
    assert f"a {kind} test as described needs a reference, which is missing" in refused(path)


def test_a_reference_that_one_passage_lacks_is_told_once(tmp_path: Path) -> None:
    path = write_study(tmp_path, "mushra", seconds=0.6)
    path.write_text(path.read_text().replace("    reference: audio/1-reference.wav\n", ""))
    (line,) = said(look(path), "error")
    assert "needs a reference, which is missing in song 1" in line


def test_a_first_version_that_is_missing_hides_no_other_mistake(tmp_path: Path) -> None:
    more = "analysis: {primary: loudnes}\ndesign: {repeats: 9}"
    path = write_study(tmp_path, passages=3, seconds=0.6, more=more)
    path.write_text(path.read_text().replace("[lufs_integrated", "[lufs_integratd"))
    audio = tmp_path / "audio"
    (audio / "0-mix.wav").unlink()
    (audio / "0-bright.wav").unlink()
    (audio / "1-mix.wav").write_bytes(b"no audio")
    (audio / "1-loud.wav").write_bytes(b"no audio either")
    report = look(path)
    found = said(report, "error")
    for part in (
        "0-mix.wav: no such file",
        "0-bright.wav: no such file",
        "1-mix.wav: not audio",
        "1-loud.wav: not audio",
        "'loudnes'",
        "'lufs_integratd'",
        "9 of 3 pages",
    ):
        assert sum(part in one for one in found) == 1, part
    assert len(found) == 7
    assert report.passages == 3


def test_a_study_whose_files_are_all_gone_is_told_file_by_file(tmp_path: Path) -> None:
    path = write_study(tmp_path, "mushra", seconds=0.6)
    shutil.rmtree(tmp_path / "audio")
    report = look(path)
    assert len(said(report, "error")) == 2 * 4
    assert report.conformant is None, "what cannot be made is not judged"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["matched", "as_delivered"])
def test_samples_that_are_no_number_are_told_and_no_study_is_made_of_them(
    tmp_path: Path, mode: str
) -> None:
    path = write_study(tmp_path, seconds=0.6, more=f"loudness: {{mode: {mode}}}")
    audio = np.full((round(0.6 * RATE), 2), np.nan)
    soundfile.write(tmp_path / "audio" / "1-loud.wav", audio, RATE, subtype="FLOAT")
    text = refused(path)
    assert text.startswith("passage 'song 1': 'loud': samples that are not numbers")
    assert "export the audio again" in text
    assert [one for one in said(look(path)) if "not numbers" in one] == [f"error: {text}"]


@pytest.mark.slow
def test_two_files_for_one_reference_are_told_and_the_same_one_twice_is_none(
    tmp_path: Path,
) -> None:
    path = write_study(tmp_path, passages=1, seconds=0.6)
    text = path.read_text()
    path.write_text(text.replace("      mix: audio", "      reference: audio"))
    assert "two files are named as the reference" in refused(path)
    path.write_text(text.replace("      mix: audio/0-mix", "      reference: audio/0-reference"))
    assert not look(path).failing


@pytest.mark.parametrize(
    ("pages", "warned"), [("all", True), ("3", True), ("2", False)], ids=lambda one: str(one)
)
def test_training_on_what_is_rated_later_is_told_by_comparing_passages(
    tmp_path: Path, pages: str, *, warned: bool
) -> None:
    more = f"design: {{pages_per_listener: {pages}}}\nbefore: [{{training: {{pages: 1}}}}]"
    report = look(write_study(tmp_path, passages=3, seconds=0.6, more=more))
    found = [one for one in said(report, "warning") if "training plays passages" in one]
    assert bool(found) == warned
    assert all("to 60 of 60 simulated listeners" in one for one in found)


@pytest.mark.slow
def test_a_made_study_is_checked_whole_without_its_sources(tmp_path: Path) -> None:
    path = write_study(tmp_path, "mushra", passages=3, seconds=0.6)
    folder = make_study(read_study_file(path), tmp_path / "results")
    study = load_study(folder)
    whole = check_made(study, folder, tmp_path / "results")
    (tmp_path / "audio" / "0-mix.wav").unlink()
    for more in ("0-mix.wav: no such file)", "0-mix.wav: no such file and 11 more)"):
        report = check_made(study, folder, tmp_path / "results")
        (line,) = said(report)
        assert line.startswith("warning: not all audio that the study was made of is there")
        assert more in line
        assert (report.passages, report.conformance) == (3, whole.conformance)
        shutil.rmtree(tmp_path / "audio", ignore_errors=True)
    folder.stimulus(study.stimuli[0].token).unlink()
    assert check_made(study, folder, tmp_path / "results").failing


def test_a_made_study_is_checked_without_the_benchmark_that_it_came_from(tmp_path: Path) -> None:
    path = write_study(tmp_path, seconds=0.6)
    folder = make_study(read_study_file(path), tmp_path / "results")
    study = load_study(folder)
    file = study.file.model_copy(update={"passages": [], "source": FromBenchmark(benchmark="gone")})
    report = check_made(replace(study, file=file), folder, tmp_path / "nowhere")
    (line,) = said(report)
    assert line.startswith("warning: not all audio that the study was made of is there")
