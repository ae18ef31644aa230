"""The embeddings by name, and the decorator that adds one.

An embedding turns audio into vectors whose distribution a distance compares. Its function is given
the weights and a device and returns what embeds; the decorator says what a user must know of it:

    @embedding("mine", sample_rate=16000, seconds=1.0, highest_hz=8000, weights=None)
    def load_mine(weights: Path, device: torch.device) -> Embed:
        ...
        return lambda audio: network(audio)     # (samples,) -> (rows, dimensions)

A result is told by the sha256 of the weights, by the bytes of the plug-in that the embedding is
from, and by ``version``, which grows whenever the code of Earmark makes other vectors from the same
audio and weights.
"""

import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..content_key import content_key, path_sha256
from ..errors import UserError
from ..plugins import source_of
from ..registry import Registry, Sort

# Mono audio (samples,) at the embedding's rate -> (rows, dimensions), float32 on the CPU; no rows
# where the audio is shorter than one patch.
Embed = Callable[[Tensor], Tensor]
Load = Callable[[Path, torch.device], Embed]


@dataclass(frozen=True)
class Download:
    """Weights that are not part of any package: what to fetch, and from where."""

    file: str
    url: str

    def find(self, checkpoint: Path | None) -> Path:
        """The given file, or the one of this name among the user's checkpoints.

        Raises:
            UserError: if it is not there; one line that says what to download to where.
        """
        path = checkpoint or checkpoint_folder() / self.file
        if path.exists():
            return path
        what = f"download {self.url} to {checkpoint_folder() / self.file}"
        raise UserError(f"{path}: no such checkpoint; {what}, or give the path of its checkpoint")


@dataclass(frozen=True)
class Extra:
    """A package that an embedding needs and that Earmark does not install by itself.

    ``note`` says where it can be installed at all.
    """

    package: str
    module: str
    name: str
    note: str = ""

    def missing(self) -> str:
        """What to install, in a few words; '' where the package is there."""
        try:
            found = importlib.util.find_spec(self.module)
        except ValueError:  # a module that was loaded in another way than from a file
            return ""
        return "" if found else self.needs("not installed")

    def needs(self, why: str) -> str:
        """What is needed, why it cannot be had, and what to run."""
        where = f" {self.note}" if self.note else ""
        return (
            f"needs the package {self.package} ({why}); run \"pip install 'earmark[{self.name}]'\""
            f"{where}"
        )


@dataclass(frozen=True)
class Embedding:
    """What must be known of an embedding before it is loaded.

    ``seconds`` is the length of audio that one row stands for, and the shortest that has a row;
    nothing above ``highest_hz`` changes a row. ``weights`` finds the file or folder of weights,
    where there is one; ``extra`` is the package that it needs beside them.
    """

    name: str
    version: int
    sample_rate: int
    seconds: float
    highest_hz: float
    summary: str
    weights: Callable[[Path | None], Path] | None
    load: Load
    extra: Extra | None = None

    @property
    def source(self) -> str:
        """The code of the plug-in that it is from, as hex digits; '' for Earmark's own."""
        return source_of(self.load)

    def open(self, checkpoint: Path | None = None, device: str = "cpu") -> "Opened":
        """Find the weights, without loading them yet; ``checkpoint`` is a path the user gave.

        Raises:
            UserError: if they or the package are missing; the line says how to get them.
        """
        # Before the weights: nobody should fetch gigabytes for a package that cannot be had.
        if lacking := self.extra.missing() if self.extra else "":
            raise UserError(f"embedding {self.name!r} {lacking}")
        if self.weights is None:
            if checkpoint is not None:
                raise UserError(f"embedding {self.name!r} has no weights; leave {checkpoint} out")
            return Opened(self, None, "", device)
        path = self.weights(checkpoint)
        try:
            return Opened(self, path, path_sha256(path), device)
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from None


@dataclass(frozen=True)
class Opened:
    """An embedding with its weights at hand; ``sha256`` is theirs, '' where it has none."""

    embedding: Embedding
    path: Path | None
    sha256: str
    device: str

    @property
    def revision(self) -> str:
        """What of the embedding decides its vectors: 64 hex digits."""
        one = self.embedding
        code = [one.source] if one.source else []
        device = self.device.split(":")[0]
        return content_key(one.name, one.version, one.sample_rate, self.sha256, device, *code)

    def loaded(self) -> Embed:
        """What embeds; loaded once a process while no other is asked for.

        Raises:
            UserError: if the weights are damaged, or of another architecture.
        """
        key = self.revision + self.device
        if key not in _LOADED:
            _LOADED.clear()
            _LOADED[key] = self.embedding.load(self.path or Path(), torch.device(self.device))
        return _LOADED[key]


_LOADED: dict[str, Embed] = {}
# A user's plug-in adds to it with ``@embedding``, as the built-in modules do when imported.
EMBEDDINGS: Registry[Embedding] = Registry(
    Sort("embedding", "embeddings"),
    (".musicnn_vgg", ".vggish", ".packaged", ".mert", ".audiobox"),
    __package__,
)


def embedding(
    name: str,
    *,
    sample_rate: int,
    seconds: float,
    highest_hz: float,
    weights: Callable[[Path | None], Path] | None,
    version: int = 1,
    extra: Extra | None = None,
) -> Callable[[Load], Load]:
    """Register the function below as the loader of embedding ``name``.

    Raises:
        UserError: if the name is taken.
    """

    def register(load: Load) -> Load:
        summary = " ".join((load.__doc__ or "").split("\n\n")[0].split())
        entry = Embedding(
            name, version, sample_rate, seconds, highest_hz, summary, weights, load, extra
        )
        EMBEDDINGS.add(name, entry, load.__module__)
        return load

    return register


def embeddings() -> Mapping[str, Embedding]:
    """Every embedding, the built-in ones loaded."""
    return EMBEDDINGS


def named(name: str) -> Embedding:
    """The embedding of this name.

    Raises:
        UserError: if there is none.
    """
    return EMBEDDINGS.named(name)


def checkpoint_folder() -> Path:
    """Where downloaded checkpoints lie: ``$EARMARK_CHECKPOINTS``, or ``~/.cache/earmark``."""
    return Path(os.environ.get("EARMARK_CHECKPOINTS") or Path.home() / ".cache" / "earmark")
