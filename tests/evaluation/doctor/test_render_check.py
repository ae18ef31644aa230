"""Every render is checked against its song, and what is found is kept, told and shown."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from runs import Make, carry_out
from torch import Tensor

from earmark.analysis.benchmark.result.document import load as load_result
from earmark.evaluation.doctor.contract import Health, Probe
from earmark.evaluation.doctor.findings import badge, findings_of
from earmark.evaluation.doctor.render_check import check_render
from earmark.evaluation.doctor.signals import pink
from earmark.evaluation.doctor.summary import findings
from earmark.evaluation.results.store import Store
from earmark.evaluation.run.run import RunSettings
from earmark.models.audio.alignment import shift

RATE = 44_100
SONG = pink(2 * RATE, RATE)


def checked(output: Tensor, given: Tensor = SONG, **notes: Any) -> dict[str, Probe]:
    return {one.name: one for one in check_render(output, given, RATE, notes)}


def test_the_song_itself_shows_nothing() -> None:
    probes = checked(SONG)
    assert set(probes) == {
        "polarity", "delay", "gain", "offset", "true_peak", "channels", "length"
    }  # fmt: skip
    assert {one.verdict for one in probes.values()} == {Health.PASS}


@pytest.mark.parametrize(
    ("change", "notes", "expected", "words"),
    [
        (lambda x: -x, {}, {"polarity": "fail"}, "polarity inverted"),
        (lambda x: shift(x, -1.6), {}, {"delay": "fail"}, "lags 1.6 samples"),
        (lambda x: shift(x, 3.0), {}, {"delay": "fail"}, "leads by 3.0 samples"),
        (lambda x: x * 5, {}, {"true_peak": "warn"}, "true peak +"),
        (lambda x: x * 5, {"ceiling_dbtp": -1.0}, {"true_peak": "fail"}, "true peak +"),
        (lambda x: x + 0.008, {}, {"offset": "warn"}, "constant -42 dBFS"),
        (lambda x: x * torch.tensor([[1.0], [0.0]]), {}, {"channels": "fail"}, "drops a channel"),
        (lambda x: x[:1], {}, {"channels": "fail"}, "drops a channel"),
        (lambda x: x, {"samples_written": 7}, {"length": "warn"}, "another length"),
        (lambda x: x[:, :-5], {}, {"length": "fail"}, "another length"),
    ],
)
def test_a_fault_of_a_render_is_found_and_nothing_else(
    change: Callable[[Tensor], Tensor],
    notes: Mapping[str, Any],
    expected: dict[str, str],
    words: str,
) -> None:
    probes = checked(change(SONG).contiguous(), **notes)
    found = {name: one for name, one in probes.items() if one.found}
    assert {name: one.verdict.value for name, one in found.items()} == expected
    assert words in badge(next(iter(found.values())))


def test_an_unrelated_output_is_no_inversion_and_has_no_delay() -> None:
    noise = torch.randn(SONG.shape, generator=torch.Generator().manual_seed(3)) * 0.1
    probes = checked(noise)
    assert probes["polarity"].verdict is Health.NOT_RUN
    assert probes["delay"].verdict is Health.NOT_RUN


def test_a_silent_song_is_judged_by_what_it_becomes() -> None:
    silent = torch.zeros(2, RATE)
    assert checked(silent, silent)["silence"].verdict is Health.PASS
    hum = checked(silent + 0.02, silent)["silence"]
    assert (hum.verdict, badge(hum)) == (
        Health.FAIL,
        "constant -34.0 dBFS on silence, left channel",
    )


def test_an_offset_that_the_song_has_is_not_the_systems() -> None:
    assert checked((SONG + 0.01) * 0.5, SONG + 0.01)["offset"].verdict is Health.PASS


INVERTING = """
from earmark.models.systems import NoOptions, Spec, System, kind


class Turned:
    spec = Spec("turned", "turned")

    def prepare(self, material, controls):
        return None

    def render(self, block, state):
        return -block


@kind("turned", NoOptions)
def turned(options: NoOptions) -> System:
    \"\"\"The mix upside down.\"\"\"
    return Turned()
"""


@pytest.fixture
def ran(make_songs: Make, make_benchmark: Make, tmp_path: Path) -> tuple[Any, Any, Path]:
    make_songs(2)
    (tmp_path / "turned.py").write_text(INVERTING)
    bench = make_benchmark(
        "unprocessed",
        "turned",
        more="metrics: [lufs_integrated]\nplugins: [turned.py]\n",
    )
    settings = RunSettings(device="cpu", steps=("doctor", "render", "score"))
    summary, heard = carry_out(bench, tmp_path / "r", settings)
    again, later = carry_out(bench, tmp_path / "r", settings)
    assert (heard.stages["examine"], later.stages["examine"]) == ((1, 0), (0, 0))
    assert again.findings == summary.findings
    return summary, heard, tmp_path / "r"


def test_findings_stand_in_the_record_the_summary_and_the_report(ran: Any) -> None:
    summary, _, results = ran
    (diagnosis,) = summary.examined
    assert [one.name for one in diagnosis.probes if one.found] == ["polarity"]
    (finding,) = summary.findings
    assert (finding.system, finding.songs, finding.of) == ("turned", 2, 2)
    assert str(finding).startswith("system 'turned', 2 of 2 songs: output polarity inverted")
    with Store(results) as store:
        result = load_result(store, "test")
    assert [one.badge for one in result.findings_of("turned")] == ["polarity inverted"]
    assert result.findings_of("unprocessed") == ()
    assert result.diagnoses["turned"] == diagnosis
    for text in result.renders[result.renders["system"] == "turned"]["sidecar"]:
        probes = findings_of(json.loads(text))
        assert probes is not None
        assert next(one for one in probes if one.name == "polarity").value == -1


def test_records_of_before_are_not_taken_for_checked() -> None:
    bad = {"findings": [{"name": "polarity"}]}
    assert findings_of({}) is None
    assert findings_of(bad) is None
    assert findings([("a", {}), ("a", bad)]) == ()


def test_human_masters_are_not_judged_and_part_of_the_songs_is_told() -> None:
    probe = Probe("polarity", Health.FAIL, -1.0, "sign", "+1", "the song", "inverted")
    good = Probe("polarity", Health.PASS, 1.0, "sign", "+1", "the song", "kept")

    def record(one: Probe, role: str) -> dict[str, Any]:
        return {"findings": [one.__dict__], "system": {"role": role}}

    found = findings(
        [("a", record(probe, "system")), ("a", record(good, "system")),
         ("human", record(probe, "reference"))]
    )  # fmt: skip
    assert [(one.system, one.badge) for one in found] == [("a", "polarity inverted (1 of 2 songs)")]
