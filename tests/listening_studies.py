"""The small studies that browser tests visit: made and served once for all of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from study_fixtures import SECRETS, hosted, make_study

ONE = "design: {pages_per_listener: 1}"
TWO = "design: {pages_per_listener: 2}"
KINDS = (
    "ape",
    "mushra",
    "ab",
    "pairwise",
    "abx",
    "acr",
    "dcr",
    "ccr",
    "bs1116",
    "rank",
    "attributes",
)
STUDIES: dict[str, dict[str, Any]] = {
    **{kind: {"more": ONE} for kind in KINDS},
    "ape": {"test": "comments: per_stimulus", "more": TWO, "seconds": 2.0},
    "ape axes": {"kind": "ape", "test": "preset: production", "more": ONE},
    "mushra": {"systems": SECRETS[:2], "more": TWO, "seconds": 2.0},
    "mushra many": {"kind": "mushra", "systems": SECRETS, "passages": 1, "more": ONE},
    "ab": {"test": "forced: false", "more": TWO, "seconds": 2.0},
    "ab strength": {"kind": "ab", "test": "strength: true", "more": ONE},
    "abx": {"systems": SECRETS[:2], "more": ONE},
}


@contextmanager
def studies(make_folder: Callable[[str], Path]) -> Iterator[Callable[[str], str]]:
    """Gives the link of a study of :data:`STUDIES` by its name."""
    links: dict[str, str] = {}
    with ExitStack() as servers:

        def link(name: str) -> str:
            if name not in links:
                options: dict[str, Any] = {"kind": name, "seconds": 1.0, "systems": SECRETS[:3]}
                options |= STUDIES[name]
                study = make_study(make_folder(name.replace(" ", "-")), **options)
                links[name] = servers.enter_context(hosted(study)).links["study"]
            return links[name]

        yield link
