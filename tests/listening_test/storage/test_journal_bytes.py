"""The journal's text stays as it is written: what an earlier version stored is read by the next."""

import uuid
from typing import Any

import pytest

from earmark.listening_test.storage.journal import (
    LONGEST,
    Journal,
    Pack,
    Places,
    Stored,
    events_in,
    moment,
    short,
    signs_in,
    whole,
)

BEGAN = 1_790_000_000_000
SHOWN = {1: ["zero", "one"]}
PLACES: Places = {(1, "zero"): 0, (1, "one"): 1}


def event(name: str, **more: Any) -> Stored:
    values: dict[str, Any] = {
        "client": "a", "seq": 3, "at_ms": 1.5, "received_at": moment(BEGAN), "type": "move",
        "page": None, "stimulus": None, "question": None, "value": None, "data": {},
    }  # fmt: skip
    return Stored(id=name, **values | more)


def packs_of(*events: Stored) -> list[Pack]:
    found = Journal([])
    for one in events:
        found.add(one, PLACES)
    return found.changes()[1]


OF = {"page": 1, "stimulus": "one", "question": "q"}
EVENTS = (
    event("a", **OF, value=2.0),
    event("b", **OF, value=2.5, at_ms=7.0),
    event("c", **OF),
    event("d", **OF, data={"x": "ö"}),
    event("e", **OF, type="play"),
    event("f"),
    event("g"),
    event("h", page=1),
    event("i", page=1, stimulus="elsewhere", received_at=moment(BEGAN + 40)),
    event("j", page=1, stimulus="elsewhere", received_at=moment(BEGAN + 40), value=-1.0),
    event("k", question="", received_at=moment(BEGAN + 41), data={"y": None}, value=0.0),
    event("l", received_at=moment(BEGAN)),
    event("m", received_at=moment(BEGAN - 1)),
)
TEXT = """\
1790000000000
["=a",3,1.5,0,2,[1,1,"q"]]
["=b",3,7,0,2.5]
["=c",3,1.5,0]
["=d",3,1.5,0,null,0,{"x":"ö"}]
["=e",3,1.5,"play"]
["=f",3,1.5,0,null,[]]
["=g",3,1.5,0]
["=h",3,1.5,0,null,[1]]
40
["=i",3,1.5,0,null,[1,"elsewhere"]]
["=j",3,1.5,0,-1]
41
["=k",3,1.5,0,0,[null,null,""],{"y":null}]
0
["=l",3,1.5,0,null,[]]
1789999999999
["=m",3,1.5,0,null,[]]
"""


def test_every_form_of_a_line_is_written_in_these_bytes_and_read_again() -> None:
    (pack,) = packs_of(*EVENTS)
    assert pack.lines.splitlines() == TEXT.splitlines()
    assert pack == Pack(0, "a", TEXT)
    assert list(events_in([pack], SHOWN)) == list(EVENTS)
    assert list(signs_in([pack], SHOWN)) == [
        (one.client, one.seq, one.at_ms, one.type, one.page, one.stimulus, one.data)
        for one in EVENTS
    ]


def test_an_id_is_written_in_these_characters() -> None:
    one = uuid.UUID("0123abcd-4567-89ab-cdef-0123456789ff")
    assert short(str(one)) == "uASOrzUVniavN7wEjRWeJ_w"
    assert short(one.hex) == "hASOrzUVniavN7wEjRWeJ_w"
    assert short("x" * 32) == "=" + "x" * 32
    assert short("") == "="
    for name in (str(one), one.hex, "x" * 36, "uASOrzUVniavN7wEjRWeJ_w", "=", ""):
        assert whole(short(name)) == name


@pytest.mark.parametrize(("more", "packs"), [(0, 1), (1, 2)])
def test_a_pack_is_filled_to_the_last_character_and_no_further(more: int, packs: int) -> None:
    first = event("a", data={"text": "x" * 1000})
    (alone,) = packs_of(first)
    room = LONGEST - len(alone.lines) - len('["=b",3,1.5,0,null,0,{"text":""}]\n')
    second = event("b", data={"text": "y" * (room + more)})
    found = packs_of(first, second)
    assert [one.number for one in found] == list(range(packs))
    assert len(found[0].lines) == (LONGEST if packs == 1 else len(alone.lines))
    assert list(events_in(found, SHOWN)) == [first, second]


def test_a_time_counts_for_the_room_and_begins_each_pack_anew() -> None:
    first = event("a", data={"text": "x" * 1000})
    (alone,) = packs_of(first)
    room = LONGEST - len(alone.lines) - len('["=b",3,1.5,0,null,[],{"text":""}]\n')
    for spare, packs in ((2, 1), (1, 2)):
        data = {"text": "y" * (room - spare)}
        second = event("b", data=data, received_at=moment(BEGAN + 7))
        found = packs_of(first, second)
        assert len(found) == packs
        assert list(events_in(found, SHOWN)) == [first, second]
    assert found[1].lines.startswith(f"{BEGAN + 7}\n")


def test_another_client_begins_a_pack_and_what_was_there_is_only_made_longer() -> None:
    found = Journal([(0, "a", TEXT), (1, "b", f'{BEGAN}\n["=x",0,0,0,null,[]]\n')])
    found.add(event("y", client="b"), PLACES)
    longer, new = found.changes()
    assert longer == Pack(1, "b", f'{BEGAN}\n["=x",0,0,0,null,[]]\n0\n["=y",3,1.5,0,null,[]]\n')
    assert new == []
    found.add(event("z"), PLACES)
    found.add(event("z2"), PLACES)
    longer, new = found.changes()
    assert longer is not None
    assert longer.number == 1
    assert new == [Pack(2, "a", f'{BEGAN}\n["=z",3,1.5,0,null,[]]\n["=z2",3,1.5,0]\n')]
