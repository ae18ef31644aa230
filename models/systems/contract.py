"""What a system is: the contract that every baseline, network and external program meets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict
from torch import Tensor

from ..content_key import content_key
from ..plugins import plugin_code
from ..registry import PLUGIN_MODULE, Registry, Sort
from ..roles import Role

# The note of a render that holds what its system was seen to read: sha256 by path.
READ = "files_read"

Mode = Literal["whole", "context", "strided", "overlap_add"]


@dataclass(frozen=True)
class Control:
    """A knob of a system, in its own unit."""

    minimum: float
    maximum: float
    default: float


@dataclass(frozen=True)
class Spec:
    """What the runner must know of a system to run it exactly.

    ``sample_rate`` and ``channels`` are None where the system takes any. ``left`` and ``right``
    are samples of context that an output sample depends on, ``delay`` the samples by which the
    output lags and which the runner takes back. In modes ``strided`` and ``overlap_add`` blocks
    begin at multiples of ``stride``; in the latter they have ``window`` samples.
    """

    name: str
    kind: str
    version: int = 1
    sample_rate: int | None = None
    channels: int | None = None
    input: Literal["mix", "stems"] = "mix"
    mode: Mode = "whole"
    left: int = 0
    right: int = 0
    stride: int = 1
    minimum: int = 1
    delay: int = 0
    window: int = 0
    uses_reference: bool = False
    controls: Mapping[str, Control] = field(default_factory=dict)
    deterministic: bool = True
    role: Role = "system"
    licence: str = ""
    sha256: str = ""
    parameters: int = 0
    step: int | None = None


@dataclass(frozen=True)
class Material:
    """What a system is given of one song, all at one rate and of one length.

    ``audio`` is ``(channels, samples)``, or ``(stems, channels, samples)`` where the system's
    ``input`` is ``stems``. ``label`` is the song's id: a folder of finished masters is searched
    by it and a seeded system draws from it. ``start`` is the excerpt's first sample in the song.
    ``stems`` are the names of the stems, in their order, where they are known.
    """

    audio: Tensor
    sample_rate: int
    reference: Tensor | None = None
    label: str = ""
    start: int = 0
    stems: tuple[str, ...] = ()


@runtime_checkable
class System(Protocol):
    """Anything that turns a mix or stems into a master."""

    @property
    def spec(self) -> Spec:
        """What the runner must know."""
        ...

    def prepare(self, material: Material, controls: Mapping[str, float]) -> Any:
        """Once per song: the state that every block needs (a latent, an EQ, a gain)."""
        ...

    def render(self, block: Tensor, state: Any) -> Tensor:
        """``(channels, samples)`` or ``(stems, channels, samples)`` in, ``(channels, samples)``
        out; shorter by ``left + right`` in mode ``context``, of the same length in the others.
        Pure: no file is touched and nothing is normalised.
        """
        ...


@runtime_checkable
class Notes(Protocol):
    """What a system may have besides: facts of one song for the sidecar of its render."""

    def notes(self, state: Any) -> Mapping[str, Any]:
        """By name with its unit: a gain in dB, the loudness reached, why nothing was done.

        Values are what JSON can hold. Reports draw ``eq_bands``, ``eq_curve_db``, ``compressor``
        and ``console`` where a system gives them (:mod:`earmark.evaluation.insights.renders`).
        """
        ...


class Options(BaseModel):
    """The options of a kind; an unknown one is an error. Paths count by their content."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NoOptions(Options):
    """The options of a kind that has none."""


OptionsT = TypeVar("OptionsT", bound=Options)


@dataclass(frozen=True)
class SystemKind:
    """A kind of system: how its options are read and how it is built.

    ``version`` grows whenever the code renders something else from the same options. ``identity``
    says what of the options counts (all of them by default), ``step`` the training step that they
    stand for, ``origin`` the plug-in file that the kind is from. ``files`` names the user's files
    that the options stand for, with their sha256, and ``unknown`` says what of the identity of such
    a system cannot be known. ``reads`` says what files that a system was seen to read (the note
    :data:`READ` of a render) are now.
    """

    name: str
    version: int
    options: type[Options]
    build: Callable[[Any], System]
    summary: str
    input: Literal["mix", "stems"] = "mix"
    uses_reference: bool | Callable[[Any], bool] = False
    role: Role = "system"
    identity: Callable[[Any], Any] | None = None
    step: Callable[[Any], int | None] | None = None
    origin: str = ""
    files: Callable[[Any], Mapping[str, str]] | None = None
    unknown: Callable[[Any], str] | None = None
    reads: Callable[[Any, Mapping[str, str]], Mapping[str, str | None]] | None = None

    @property
    def code(self) -> Sequence[str]:
        """What makes two versions of a plug-in's kind different beside ``origin``.

        Empty for Earmark's own kinds, and for a plug-in that is one file: it is in ``origin``.
        """
        found = plugin_code(self.build.__module__)
        if found is None or (self.origin and len(found.files) == 1):
            return ()
        return (found.sha256,)

    def content(self, options: Options) -> Any:
        """What of the options makes two systems the same system; paths stand for their bytes."""
        if self.identity is not None:
            return self.identity(options)
        return {name: getattr(options, name) for name in type(options).model_fields}


@dataclass(frozen=True)
class SystemSpec:
    """What a benchmark file says of one system; the name is a label, not identity."""

    name: str
    kind: str
    options: Options

    @property
    def key(self) -> str:
        """Identity: kind, version of its code, a plug-in's bytes, options with files by content."""
        kind = kinds()[self.kind]
        content = kind.content(self.options)
        return content_key(self.kind, kind.version, kind.origin, content, *kind.code)

    @property
    def files(self) -> Mapping[str, str]:
        """The user's files that it is made of, by name, with their sha256, where its kind knows."""
        files = kinds()[self.kind].files
        return {} if files is None else files(self.options)

    @property
    def unknown(self) -> str:
        """What of its identity cannot be known; '' for nothing."""
        unknown = kinds()[self.kind].unknown
        return "" if unknown is None else unknown(self.options)

    @property
    def step(self) -> int | None:
        """The training step that a checkpoint says it is from."""
        step = kinds()[self.kind].step
        return None if step is None else step(self.options)

    @property
    def uses_reference(self) -> bool:
        """Whether what it renders depends on the reference master."""
        uses = kinds()[self.kind].uses_reference
        return uses(self.options) if callable(uses) else uses


# A user's plug-in adds to it with ``@kind``, as the built-in modules do when they are imported.
KINDS: Registry[SystemKind] = Registry(
    Sort("kind of system", "system kinds", lists=False),
    (
        ".systems.loudness_baselines",
        ".systems.reference_matching",
        ".systems.stem_mixing",
        ".systems.multiband_compressor",
        ".systems.channel_strip",
        ".systems.anchors",
        ".systems.console",
        ".systems.external",
        ".systems.objects",
        ".systems.python_code",
        ".checkpoints.folders",
        ".exported.kind",
    ),
    __package__.rpartition(".")[0],
)


def kind(
    name: str,
    options: type[OptionsT],
    *,
    version: int = 1,
    input: Literal["mix", "stems"] = "mix",  # noqa: A002  the contract's own word
    uses_reference: bool | Callable[[Any], bool] = False,
    role: Role = "system",
    identity: Callable[[Any], Any] | None = None,
    step: Callable[[Any], int | None] | None = None,
    files: Callable[[Any], Mapping[str, str]] | None = None,
    unknown: Callable[[Any], str] | None = None,
    reads: Callable[[Any, Mapping[str, str]], Mapping[str, str | None]] | None = None,
) -> Callable[[Callable[[OptionsT], System]], Callable[[OptionsT], System]]:
    """Register the function below as the builder of systems of kind ``name``.

    Raises:
        UserError: if the name is taken.
    """

    def register(build: Callable[[OptionsT], System]) -> Callable[[OptionsT], System]:
        summary = (build.__doc__ or "").strip().split("\n")[0]
        # A plug-in's module is named after the bytes of its file: an edited one is another kind.
        origin = build.__module__ if build.__module__.startswith(PLUGIN_MODULE) else ""
        entry = SystemKind(
            name,
            version,
            options,
            build,
            summary,
            input,
            uses_reference,
            role,
            identity,
            step,
            origin,
            files,
            unknown,
            reads,
        )
        KINDS.add(name, entry, build.__module__)
        return build

    return register


def kinds() -> Mapping[str, SystemKind]:
    """Every kind of system, the built-in ones loaded."""
    return KINDS


def build(spec: SystemSpec) -> System:
    """The system that ``spec`` describes.

    Raises:
        UserError: if its files are missing or do not fit.
    """
    return kinds()[spec.kind].build(spec.options)
