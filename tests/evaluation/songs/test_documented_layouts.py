"""The trees of docs/songs.md give the songs that the page says."""

import re
from pathlib import Path

import pytest
from places import ROOT
from song_files import noise, save

from earmark.evaluation.songs.checks import check_songs
from earmark.evaluation.songs.folders import read_folder

TREE = re.compile(r"### (.+?)\n\n```text\n(songs/\n.+?)```\nSongs: (.+?)\.\n", re.DOTALL)
PAGE = (ROOT / "docs" / "songs.md").read_text(encoding="utf-8")
TREES = TREE.findall(PAGE)


def files(tree: str) -> list[str]:
    """The paths of the files in an indented tree."""
    found, above = [], list[str]()
    for line in tree.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        above = [*above[:depth], line.strip()]
        if not line.endswith("/"):
            found.append("".join(above))
    return found


@pytest.mark.parametrize(("title", "tree", "songs"), TREES, ids=[one[0] for one in TREES])
def test_a_tree_of_the_page_gives_the_songs_under_it(
    tmp_path: Path, title: str, tree: str, songs: str
) -> None:
    for number, name in enumerate(files(tree)):
        if name.endswith(".json"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text('{"tags": {"genre": "rock"}}')
        else:
            save(tmp_path / name, noise(0.5 + number / 10, seed=number))
    found = read_folder(tmp_path / "songs")
    assert [song.id for song in found.songs] == re.findall(r"`(.+?)`", songs)
    assert not [one for one in check_songs(found.songs) if one.severity == "error"]
    unused = [one.path.relative_to(tmp_path).as_posix() for one in found.unused]
    assert unused == (["songs/old/one.wav"] if title == "Mixes alone" else [])


def test_the_page_has_a_tree_for_every_layout(tmp_path: Path) -> None:
    assert len(TREES) >= 7
    assert files("songs/\n  a/\n    b.wav\n  c.wav") == ["songs/a/b.wav", "songs/c.wav"]
