"""Makes the data that a training file's ``songs:`` section describes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..audio.files import read
from ..checkpoints.network_system import input_gain
from ..effects.channel_strip import check_settings, knobs_of
from ..errors import UserError
from .items import DataRequest, Dataset
from .pairs import INPUTS, TARGETS, files_of_song, folder_dataset, named_dataset, pair_dataset
from .processed import (
    Process,
    ProcessedDataset,
    degradation,
    filter_process,
    strip_process,
    value_range,
)
from .section import DemoSongs, TrainingSongs
from .stems import songs_with_stems, stems_dataset
from .tracks import audio_below, demo_folders, demo_summary, opened, split


@dataclass(frozen=True)
class SongPlace:
    """Where demo songs are kept, the seed of the split, and who hears how many songs are made."""

    scratch: Path
    seed: int = 0
    told: Callable[[int, int], None] = lambda done, total: None


def check(section: TrainingSongs, request: DataRequest) -> None:
    """Refuse a section that cannot serve a network, before any audio is read.

    Raises:
        UserError: naming what the network wants and what the section gives.
    """
    source = section.source
    if request.stems and source != "stems":
        raise UserError(f"the network mixes stems and songs.{source} has none; give songs.stems")
    if source == "stems" and not request.stems:
        raise UserError("songs.stems is for networks that mix, and this one takes a mix")
    if request.input_lufs is not None and source in ("filters", "strip", "pairs"):
        raise UserError(
            f"system.input_lufs must be null with songs.{source}: the network learns what an "
            "effect does at the level that it is given"
        )
    if section.filters is not None:
        highest = max(value_range(section.filters.frequency_hz))
        if highest >= request.sample_rate / 2:
            raise UserError(
                f"songs.filters.frequency_hz: a filter at {highest:g} Hz does not exist at "
                f"{request.sample_rate} Hz; choose less than {request.sample_rate / 2:g}"
            )
    given: list[str] = []
    if section.strip is not None:
        given = list(knobs_of(section.strip.effects))
    elif section.pairs is not None:
        given = list(section.pairs.controls)
    missing = [name for name in request.controls if name not in given]
    if missing:
        raise UserError(
            f"songs.{source} gives no value for control {missing[0]!r}; it has "
            f"{', '.join(given) or 'no controls, so set controls to 0'}"
        )
    if section.strip is not None:
        for name, values in request.controls.items():
            for value in values:
                check_settings({name: value}, section.strip.effects)


def collect(section: TrainingSongs, request: DataRequest, place: SongPlace) -> Dataset:
    """The data of a section; demo songs are made where they are missing.

    Raises:
        UserError: if there are too few songs, or one cannot be used.
    """
    check(section, request)
    if section.demo is not None:
        parts = _demo(section.demo, request, place)
        files = tuple([files_of_song(song) for song in part] for part in parts)
        return pair_dataset((files[0], files[1]), request, demo_summary(section.demo))
    if section.folder is not None:
        return folder_dataset(section.folder, section.validation, request, place.seed)
    if section.pairs is not None:
        found = section.pairs.path, section.pairs.controls
        return named_dataset(found, section.validation, request, place.seed)
    if section.stems is not None:
        stems = section.stems
        if stems.demo is not None:
            parts, said = _demo(stems.demo, request, place), demo_summary(stems.demo)
        else:
            folder = stems.folder or Path()
            parts = songs_with_stems(folder, place.seed, section.validation)
            said = _counted(parts, "songs with stems")
        about = f"{said}; stems to {stems.target}", stems.scatter_db
        return stems_dataset(parts, stems.target, request, about)
    return _processed(section, request, place)


def _processed(section: TrainingSongs, request: DataRequest, place: SongPlace) -> ProcessedDataset:
    process, kind, about = _process(section, request)
    where = section.filters or section.strip or section.degraded
    demo, folder = (where.demo, where.folder) if where else (None, None)
    if demo is not None:
        parts = _demo(demo, request, place)
        paths = [[song / f"{kind}.wav" for song in part] for part in parts]
        said = demo_summary(demo)
    else:
        songs = _by_song(folder or Path())
        found = split(list(songs), str, place.seed, section.validation)
        paths = [[path for song in part for path in songs[song]] for part in found]
        said = _counted(paths, "tracks")
    tracks = [tuple(opened(path) for path in part) for part in paths]
    gains = {
        str(track.path): _gain(track.path, request.input_lufs) for part in tracks for track in part
    }
    return ProcessedDataset(tracks[0], tracks[1], process, request, f"{said}; {about}", gains)


def _by_song(folder: Path) -> dict[str, list[Path]]:
    """The audio files below a folder, by song, so that a song is on one side of the split.

    A file is a song of its own, but for the layouts ``SONG/mix.wav``, ``SONG/stems/*`` and
    ``mix/SONG.wav``, whose files belong together.

    Raises:
        UserError: if there are fewer than two songs.
    """
    parts, songs = (*INPUTS, *TARGETS), dict[str, list[Path]]()
    for path in audio_below(folder):
        if path.parent.name.lower() == "stems":
            song = path.parent.parent
        elif path.stem.lower() in parts:
            song = path.parent
        elif path.parent.name.lower() in parts and path.parent != folder:
            song = path.parent.parent / path.stem
        else:
            song = path
        songs.setdefault(song.relative_to(folder).as_posix(), []).append(path)
    if len(songs) < 2:
        raise UserError(
            f"{folder}: its audio is of one song; at least 2 are needed, one of them to validate on"
        )
    return songs


def _process(section: TrainingSongs, request: DataRequest) -> tuple[Process, str, str]:
    """The effect, which file of a demo song it is put on, and what a card says of it."""
    if section.filters is not None:
        kinds = ", ".join(section.filters.kinds)
        return filter_process(section.filters), "mix", f"one filter each ({kinds})"
    if section.strip is not None:
        order = "random order" if section.strip.order == "random" else "this order"
        effects = ", ".join(section.strip.effects)
        return strip_process(section.strip, request), "mix", f"through {effects}, in {order}"
    if section.degraded is not None:
        return degradation(section.degraded), "reference", "made worse on the fly"
    raise UserError("songs: nothing to train on")


def _demo(demo: DemoSongs, request: DataRequest, place: SongPlace) -> tuple[list[Path], list[Path]]:
    return demo_folders(demo, place.scratch, request.sample_rate, place.told)


def _counted(parts: Sequence[Sequence[Path]], what: str) -> str:
    return f"{len(parts[0])} {what}, validated on {len(parts[1])} others"


def _gain(path: Path, input_lufs: float | None) -> float:
    if input_lufs is None:
        return 1.0
    audio, rate = read(path)
    return input_gain(audio, rate, input_lufs)[0]
