"""The scripts and styles of the listener's pages: each where it is asked for, none forgotten."""

import re
from pathlib import Path
from urllib.parse import urljoin

from places import ROOT

from earmark.listening_test.kinds import kinds

HOME = ROOT / "listening_test"
STATIC = HOME / "static"
MOST_FILES = 15


def asked(templates: Path) -> set[str]:
    """The addresses of every file that templates and kinds name, and that those files import."""
    waiting = {
        address
        for path in templates.glob("*.html")
        for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', path.read_text("utf-8"))
    }
    waiting |= {f"/static/kinds/{one.view}.js" for one in kinds().values()}
    found: set[str] = set()
    while waiting:
        address = waiting.pop()
        found.add(address)
        file = HOME / address.removeprefix("/")
        if file.suffix == ".js" and file.is_file():
            imported = re.findall(
                r'^(?:import|export)\b[^;"]*"(\.[^"]+)";', file.read_text("utf-8"), re.M
            )
            waiting |= {urljoin(address, name) for name in imported} - found
    return found


def test_every_file_that_a_page_or_a_script_asks_for_is_there_and_no_other() -> None:
    files = {
        f"/static/{path.relative_to(STATIC).as_posix()}"
        for path in STATIC.rglob("*")
        if path.suffix in (".js", ".css")
    }
    assert len(files) > 30
    assert asked(HOME / "server" / "templates") == files


def test_no_drawer_of_the_pages_holds_more_than_a_reader_can_survey() -> None:
    for folder in [STATIC, *(path for path in STATIC.rglob("*") if path.is_dir())]:
        files = [path.name for path in folder.iterdir() if path.is_file()]
        assert len(files) <= MOST_FILES, folder.name
