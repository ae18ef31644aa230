"""Where a system is found in the report's folder: its page, and its row among a song's players."""

import re
from collections.abc import Sequence

from .....models.content_key import content_key


def system_page_names(systems: Sequence[str]) -> dict[str, str]:
    """The address of each system's page in the report."""
    return {system: f"systems/{_plain(system)}.html" for system in systems}


def player_of(system: str) -> str:
    """The id of a system's row on the page of a song."""
    return f"player-{_plain(system)}"


def _plain(system: str) -> str:
    """A name that is readable, unique, and safe in file systems and addresses."""
    plain = re.sub(r"[^a-z0-9]+", "-", system.lower()).strip("-")[:48]
    # The digest tells apart what only case or punctuation does.
    same = plain == system and plain != ""
    return plain if same else f"{plain or 'system'}-{content_key(system)[:6]}"
