"""The system ``console``: a song's stems through channel strips that a file sets.

The settings are those that a network predicted, which every render of such a network keeps beside
its audio, or those that a person changed or wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from torch import Tensor

from ..configuration import YamlPath
from ..effects.console import ConsoleCard, mix, read_settings
from ..errors import UserError
from .contract import Material, Options, Spec, System, kind


class ConsoleOptions(Options):
    """``settings``: a JSON file, or a folder with one named after each song, ``<song id>.json``.

    ``sample_rate`` is what the strips run at, that of the song where it is left out.
    """

    settings: YamlPath
    sample_rate: Annotated[int, Field(ge=8000, le=192_000)] | None = None

    @field_validator("settings")
    @classmethod
    def _there(cls, value: Path) -> Path:
        if not value.exists():
            raise ValueError(f"no such file or folder: {value}")
        return value


@dataclass(frozen=True)
class ConsoleState:
    """The settings of a song, its strips in the order of the stems."""

    settings: ConsoleCard
    sample_rate: int


class Console:
    """Renders stems by settings on disk."""

    def __init__(self, settings: Path, sample_rate: int | None) -> None:
        self._settings = settings
        self._spec = Spec("console", "console", sample_rate=sample_rate, input="stems")

    @property
    def spec(self) -> Spec:
        """What the runner must know."""
        return self._spec

    def prepare(self, material: Material, controls: Mapping[str, float]) -> ConsoleState:
        """The song's settings."""
        path = self._settings
        if path.is_dir():
            path = path / f"{material.label}.json"
        settings = in_order(read_settings(path), material, str(path))
        return ConsoleState(settings, material.sample_rate)

    def render(self, block: Tensor, state: ConsoleState) -> Tensor:
        """``(stems, channels, samples)`` to ``(2, samples)``."""
        return mix(block, state.sample_rate, state.settings)

    def notes(self, state: ConsoleState) -> dict[str, Any]:
        """The settings as they were used."""
        return {"console": state.settings.model_dump(mode="json")}


def in_order(settings: ConsoleCard, material: Material, origin: str) -> ConsoleCard:
    """The strips in the order of the song's stems: by name where all are named, else as they are.

    Raises:
        UserError: if there are not as many as stems, or a stem has none of its name.
    """
    stems, strips = material.audio.shape[0], settings.stems
    if len(strips) != stems:
        raise UserError(
            f"{origin}: has settings for {len(strips)} stems, and song {material.label!r} has "
            f"{stems}; give each stem one"
        )
    if not material.stems or not all(strip.name for strip in strips):
        return settings
    by_name = {strip.name: strip for strip in strips}
    missing = [name for name in material.stems if name not in by_name]
    if missing:
        raise UserError(
            f"{origin}: no settings for stem {missing[0]!r} of song {material.label!r}; it has "
            f"{', '.join(sorted(by_name))}"
        )
    return settings.model_copy(update={"stems": tuple(by_name[n] for n in material.stems)})


@kind("console", ConsoleOptions, input="stems")
def build_console(options: ConsoleOptions) -> System:
    """Channel strips set by a file: predicted settings, edited and rendered again."""
    return Console(options.settings, options.sample_rate)
