"""Songs whose names differ in what a file name cannot show keep pages of their own."""

import pytest

from earmark.analysis.benchmark.song_pages import page
from earmark.analysis.benchmark.song_pages.page import page_names
from earmark.models.content_key import content_key


def test_names_that_collide_after_cleaning_have_pages_of_their_own() -> None:
    songs = ["a b", "A b", "a-b", "a?b", "a*b", "日本", "歌", "", "-", "a/b".replace("/", "\\")]
    songs.append(f"a-b-{content_key('A b')[:6]}")
    pages = page_names(songs)
    assert list(pages) == songs
    assert len(set(pages.values())) == len(songs)
    assert pages["a-b"] == "songs/a-b.html"
    assert pages["A b"] != pages[songs[-1]] == f"songs/{songs[-1]}.html"


def test_digests_that_begin_alike_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = {"日": "abcdef1" + "0" * 57, "本": "abcdef2" + "0" * 57}
    monkeypatch.setattr(page, "content_key", lambda song: digests[song])
    assert list(page_names(["日", "本"]).values()) == [
        "songs/song-abcdef.html",
        "songs/song-abcdef2.html",
    ]
