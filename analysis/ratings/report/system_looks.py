"""How the systems of a ratings report look: as in the report of their benchmark."""

from collections.abc import Iterable, Mapping, Sequence

from ....models.roles import Role
from ...presentation.looks import Look, looks


def system_looks(
    names: Iterable[str],
    reference: str | None,
    anchors: Sequence[str],
    known: Mapping[str, Role],
) -> dict[str, Look]:
    """The look of every system.

    Args:
        names: what was rated; of ABX, pairs of versions.
        reference: the system that is the reference, where one is rated.
        anchors: the systems that are anchors.
        known: the systems of the benchmark or study in its order, which decides before the names'.
    """
    roles: dict[str, Role] = dict.fromkeys(names, "system")
    roles |= dict.fromkeys(anchors, "anchor")
    if reference is not None:
        roles[reference] = "reference"
    return looks({**known, **roles, **known}.items())
