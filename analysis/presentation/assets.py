"""The styles, scripts and marks that every report wears, in the order in which a page has them."""

from pathlib import Path

from ...listening_test import TOKENS

__all__ = ["FIRST_SCRIPT", "SCRIPTS", "STATIC", "STYLES", "TEMPLATES", "TOKENS"]

STATIC = Path(__file__).parent / "static"
# Markup that pages of every report import: the marks of systems.
TEMPLATES = Path(__file__).parent / "templates"

STYLES = ("page.css", "controls.css", "tables.css", "charts.css")
# Sets the theme, so it runs before anything is drawn; the others come after the content.
FIRST_SCRIPT = "page.js"
SCRIPTS = ("cells.js", "tables.js", "figures.js", "charts.js")
