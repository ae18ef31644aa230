"""Asks people."""

from pathlib import Path

# Colour and space of the pages; the reports wear them too.
TOKENS = Path(__file__).parent / "static" / "style" / "tokens.css"
