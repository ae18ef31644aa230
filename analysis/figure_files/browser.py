"""Finds a browser of the Chromium family, and has it open a page of ours without a window."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ...models.errors import UserError

# Looked at first; the name is the one that other programs read too.
VARIABLE = "BROWSER_PATH"
_NAMES = (
    *("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
    *("google-chrome-stable", "chrome", "headless_shell", "microsoft-edge"),
)
_ON_A_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_SECONDS = 300
_OPTIONS = ("--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run")


def browser() -> Path:
    """The browser that draws figures.

    Raises:
        UserError: one line, if there is none.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if found := shutil.which(named):
            return Path(found)
        raise UserError(f"{VARIABLE}={named}: no such program; name that of Chromium or Chrome")
    for name in _NAMES:
        if found := shutil.which(name):
            return Path(found)
    if sys.platform == "darwin":
        for place in _ON_A_MAC:
            if Path(place).is_file():
                return Path(place)
    raise UserError(
        "figures as files need Chromium or Chrome, and none was found; install one (on Debian: "
        f"apt-get install chromium-headless-shell), or name it by {VARIABLE}"
    )


def page_text(program: Path, page: Path, scratch: Path) -> str:
    """The text of ``page`` after its scripts have run; ``scratch`` is a folder for the browser.

    Raises:
        UserError: if the browser fails.
    """
    # Time that the page waits for is skipped, not spent.
    return _run(program, scratch, "--virtual-time-budget=600000", "--dump-dom", page.as_uri())


def print_page(program: Path, page: Path, out: Path, scratch: Path) -> None:
    """Print ``page`` to the PDF file ``out``.

    Raises:
        UserError: if the browser fails.
    """
    _run(program, scratch, "--no-pdf-header-footer", f"--print-to-pdf={out}", page.as_uri())
    if not out.is_file():
        raise UserError(f"{program}: wrote no PDF; name another browser by {VARIABLE}")


def _run(program: Path, scratch: Path, *words: str) -> str:
    # Chromium refuses to run as root inside its sandbox; the page is ours alone.
    root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    command = [str(program), *_OPTIONS, *root, f"--user-data-dir={scratch}", *words]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise UserError(
            f"{program}: drew nothing within {_SECONDS} s; name another browser by {VARIABLE}"
        ) from None
    except OSError as error:
        raise UserError(f"{program}: cannot be run ({error.strerror or error})") from None
    if done.returncode:
        last = ([""] + [line for line in done.stderr.splitlines() if line.strip()])[-1][-200:]
        raise UserError(f"{program}: ended with status {done.returncode} ({last})")
    return done.stdout
