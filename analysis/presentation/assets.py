"""The styles, scripts and marks that every report wears, in the order in which a page has them."""

from pathlib import Path

from ...listening_test import TOKENS
from ...listening_test.server.assets import STATIC as LISTENING
from ...listening_test.server.bundle import classic, in_order

__all__ = ["FIRST_SCRIPT", "SCRIPTS", "STATIC", "STYLES", "TEMPLATES", "TOKENS", "audio_script"]

STATIC = Path(__file__).parent / "static"
# Markup that pages of every report import: the marks of systems.
TEMPLATES = Path(__file__).parent / "templates"

STYLES = ("page.css", "controls.css", "tables.css", "charts.css")
# Sets the theme, so it runs before anything is drawn; the others come after the content.
FIRST_SCRIPT = "page.js"
SCRIPTS = ("cells.js", "tables.js", "figures.js", "charts.js")


def audio_script() -> str:
    """The audio engine of the listening test as a script that loads from files too."""
    exposed = "window.earmark.audio = { Deck: $audio_deck.Deck, Engine: $audio_engine.Engine };"
    return classic(in_order(LISTENING, ["audio/engine.js"]), exposed)
