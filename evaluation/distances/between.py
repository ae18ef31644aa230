"""The distance between two sets of masters, named as a user names them: folders or systems."""

from pathlib import Path

from ...models.embeddings import named
from ...models.errors import UserError
from ...models.plugins import load_entry_points
from ...models.rendering.devices import resolve_device
from ..results.store import Store
from .compare import ReferenceSet, compare
from .embedding_cache import EmbeddingCache
from .result import Distances, Wanted
from .song_sets import ClipSet, check_bandwidth, chosen_channels, embed_set, folder_set, system_set


def fad(
    first: Path | str,
    second: Path | str,
    *,
    embedding: str = "msd_vgg",
    channels: str = "lrms",
    seed: int = 0,
    per_song: bool = False,
    infinity: bool = False,
    kad: bool = False,
    checkpoint: Path | str | None = None,
    results: Path | str = "results",
    benchmark: str | None = None,
    device: str = "auto",
) -> Distances:
    """Fréchet audio distance of a set of masters from another.

    Args:
        first: the reference set: a folder of audio files, or a system of a benchmark.
        second: the evaluated set.
        embedding: what makes vectors of audio (``docs/fad.md``).
        channels: letters of left, right, mid and side.
        seed: of the subsets and halves drawn.
        per_song: also each evaluated song against the whole reference.
        infinity: also FAD-inf, with the bias of small sets taken off.
        kad: also the kernel audio distance.
        checkpoint: weights of the embedding, where it has none of its own.
        results: whose systems are meant, and where embeddings are kept.
        benchmark: which one there; the latest by default.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        UserError: if a set or the embedding cannot be used.
    """
    load_entry_points()
    if seed < 0:
        raise UserError(f"seed {seed}: give a whole number, 0 or more")
    wanted = Wanted(chosen_channels(channels), per_song, infinity, kad, seed)
    weights = None if checkpoint is None else Path(checkpoint)
    opened = named(embedding).open(weights, str(resolve_device(device)))
    sets = [clip_set(str(one), Path(results), benchmark) for one in (first, second)]
    check_bandwidth(sets, opened.embedding)
    cache = EmbeddingCache(Path(results), opened)
    real, made = (embed_set(cache, one, wanted.channels) for one in sets)
    return compare(ReferenceSet(cache, real), made, wanted)


def clip_set(argument: str, results: Path, benchmark: str | None) -> ClipSet:
    """A folder of audio, or the renders of a system where a benchmark has one of that name.

    Raises:
        UserError: if it is neither.
    """
    folder = Path(argument)
    if benchmark is None and argument and folder.is_dir():
        return folder_set(folder)
    if not (results / "results.sqlite").is_file():
        raise UserError(
            f"{argument}: no such folder, and {results} holds no benchmark whose system it could "
            "be; give a folder of audio files"
        )
    with Store(results, create=False) as store:
        known = store.benchmarks()
        if benchmark is not None and benchmark not in known:
            raise UserError(
                f"--benchmark {benchmark!r}: not in {results}; choose from {', '.join(known)}"
            )
        name = benchmark or (known[0] if known else "")
        names = store.rows("SELECT name FROM system WHERE benchmark = ?", (name,))
        if argument and folder.is_dir() and argument not in {row["name"] for row in names}:
            return folder_set(folder)
        return system_set(store, name, argument)
