"""What a sequence of blocks lets listeners meet: each block's own pages, in orders that balance."""

from collections import Counter
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

from earmark.listening_test.kinds import kind_of, part_of, parts, units_of
from earmark.listening_test.session.balance import Uses
from earmark.listening_test.session.draws import Between, DrawnPage, draw_pages, draw_session
from earmark.listening_test.session.plan import BreakStep, PageStep, TextStep, plan_of
from earmark.listening_test.study.file import StudyFile
from earmark.listening_test.study.orders import generator
from earmark.listening_test.study.study import Passage, Study, study_from_json

SONGS = ("ballad", "funk", "rock", "pop")
SYSTEMS = ("tcn", "lstm", "plain")


def study_of(sequence: list[Any], seed: int = 3, songs: tuple[str, ...] = SONGS) -> Study:
    """A study without audio; every song has a reference."""
    file = StudyFile.model_validate(
        {
            "earmark": 1,
            "study": "blocks",
            "title": "Blocks",
            "passages": [
                {
                    "id": song,
                    "reference": f"{song}.wav",
                    "stimuli": {one: f"{song}-{one}.wav" for one in SYSTEMS},
                }
                for song in songs
            ],
            "sequence": sequence,
        }
    )
    systems = {**dict.fromkeys(SYSTEMS, "system"), "reference": "reference"}
    systems |= dict.fromkeys(("lowpass_3500", "lowpass_7000"), "anchor")
    passages = tuple(Passage(song, 0, 44_100, {}) for song in songs)
    return Study("blocks", file, seed, 44_100, systems, passages, ())  # type: ignore[arg-type]


def met(study: Study, listeners: int) -> list[list[DrawnPage]]:
    """The pages of so many listeners who finish one after another."""
    uses, found = Uses(), []
    for number in range(listeners):
        drawn = draw_pages(study, uses, number, generator(study.seed, "", number))
        for page in drawn:
            if page.part == "main" and not page.repeat:
                uses.add(page.unit.key, page.turn, 1)
        found.append(drawn)
    return found


def blocks_of(pages: list[DrawnPage]) -> list[str]:
    return [name for name, _ in groupby(page.unit.block for page in pages)]


TWO = [
    {"pages": "grades", "test": {"kind": "mushra"}, "systems": ["tcn", "lstm"]},
    {"pages": "pairs", "test": {"kind": "ab"}, "passages": ["funk"], "systems": ["tcn", "plain"]},
]


def test_a_block_has_its_own_kind_songs_and_systems() -> None:
    study = study_of(TWO)
    grades, pairs = parts(study)
    assert (grades.test.kind, pairs.test.kind) == ("mushra", "ab")
    assert list(grades.systems) == ["tcn", "lstm", "reference", "lowpass_3500", "lowpass_7000"]
    assert list(pairs.systems) == ["tcn", "plain", "reference"]
    assert [unit.systems for unit in units_of(pairs)] == [("tcn", "plain")]
    (pages,) = met(study, 1)
    assert blocks_of(pages) == ["grades", "pairs"]
    assert [page.number for page in pages] == [1, 2, 3, 4, 5]
    assert {page.unit.passage for page in pages[:4]} == set(SONGS)
    assert pages[4].unit.passage == "funk"


def test_pages_of_two_blocks_are_never_counted_as_one() -> None:
    same = {"test": {"kind": "ape"}, "passages": ["funk"]}
    study = study_of([{"pages": "one", **same}, {"pages": "two", **same}])
    keys = [unit.key for part in parts(study) for unit in units_of(part)]
    assert len(set(keys)) == 2
    units = [unit for part in parts(study) for unit in units_of(part)]
    assert [type(unit).parse(unit.key) for unit in units] == units
    for unit in units:
        assert part_of(study, unit.block).block == unit.block


@pytest.mark.parametrize("how", ["williams", "latin"])
def test_blocks_in_a_square_stand_equally_often_at_each_place(how: str) -> None:
    blocks = [
        {"pages": name, "test": {"kind": "ape"}, "passages": ["funk"]} for name in ("a", "b", "c")
    ]
    study = study_of([{"order": how, "sequence": blocks}])
    orders = [tuple(blocks_of(pages)) for pages in met(study, 12)]
    for place in range(3):
        assert Counter(order[place] for order in orders) == {"a": 4, "b": 4, "c": 4}
    follows = Counter(pair for order in orders for pair in pairwise(order))
    assert how != "williams" or set(follows.values()) == {4}


def test_blocks_in_random_order_meet_every_order_and_fixed_ones_one() -> None:
    blocks = [
        {"pages": name, "test": {"kind": "ape"}, "passages": ["funk"]} for name in ("a", "b", "c")
    ]
    orders = Counter(
        tuple(blocks_of(pages))
        for pages in met(study_of([{"order": "random", "sequence": blocks}]), 240)
    )
    assert len(orders) == 6
    assert min(orders.values()) > 20  # 40 expected
    fixed = study_of([{"sequence": blocks}])
    assert {tuple(blocks_of(pages)) for pages in met(fixed, 20)} == {("a", "b", "c")}


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_blocks_tells_nothing_of_the_order_of_their_pages(seed: int) -> None:
    """All go round by squares of two; tied to one counter, half of the orders would be missing."""
    two = {"test": {"kind": "ape"}, "passages": ["funk", "rock"], "order": "williams"}
    study = study_of(
        [{"order": "williams", "sequence": [{"pages": "a", **two}, {"pages": "b", **two}]}], seed
    )
    seen = Counter(
        tuple((page.unit.block, page.unit.passage) for page in pages) for pages in met(study, 64)
    )
    assert len(seen) == 8
    assert max(seen.values()) < 20  # 8 expected


def test_nested_random_blocks_keep_what_stands_in_them_together() -> None:
    def pair(name: str) -> dict[str, Any]:
        intro = {"step": {"type": "text", "text": f"Now {name}."}}
        page = {"pages": name, "test": {"kind": "ape"}, "passages": ["funk"]}
        return {"sequence": [intro, page]}

    study = study_of([{"order": "random", "sequence": [pair("a"), pair("b"), pair("c")]}])
    orders = set()
    for number in range(40):
        found = draw_session(study, Uses(), number, generator(number))
        texts = [one.index for one in found[::2] if isinstance(one, Between)]
        names = [one.unit.block for one in found[1::2] if isinstance(one, DrawnPage)]
        assert [("a", "b", "c")[at or 0] for at in texts] == names
        orders.add(tuple(names))
    assert len(orders) == 6


def test_a_pool_gives_every_page_equally_often_in_its_own_block() -> None:
    pool = {"test": {"kind": "ape"}, "design": {"pages_per_listener": 1}}
    study = study_of([{"pages": "one", **pool}, {"pages": "two", **pool}])
    everybody = met(study, 40)
    heard = Counter((page.unit.block, page.unit.passage) for pages in everybody for page in pages)
    assert set(heard.values()) == {10}
    assert len(heard) == 8
    # And which song the first block gave says nothing of the second's.
    both = Counter(tuple(page.unit.passage for page in pages) for pages in everybody)
    assert len(both) > 8


@pytest.mark.parametrize("order", ["fixed", "random", "latin"])
def test_pages_of_a_block_come_in_its_order_whatever_that_of_the_versions_is(order: str) -> None:
    study = study_of(
        [{"pages": "p", "test": {"kind": "ape"}, "order": order, "design": {"order": "random"}}]
    )
    orders = Counter(tuple(page.unit.passage for page in pages) for pages in met(study, 24))
    if order == "fixed":
        assert list(orders) == [SONGS]
        assert len({page.systems for pages in met(study, 24) for page in pages}) == 6
    elif order == "latin":
        assert sorted(orders.values()) == [6, 6, 6, 6]
        assert {first for first, *_ in orders} == set(SONGS)
    else:
        assert len(orders) > 10


def test_versions_stand_equally_often_at_each_place_of_each_block() -> None:
    study = study_of([{"pages": name, "test": {"kind": "ape"}} for name in ("a", "b")])
    places = Counter(
        (page.unit.block, page.unit.passage, system, place)
        for pages in met(study, 12)
        for page in pages
        for place, system in enumerate(page.systems)
    )
    assert set(places.values()) == {4}


def test_training_is_a_block_whose_pages_never_count() -> None:
    study = study_of(
        [
            {"pages": "t", "training": True, "test": {"kind": "mushra"}, "passages": ["pop"]},
            {"pages": "m", "test": {"kind": "mushra"}, "passages": ["ballad", "funk"]},
        ]
    )
    for pages in met(study, 5):
        assert [(page.part, page.unit.block) for page in pages] == [
            ("training", "t"), ("main", "m"), ("main", "m")
        ]  # fmt: skip
        assert pages[0].unit.passage == "pop"
        assert pages[0].turn == -1


def test_the_plan_holds_pages_steps_and_breaks_where_the_file_has_them() -> None:
    ask = {
        "step": {"type": "questionnaire", "questions": [{"id": "q", "type": "text", "label": "?"}]}
    }
    study = study_of(
        [
            {"pages": "a", "test": {"kind": "ape"}, "design": {"break_after": 2}},
            ask,
            {"step": {"type": "break"}},
            {"pages": "b", "test": {"kind": "ab"}, "passages": ["pop"], "systems": ["tcn", "lstm"]},
            {"step": {"type": "text", "text": "Done."}},
        ]
    )
    drawn = draw_session(study, Uses(), 0, generator(0))
    plan = plan_of(study, [one.part if isinstance(one, DrawnPage) else one for one in drawn])
    kinds = [entry.type for entry in plan]
    assert kinds == [
        *("page", "page", "break", "page", "page", "questionnaire", "break", "page", "text"),
        "thanks",
    ]
    ids = [entry.id for entry in plan]
    assert len(set(ids)) == len(ids)
    assert [one.page for one in plan if isinstance(one, PageStep)] == [1, 2, 3, 4, 5]
    texts = [one for one in plan if isinstance(one, TextStep)]
    assert [study.file.between[one.index].type for one in texts] == ["questionnaire", "text"]


def test_a_long_sequence_without_breaks_gets_one_halfway_and_not_beside_a_step() -> None:
    study = study_of([{"pages": name, "test": {"kind": "ape"}} for name in ("a", "b")])
    parts_met = [one.part for one in draw_pages(study, Uses(), 0, generator(0))]
    plan = plan_of(study, parts_met)
    assert [isinstance(one, BreakStep) for one in plan].index(True) == 4
    rest = study_of(
        [
            {"pages": "a", "test": {"kind": "ape"}},
            {"step": {"type": "text", "text": "Rest."}},
            {"pages": "b", "test": {"kind": "ape"}},
        ]
    )
    drawn = draw_session(rest, Uses(), 0, generator(0))
    plan = plan_of(rest, [one.part if isinstance(one, DrawnPage) else one for one in drawn])
    assert not any(isinstance(one, BreakStep) for one in plan)


def test_the_same_seed_draws_the_same_session_and_another_another() -> None:
    sequence = [{"order": "random", "sequence": TWO}]
    one, two = met(study_of(sequence), 6), met(study_of(sequence), 6)
    assert one == two
    assert one != met(study_of(sequence, seed=4), 6)


def test_a_study_with_a_sequence_is_read_back_as_it_was(tmp_path: Path) -> None:
    study = study_of([{"order": "random", "sequence": TWO}, {"step": {"type": "break"}}])
    again = study_from_json(study.as_json())
    assert again == study
    assert again.sha256 == study.sha256
    assert "test" not in study.as_json()["config"]


def test_named_steps_share_the_scale_of_sliders_and_take_no_value_between() -> None:
    axes = [{"name": "natural", "steps": ["no", "rather", "very", "fully"]}, {"name": "loud"}]
    test = {"kind": "attributes", "axes": axes, "one_at_a_time": True}
    study = study_of([{"pages": "p", "test": test, "passages": ["funk"]}])
    (part,) = parts(study)
    assert [unit.systems for unit in units_of(part)] == [("tcn",), ("lstm",), ("plain",)]
    stepped, slider = kind_of(part).questions(part, units_of(part)[0], "en")
    assert [option[:2] for option in stepped.options] == [
        (0.0, "no"), (33.33, "rather"), (66.67, "very"), (100.0, "fully")
    ]  # fmt: skip
    assert not stepped.allows(50.0)
    assert not slider.options
    for felt in (0.0, 20.0, 49.0, 80.0, 100.0):
        (value,) = kind_of(part).simulated_grades(stepped, [felt], kind_of(part).rules(part))
        assert stepped.allows(value)


def test_a_study_without_steps_has_the_identity_it_had_before_there_were_any() -> None:
    test = {"kind": "attributes", "axes": [{"name": "loud"}]}
    study = study_of([{"pages": "p", "test": test}])
    (part,) = parts(study)
    config = replace(part, file=part.file.model_copy(update={"sequence": []})).as_json()["config"]
    assert set(config["test"]["axes"][0]) == {"name", "label", "left", "right"}
    assert "one_at_a_time" not in config["test"]


def test_what_a_block_leaves_unsaid_is_no_part_of_the_identity() -> None:
    plain = study_of(TWO).as_json()["config"]["sequence"]
    assert plain[0] == {"pages": "grades", "test": {"kind": "mushra"}, "systems": ["tcn", "lstm"]}
