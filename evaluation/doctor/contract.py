"""What an examination says: probes with a verdict and a figure, and the diagnosis of a system."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter

SCHEMA: Literal[1] = 1


class Health(StrEnum):
    """How a probe ended. A probe that could not run is ``not run``, never ``pass``."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Probe:
    """One measurement: ``value`` in ``unit`` held against ``limit``, on the signal named.

    ``value`` is None where nothing could be measured. ``note`` says in words what was found and
    what it means for the benchmark.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    verdict: Health
    value: float | None
    unit: str
    limit: str
    signal: str
    note: str

    @property
    def found(self) -> bool:
        """Whether it is something to know: a warning or a failure."""
        return self.verdict in (Health.WARN, Health.FAIL)


@dataclass(frozen=True)
class Diagnosis:
    """All probes of one system; ``options`` and ``key`` tell which it was."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    system: str
    kind: str
    key: str
    verdict: Health
    probes: tuple[Probe, ...]


@dataclass(frozen=True)
class DoctorDocument:
    """What ``earmark doctor --json`` prints."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    schema: Literal[1]
    verdict: Health
    systems: tuple[Diagnosis, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values; verdicts are their words."""
        return asdict(self)


def worst(verdicts: Sequence[Health]) -> Health:
    """Fail before warn before pass; ``not run`` where nothing ran."""
    for one in (Health.FAIL, Health.WARN, Health.PASS):
        if one in verdicts:
            return one
    return Health.NOT_RUN


def document(diagnoses: Sequence[Diagnosis]) -> DoctorDocument:
    """The document of these systems."""
    return DoctorDocument(SCHEMA, worst([one.verdict for one in diagnoses]), tuple(diagnoses))


def probe_of(data: Any) -> Probe:
    """A probe that was kept as JSON.

    Raises:
        pydantic.ValidationError: if it is none.
    """
    return _PROBE.validate_python(data)


def json_schema() -> dict[str, Any]:
    """The JSON schema of what ``earmark doctor --json`` prints."""
    return TypeAdapter(DoctorDocument).json_schema()


_PROBE: TypeAdapter[Probe] = TypeAdapter(Probe)
