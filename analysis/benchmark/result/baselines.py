"""Which systems the others are compared with."""

from collections.abc import Sequence

import pandas as pd

from ....models.configuration import nearest
from ....models.errors import UserError

UNPROCESSED = "unprocessed"


def choose_baselines(asked: Sequence[str] | str, systems: pd.DataFrame) -> tuple[str, ...]:
    """The baselines by name: those ``asked`` for, else the first system that leaves the mix alone.

    A text is a name, or several with commas between them.

    Raises:
        UserError: if one is no system of the benchmark.
    """
    names = [str(name) for name in systems["system"]]
    if isinstance(asked, str):
        asked = [asked] if asked in names else [name.strip() for name in asked.split(",")]
    wanted = list(asked)
    for name in wanted:
        if name not in names:
            raise UserError(f"baseline {name!r}: no system of this benchmark{nearest(name, names)}")
    if wanted:
        return tuple(dict.fromkeys(wanted))
    mix = mix_of(systems)
    return () if mix is None else (mix,)


def mix_of(systems: pd.DataFrame) -> str | None:
    """The first system that leaves the mix alone; None where there is none."""
    kinds = zip(systems["system"], systems["kind"], strict=True)
    return next((str(name) for name, kind in kinds if kind == UNPROCESSED), None)
