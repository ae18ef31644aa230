"""The scripts and styles of the listener's pages: each where it is asked for, none forgotten."""

import re
from urllib.parse import urljoin

from places import ROOT

from earmark.listening_test.kinds import kinds
from earmark.listening_test.server.assets import ALONE, PAGE, STYLES

HOME = ROOT / "listening_test"
STATIC = HOME / "static"
MOST_FILES = 15


def asked() -> set[str]:
    """The places of every file that pages and kinds name, and of those that these import."""
    waiting = {place for places in STYLES.values() for place in places} | {*ALONE, PAGE}
    waiting |= {f"kinds/{one.view}.js" for one in kinds().values()}
    found: set[str] = set()
    while waiting:
        place = waiting.pop()
        found.add(place)
        file = STATIC / place
        if file.suffix == ".js" and file.is_file():
            imported = re.findall(
                r'^(?:import|export)\b[^;"]*"(\.[^"]+)";', file.read_text("utf-8"), re.M
            )
            waiting |= {urljoin(place, name) for name in imported} - found
    return found


def test_every_file_that_a_page_or_a_script_asks_for_is_there_and_no_other() -> None:
    files = {
        path.relative_to(STATIC).as_posix()
        for path in STATIC.rglob("*")
        if path.suffix in (".js", ".css")
    }
    assert len(files) > 30
    assert asked() == files


def test_a_page_names_only_what_is_made_for_pages() -> None:
    named = {
        name
        for path in (HOME / "server" / "templates").glob("*.html")
        for name in re.findall(r'asset\("([^"]+)"\)', path.read_text("utf-8"))
    }
    assert named == {*STYLES, *ALONE, PAGE}


def test_no_drawer_of_the_pages_holds_more_than_a_reader_can_survey() -> None:
    for folder in [STATIC, *(path for path in STATIC.rglob("*") if path.is_dir())]:
        files = [path.name for path in folder.iterdir() if path.is_file()]
        assert len(files) <= MOST_FILES, folder.name
