"""Tests of other tools that were moved in, taken by hand from the first step to the last."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from listening_hands import by_mouse
from listening_visits import DESK, PHONE, Visit, running, visit
from moved_tests import CASES, CHOICES, audio_for
from playwright.sync_api import Browser
from study_fixtures import hosted

from earmark.listening_test.create import make_study
from earmark.listening_test.export.ratings import SessionFilter, tidy
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.moving.move import move
from earmark.listening_test.storage.tables import opened
from earmark.listening_test.study.study import StudyFolder, load_study

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Names of systems, passages, blocks and files, none of which a listener may find.
SECRETS = {
    "webmushra-mushra.yaml": ("tcn", "lstm", "lowpass", "ballad", "funk", "mushra 2", ".wav"),
    "webmushra-paired-bs1116.yaml": ("codec1", "codec2", "ab_ballad", "bs_funk", ".wav"),
}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with running(chromium) as found:
        yield found


def moved_in(name: str, place: Path) -> StudyFolder:
    audio = audio_for(CASES / name, place / "site")
    found = move(CASES / name, audio, place, CHOICES[name])
    assert found.path is not None
    return make_study(read_study_file(found.path), place / "results")


def looked_at(one: Visit, numbers: Iterator[int]) -> None:
    """It fits on a desk and on a phone; with LOOK, pictures of both are kept in that folder."""
    number, step = next(numbers), one.state["step"]["type"]
    for size in (PHONE, DESK):
        one.page.set_viewport_size(size)  # type: ignore[arg-type]
        assert one.fits()
        if folder := os.environ.get("LOOK"):
            path = Path(folder) / f"{number:02d}-{step}-{size['width']}.png"
            one.page.screenshot(path=path, full_page=True)


def do(one: Visit) -> None:
    """Do by hand what a step asks."""
    page, kind = one.page, one.state["step"]["type"]
    if kind == "consent":
        page.locator(".content input").check()
    elif kind == "volume":
        page.locator(".panel .play").click()
        page.wait_for_selector('.panel .play[data-heard="playing"]')
        page.locator(".panel .slider").focus()
        page.keyboard.press("PageUp")
        for trial in page.locator(".trial").all():
            trial.locator("input").first.check()
    elif kind == "questionnaire":
        for asked in one.state["step"]["questions"]:
            field = page.locator(".questionnaire").get_by_label(asked["label"])
            if asked["type"] == "choice":
                page.get_by_role("radio", name=asked["options"][0]["label"]).check()
            else:
                field.fill("30" if asked["type"] == "number" else "SIMULATED")
    elif kind == "page":
        by_mouse(one)


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_test_that_was_moved_in_is_taken_by_hand_to_its_end(
    browser: Browser, tmp_path: Path, name: str
) -> None:
    folder, numbers = moved_in(name, tmp_path), count(1)
    seen = []
    with hosted(folder) as server, visit(browser, server.links["study"]) as one:
        one.begin()
        while (step := one.state["step"])["type"] != "thanks":
            seen.append((step["type"], step.get("kind"), step.get("practice")))
            looked_at(one, numbers)
            do(one)
            told = one.within_reach()
            assert [word for word in SECRETS[name] if word in told] == []
            if step["type"] == "page":
                rated = one.ratings()
                one.page.reload()
                one.arrived()
                assert one.ratings() == rated, "a reload leads back to what was rated"
            one.next()
        looked_at(one, numbers)
        assert one.state["session"]["state"] == "complete"
    with opened(folder) as database:
        rows = tidy(load_study(folder), database, SessionFilter())
    assert all(row.value is not None for row in rows)
    if name == "webmushra-mushra.yaml":
        assert seen[:3] == [
            ("consent", None, None), ("volume", None, None), ("page", "mushra", True)
        ]  # fmt: skip
        assert seen[3:5] == [("page", "mushra", False)] * 2
        assert {row.passage for row in rows} == {"ballad", "funk"}
        assert seen[5][0] == "questionnaire"
    else:
        kinds = [kind for sort, kind, _ in seen if sort == "page"]
        assert sorted(kinds) == ["abx", "abx", "bs1116", "bs1116"]
        assert kinds in (sorted(kinds), sorted(kinds, reverse=True)), "each test stays together"
        assert [sort for sort, _, _ in seen].count("text") == 2
        assert {(row.block, row.kind) for row in rows} == {("abx", "abx"), ("bs1116", "bs1116")}
        pairs = {frozenset((row.system, row.other)) for row in rows if row.kind == "abx"}
        assert pairs == {frozenset(("reference", one)) for one in ("codec1", "codec2")}
