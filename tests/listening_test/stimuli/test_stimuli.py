"""What listeners hear is what was promised of it, measured on the files as written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile
import torch
from study_fixtures import RATE, SECRETS, make_study, write_study

from earmark.listening_test.create import make_study as make
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.stimuli.prepare import anchor, faded, gains
from earmark.listening_test.stimuli.wav import decode, encode
from earmark.listening_test.stimuli.wav_header import wav_header
from earmark.listening_test.study.file import Matching
from earmark.listening_test.study.study import Study, StudyFolder, load_study
from earmark.models.audio.loudness import integrated_loudness, true_peak_dbtp
from earmark.models.errors import UserError


def heard(folder: StudyFolder) -> tuple[Study, dict[str, dict[str, torch.Tensor]]]:
    """The study, and the decoded main files by passage and system."""
    study = load_study(folder)
    files: dict[str, dict[str, torch.Tensor]] = {}
    for one in study.stimuli:
        if one.copy in ("main", "open"):
            audio, rate = decode(folder.stimulus(one.token).read_bytes())
            assert rate == study.sample_rate
            files.setdefault(one.passage, {})[one.system] = audio
    return study, files


@pytest.fixture(scope="module")
def mushra(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    more = "design: {repeats: 1}\nbefore: [volume, headphone_check, {training: {pages: 1}}]"
    return make_study(tmp_path_factory.mktemp("mushra"), "mushra", more=more)


def test_versions_of_a_passage_are_matched_within_a_tenth_of_a_unit(mushra: StudyFolder) -> None:
    _, files = heard(mushra)
    for versions in files.values():
        levels = [
            float(integrated_loudness(audio, RATE))
            for name, audio in versions.items()
            if not name.startswith("lowpass")
        ]
        assert max(levels) - min(levels) < 0.1


def test_matching_only_ever_lowers_and_no_file_passes_the_ceiling(mushra: StudyFolder) -> None:
    study, files = heard(mushra)
    assert all(one.gain_db <= 1e-6 for one in study.stimuli)
    for versions in files.values():
        assert max(float(true_peak_dbtp(audio, RATE)) for audio in versions.values()) <= -1.0


def test_all_files_of_a_passage_are_equal_in_bytes_and_samples_and_none_in_content(
    mushra: StudyFolder,
) -> None:
    study = load_study(mushra)
    for passage in study.passages:
        found = [one for one in study.stimuli if one.passage == passage.id]
        data = [mushra.stimulus(one.token).read_bytes() for one in found]
        assert {len(one) for one in data} == {found[0].bytes}
        assert len(set(data)) == len(data) > 10
        assert {decode(one)[0].shape[-1] for one in data} == {passage.samples}


def test_anchors_meet_the_mask_and_have_no_delay(mushra: StudyFolder) -> None:
    study, files = heard(mushra)
    for versions in files.values():
        reference = versions["reference"].double().numpy()[0]
        for name, pass_hz in (("lowpass_3500", 3500.0), ("lowpass_7000", 7000.0)):
            filtered = versions[name].double().numpy()[0]
            hertz, cross = scipy.signal.csd(reference, filtered, RATE, nperseg=8192)
            _, power = scipy.signal.welch(reference, RATE, nperseg=8192)
            gain = 20 * np.log10(np.abs(cross) / power)
            inside = (hertz > 100) & (hertz < pass_hz - 50)
            assert np.abs(gain[inside]).max() < 0.1
            assert gain[(hertz > pass_hz * 8 / 7) & (hertz < 12000)].max() < -25
            assert gain[(hertz > pass_hz * 9 / 7) & (hertz < 12000)].max() < -50
            lag = np.argmax(scipy.signal.correlate(filtered, reference)) - (len(reference) - 1)
            assert lag == 0
    gain_of = {(one.passage, one.system): one.gain_db for one in study.stimuli}
    for passage in study.passages:
        assert gain_of[passage.id, "lowpass_3500"] == gain_of[passage.id, "reference"]


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_an_anchor_of_an_impulse_is_symmetric_about_it(rate: int) -> None:
    impulse = torch.zeros(2, rate // 4)
    impulse[:, rate // 8] = 1.0
    out = anchor(impulse, "lowpass_3500", rate)[0].numpy()
    middle = rate // 8
    torch.testing.assert_close(
        out[middle + 1 : middle + 500], out[middle - 499 : middle][::-1].copy()
    )
    assert int(np.argmax(np.abs(out))) == middle


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "count"), [("ab", 20), ("abx", 40), ("ccr", 10), ("bs1116", 11), ("ape", 6)]
)
def test_a_version_has_a_file_for_each_pair_that_it_takes_part_in(
    tmp_path: Path, kind: str, count: int
) -> None:
    """Of five systems: all pairs, X beside them, the hidden reference against each, all at once."""
    test = "reference: open" if kind == "ape" else "reference: none"
    study = load_study(
        make_study(tmp_path, kind, systems=tuple("abcde"), passages=1, seconds=0.6, test=test)
    )
    assert len(study.stimuli) == count
    assert len({one.sha256 for one in study.stimuli}) == count
    # A study that was made before there were such files finds the one it has.
    old = [one for one in study.stimuli if ":" not in one.copy]
    before = replace(study, stimuli=tuple(old))
    assert all(
        before.stimulus(one.passage, one.system, one.copy).copy == one.copy.split(":")[0]
        for one in study.stimuli
    )


@pytest.mark.slow
def test_tokens_are_opaque_and_files_hold_nothing_but_audio(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape", systems=SECRETS[:3])
    study = load_study(folder)
    assert len({one.token for one in study.files}) == len(study.files)
    for one in study.files:
        data = folder.stimulus(one.token).read_bytes()
        assert all(name.encode() not in data for name in (*SECRETS, "song", "reference"))
        assert data[:44] == wav_header(2, RATE, 24, (len(data) - 44) // 6)
        assert len(one.token) == 32
        assert int(one.token, 16) >= 0


@pytest.mark.slow
def test_as_delivered_keeps_differences_and_lowers_the_page_as_one(tmp_path: Path) -> None:
    folder = make_study(tmp_path, "ape", more="loudness: {mode: as_delivered, ceiling_dbtp: -6}")
    study, files = heard(folder)
    for passage, versions in files.items():
        shared = {round(one.gain_db, 9) for one in study.stimuli if one.passage == passage}
        assert len(shared) == 1
        levels = [float(integrated_loudness(audio, RATE)) for audio in versions.values()]
        assert max(levels) - min(levels) > 3
        assert max(float(true_peak_dbtp(audio, RATE)) for audio in versions.values()) <= -6


def test_gains_match_downwards_and_below_the_ceiling() -> None:
    levels = {"quiet": (-20.0, -3.0), "loud": (-10.0, -0.1), "peaky": (-15.0, 6.0)}
    found = gains(levels, Matching(ceiling_dbtp=-1.0))
    after = {
        name: (lufs + found[name], peak + found[name]) for name, (lufs, peak) in levels.items()
    }
    assert max(lufs for lufs, _ in after.values()) - min(l for l, _ in after.values()) < 1e-9  # noqa: E741
    assert max(peak for _, peak in after.values()) <= -1.0
    assert all(gain <= 0 for gain in found.values())


def test_a_target_above_the_quietest_version_is_refused_with_the_highest_possible() -> None:
    with pytest.raises(UserError, match=r"'quiet' has -20\.0; give a target_lufs of -20 or less"):
        gains({"quiet": (-20.0, -9.0), "loud": (-9.0, -1.0)}, Matching(target_lufs=-14.0))


def test_a_silent_version_is_refused_by_name(tmp_path: Path) -> None:
    path = write_study(tmp_path, "ape")
    soundfile.write(tmp_path / "audio" / "1-loud.wav", np.zeros((RATE * 2, 2)), RATE)
    with pytest.raises(UserError, match="passage 'song 1': 'loud' has no loudness"):
        make(read_study_file(path), tmp_path / "results")


@pytest.mark.parametrize("bits", [16, 24])
def test_dither_makes_equal_audio_differ_by_steps_and_no_more(bits: int) -> None:
    audio = torch.rand(2, 5000, generator=torch.Generator().manual_seed(0)) - 0.5
    one, two = (decode(encode(audio, RATE, bits, seed))[0] for seed in (1, 2))
    assert not torch.equal(one, two)
    assert float((one - audio).abs().max()) <= 1.51 / 2 ** (bits - 1)
    again, _ = decode(encode(audio, RATE, bits, 1))
    assert torch.equal(one, again)


def test_fades_are_raised_cosine_and_leave_the_middle_alone() -> None:
    ones = torch.ones(2, RATE)
    out = faded(ones, RATE, 5.0)
    samples = round(0.005 * RATE)
    assert torch.equal(out[:, samples:-samples], ones[:, samples:-samples])
    torch.testing.assert_close(out[:, :samples], out[:, -samples:].flip(-1))
    torch.testing.assert_close(out[0, :samples] + out[0, :samples].flip(0), torch.ones(samples))
    assert float(out[0, 0]) < 0.001


def test_every_version_is_scored_as_it_is_heard(mushra: StudyFolder) -> None:
    import json

    rows = json.loads(mushra.heard.read_text())["scores"]
    study = load_study(mushra)
    stated = {(one.passage, one.system): one.lufs for one in study.stimuli}
    found = {
        (row["passage"], row["system"]): row["value"]
        for row in rows
        if row["metric"] == "lufs_integrated"
    }
    assert found.keys() == {(p.id, name) for p in study.passages for name in study.systems}
    for key, value in found.items():
        assert value == pytest.approx(stated[key], abs=0.02)


def test_the_right_ear_of_one_huggins_interval_alone_differs() -> None:
    from earmark.listening_test.stimuli.headphones import huggins
    from earmark.listening_test.study.orders import generator

    audio, answer = huggins(RATE, generator(3))
    each = audio[:, RATE // 2 :].unfold(-1, RATE, RATE + RATE // 2)[:, :3]
    differs = [bool((each[0, n] != each[1, n]).any()) for n in range(3)]
    assert differs == [n + 1 == answer for n in range(3)]
    left, right = each[0, answer - 1].double(), each[1, answer - 1].double()
    assert float(left.square().mean()) == pytest.approx(float(right.square().mean()), rel=0.02)
