"""Fills in the templates of reports; each is compiled once, however many pages are made of it."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from .assets import TEMPLATES


def render(folder: Path, template: str, **values: Any) -> str:
    """A template of a folder, which may import those that all reports share; values are escaped."""
    return _environment(folder).get_template(template).render(**values)


@cache
def _environment(folder: Path) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
