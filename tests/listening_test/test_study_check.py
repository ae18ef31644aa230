"""A check tells every problem at once, and the conformance report is as strict as the standard."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from failing_decoder import CRASHES, failing_decoder
from study_fixtures import RATE, music, write_study

from earmark.listening_test.check import Report, check, check_made
from earmark.listening_test.create import make_study
from earmark.listening_test.kinds.conformance import closing
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.server.app import create_app
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.stimuli.check_audio import clipped_runs
from earmark.listening_test.study.study import load_study
from earmark.models.audio import trial_decoding
from earmark.models.audio.files import read
from earmark.models.errors import UserError

STRICT = (
    "before: [consent, volume, headphone_check, {training: {pages: 1}}]\n"
    "design: {repeats: 1, pages_per_listener: 5}\nafter: [thanks]"
)


def look(path: Path) -> Report:
    return check(read_study_file(path), path.parent / "results")


def said(report: Report, severity: str = "") -> str:
    return "\n".join(str(one) for one in report.problems if one.severity.startswith(severity))


def test_a_sound_study_has_no_problem(tmp_path: Path) -> None:
    report = look(write_study(tmp_path, "mushra", passages=6, more=STRICT))
    assert said(report) == ""
    assert not report.failing
    assert report.conformant is True


@pytest.mark.slow
def test_every_problem_of_the_files_is_told_at_once(tmp_path: Path) -> None:
    path = write_study(tmp_path, "ape", passages=5)
    audio = tmp_path / "audio"
    (audio / "0-loud.wav").unlink()
    (audio / "1-loud.wav").write_bytes(b"no audio")
    soundfile.write(audio / "2-loud.wav", np.zeros((2 * RATE, 2)), RATE)
    soundfile.write(audio / "3-loud.wav", music(3, 1.5), RATE)
    soundfile.write(audio / "4-loud.wav", np.clip(music(4, 2.0) * 4, -1, 1), RATE)
    report = look(path)
    found = said(report)
    assert report.failing
    for part in (
        "0-loud.wav: no such file",
        "1-loud.wav: not audio",
        "'loud' has no loudness",
        "lengths differ by 0.500 s",
        "'loud' looks clipped",
    ):
        assert part in found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("design: {pages_per_listener: 9}", "9 pages are asked for, but the study has only 2"),
        ("design: {repeats: 3}", "3 of 2 pages cannot come again"),
        ("design: {minutes_per_page: 30}", "about 60 minutes"),
        ("design: {order: fixed}", "always stands at the same place"),
        ("loudness: {target_lufs: -6}", "cannot be matched to -6 LUFS"),
        ("before: [{training: {pages: 1}}]", "training plays passages that are rated later"),
        ("design: {pages_per_listener: 1, pool: first}", "unbalanced: among 60"),
        ("analysis: {primary: preferense}", "question 'preferense'; did you mean 'preference'?"),
        (
            "excerpts: {select: start, seconds: 1, starts: {sonk 1: 1}}",
            "excerpts.starts: unknown passage 'sonk 1'; did you mean 'song 1'?",
        ),
        (
            "languages: [en, uk, de]\nwelcome: {en: Hello, de: Hallo}",
            "warning: welcome: is not written in uk",
        ),
        (
            "languages: [en, de]\nbefore: [{questionnaire: [{id: a, label: {en: A}}]}]",
            "before[1].questions[1].label: is not written in de",
        ),
    ],
)
def test_a_design_that_cannot_work_is_told_with_its_numbers(
    tmp_path: Path, more: str, message: str
) -> None:
    assert message in said(look(write_study(tmp_path, "ape", more=more)))


def test_a_study_whose_analysis_names_another_question_is_not_made(tmp_path: Path) -> None:
    path = write_study(tmp_path, "mushra", seconds=0.6, more="analysis: {primary: preference}")
    with pytest.raises(UserError, match=r"unknown question 'preference'; choose from quality"):
        make_study(read_study_file(path), tmp_path / "results")


@pytest.mark.slow
def test_the_report_says_what_a_page_costs_a_listener_before_and_after_it_is_made(
    tmp_path: Path,
) -> None:
    path = write_study(tmp_path, "mushra", passages=3, seconds=1.5, more="design: {repeats: 1}")
    guess = look(path)
    # The open reference, the hidden one, both anchors and three systems, in two channels.
    assert guess.stimuli == 7
    assert guess.decoded_bytes == 7 * 2 * 4 * round(1.5 * RATE)
    assert (guess.pages, guess.minutes) == (4, 12)
    folder = make_study(read_study_file(path), tmp_path / "results")
    study = load_study(folder)
    made = check_made(study, folder, tmp_path / "results")
    addresses = addresses_of(folder)
    sent = create_app(folder).test_client().get(addresses.of(study.stimuli[0].token, "here"))
    assert guess.download_bytes == made.download_bytes == 7 * len(sent.data)
    told = made.as_json()
    assert (told["schema"], told["conformant"]) == (1, False)
    assert {"met", "not met", "needs people"} <= {one["verdict"] for one in told["conformance"]}
    assert all(one["requirement"] and one["note"] and one["id"] for one in told["conformance"])


@pytest.mark.slow
def test_a_page_that_is_large_for_a_browsers_memory_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.listening_test.check._LARGE_PAGE", 1e6)
    assert "MB of a listener's memory" in said(look(write_study(tmp_path, "ape")), "warning")


@pytest.mark.slow
def test_more_than_twelve_stimuli_are_warned_of(tmp_path: Path) -> None:
    systems = tuple(f"system {n}" for n in range(13))
    path = write_study(tmp_path, "ape", systems=systems, passages=1, seconds=0.6)
    assert "13 stimuli on a page" in said(look(path), "warning")


def test_a_version_that_lags_is_warned_of_with_its_samples(tmp_path: Path) -> None:
    path = write_study(tmp_path, "ape", passages=1)
    late = np.concatenate([np.zeros((300, 2)), music(0, 2.0, 0.5, 0.1)])[: 2 * RATE]
    soundfile.write(tmp_path / "audio" / "0-loud.wav", late, RATE, subtype="FLOAT")
    assert "'loud' is 300.0 samples behind 'reference'" in said(look(path))


def test_a_square_wave_is_clipped_and_a_sine_is_not(tmp_path: Path) -> None:
    time = np.arange(RATE) / RATE
    sine = np.stack([np.sin(2 * np.pi * 100 * time)] * 2, axis=1)
    for name, audio in (("sine", sine * 0.999), ("square", np.clip(sine * 3, -1, 1))):
        soundfile.write(tmp_path / f"{name}.wav", audio, RATE, subtype="FLOAT")
    assert clipped_runs(read(tmp_path / "sine.wav")[0]) == 0
    assert clipped_runs(read(tmp_path / "square.wav")[0]) == 2 * 200


def test_the_bad_study_reads_as_bad(tmp_path: Path) -> None:
    # 0.6 s, no loop, one training page, "brightness", a version 31 ms late.
    more = "before: [consent, volume, {training: {pages: 1}}]\ndesign: {repeats: 1}"
    test = "loop: false, axes: [{name: brightness, label: Brightness}]"
    path = write_study(tmp_path, "mushra", passages=6, seconds=0.6, more=more, test=test)
    for number in range(6):
        late = np.concatenate([np.zeros((round(0.031 * RATE), 2)), music(number, 0.6, 0.5, 0.1)])
        audio = late[: round(0.6 * RATE)]
        soundfile.write(tmp_path / "audio" / f"{number}-loud.wav", audio, RATE, subtype="FLOAT")
    report = look(path)
    verdicts = {item.id: item.verdict for item in report.conformance}
    assert report.conformant is False
    assert {name for name, verdict in verdicts.items() if verdict == "not met"} == {
        *("length", "alignment")
    }
    assert verdicts["loop"] == "not applicable"
    assert verdicts["range"] == verdicts["attribute"] == "needs people"
    line = closing("BS.1534-3", report.conformance)
    assert line.startswith("BS.1534-3 is not met: length, alignment. These need people: switch,")
    assert "attribute" in line


def test_a_kind_without_a_standard_has_no_conformance(tmp_path: Path) -> None:
    assert look(write_study(tmp_path, "ape")).conformance == ()


def test_a_study_that_cannot_be_made_is_not_judged(tmp_path: Path) -> None:
    path = write_study(tmp_path, "mushra")
    (tmp_path / "audio" / "0-loud.wav").unlink()
    report = look(path)
    assert report.failing
    assert report.conformance == ()


@pytest.mark.slow
def test_a_stimulus_or_source_that_changed_since_is_told(tmp_path: Path) -> None:
    path = write_study(tmp_path, "ape")
    folder = make_study(read_study_file(path), tmp_path / "results")
    study = load_study(folder)
    soundfile.write(tmp_path / "audio" / "0-loud.wav", music(9, 2.0), RATE)
    gone, edited = study.stimuli[:2]
    folder.stimulus(gone.token).unlink()
    with folder.stimulus(edited.token).open("r+b") as stream:
        stream.seek(200)
        stream.write(b"xx")
    found = said(check_made(study, folder, tmp_path / "results"))
    assert f"{gone.token}.wav: is gone" in found
    assert f"{edited.token}.wav: was changed" in found
    assert "the audio of 'loud' changed since the study was made" in found


def test_audio_on_which_the_decoder_crashes_is_named_and_the_rest_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = failing_decoder(tmp_path, {"1-loud.wav": CRASHES})
    monkeypatch.setattr(trial_decoding, "_DECODER", decoder)
    path = write_study(tmp_path, "ape", seconds=0.6)
    said = [one.message for one in look(path).problems if one.severity == "error"]
    assert said == [
        f"{tmp_path / 'audio' / '1-loud.wav'}: the decoder crashed or ran out of memory on it; "
        "the file is damaged, so export it again"
    ]
    with pytest.raises(UserError, match=r"1-loud\.wav: the decoder crashed"):
        make_study(read_study_file(path), tmp_path / "results")
