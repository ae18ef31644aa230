"""What a run says of its songs: audio not used, songs of a training, songs that are gone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..benchmark.file import Benchmark
from ..results.store import Store
from ..songs.song import SongProblem
from ..songs.training_songs import training_songs


def song_record(benchmark: Benchmark, gone: Sequence[SongProblem]) -> Mapping[str, Any]:
    """Facts of the songs for the record of a run, ready for JSON; ``gone`` are missing ones.

    Songs that a run leaves out for their errors are compared with the trainings too.
    """
    return {
        "songs": {
            "layout": benchmark.layout,
            "audio files not used": len(benchmark.unused),
            "gone": [problem.song for problem in gone],
        },
        "training songs": training_songs(benchmark.systems, benchmark.songs).as_json(),
    }


def gone_songs(store: Store, benchmark: Benchmark) -> tuple[SongProblem, ...]:
    """A warning for each song that the last run had, this one has not, and whose file is gone.

    Songs that were taken out of the benchmark while their files stayed are not among them.
    """
    now = {song.id for song in benchmark.songs}
    found = []
    for row in store.rows(
        "SELECT id, mix_path, reference_path FROM song WHERE benchmark = ? ORDER BY position",
        (benchmark.name,),
    ):
        files = [Path(path) for path in (row["mix_path"], row["reference_path"]) if path]
        missing = [path for path in files if not path.exists()]
        if row["id"] in now or (files and not missing):
            continue
        message = f"song {row['id']!r} of the last run is gone"
        if missing:
            message = f"no such file; {message}. Put it back, or go on without this song"
        found.append(SongProblem(row["id"], missing[0] if missing else None, message, "warning"))
    return tuple(found)
