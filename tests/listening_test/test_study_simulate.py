"""Simulated listeners answer whatever a study may ask, or say in one line where they are stuck."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from study_fixtures import hosted, make_study

from earmark.cli import earmark
from earmark.listening_test.export.everything import as_json
from earmark.listening_test.export.ratings import SessionFilter
from earmark.listening_test.simulate import number_within, simulate
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.storage.tables import opened
from earmark.listening_test.study.orders import generator
from earmark.listening_test.study.study import load_study
from earmark.models.errors import UserError

QUESTIONS = """before:
  - questionnaire:
    - {id: young, type: number, label: A, maximum: 12, required: true}
    - {id: fine, type: number, label: B, minimum: 0.2, maximum: 0.4, required: true}
    - {id: stepped, type: slider, label: C, minimum: 1, maximum: 10, step: 4, required: true}
    - {id: words, type: statement, label: D}
design: {pages_per_listener: 1}
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ape", "ab", "abx", "mushra"])
def test_they_answer_within_limits_and_comment_where_they_must(tmp_path: Path, kind: str) -> None:
    test = "comments: per_stimulus, rules: {must_comment: true}"
    folder = make_study(tmp_path, kind, seconds=0.6, test=test, more=QUESTIONS)
    study = load_study(folder)
    with hosted(folder) as server:
        assert len(simulate(addresses_of(folder), server.links["simulated"], 2, 0)) == 2
    with opened(folder) as database:
        sessions = as_json(study, database, SessionFilter(("simulated",)))["sessions"]
    assert len(sessions) == 2
    for session in sessions:
        answers = {one["question"]: one["value"] for one in session["answers"]}
        assert set(answers) == {"young", "fine", "stepped"}
        assert answers["young"] <= 12
        assert 0.2 <= answers["fine"] <= 0.4
        assert answers["stepped"] in (1, 5, 9)


limit = st.floats(-1e6, 1e6)


@given(minimum=limit | st.none(), maximum=limit | st.none(), step=st.none() | st.floats(0.01, 1e3))
def test_a_drawn_number_lies_within_both_limits(
    minimum: float | None, maximum: float | None, step: float | None
) -> None:
    if minimum is not None and maximum is not None:
        minimum, maximum = sorted((minimum, maximum))
    found = number_within(minimum, maximum, step, generator(0))
    assert minimum is None or found >= minimum - 1e-6
    assert maximum is None or found <= maximum + 1e-6


@pytest.mark.slow
def test_a_headphone_check_that_is_not_passed_is_one_line_that_names_the_step(
    tmp_path: Path,
) -> None:
    more = "before: [volume, {headphone_check: {trials: 3, required: true}}]"
    folder = make_study(tmp_path, "ape", seconds=0.6, more=more)
    study = load_study(folder)
    deaf = replace(
        study,
        sounds=tuple(
            replace(one, answer=str(int(one.answer) % 3 + 1)) if one.use == "huggins" else one
            for one in study.sounds
        ),
    )
    with (
        hosted(folder) as server,
        pytest.raises(UserError, match=r"step 'before-2' \(headphone\): .*not_passed") as caught,
    ):
        simulate(replace(addresses_of(folder), study=deaf), server.links["simulated"], 1, 0)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("count", ["-1", "0"])
def test_less_than_one_listener_is_refused(count: str) -> None:
    done = CliRunner().invoke(earmark, ["study", "simulate", "any", "--listeners", count])
    assert done.exit_code == 2
    assert f"'--listeners': {count} is not in the range x>=1" in done.output
