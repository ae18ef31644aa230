"""What the record of a run says of the songs: their layout, audio not used, training songs."""

from collections.abc import Mapping
from typing import Any

from ..benchmark.file import Benchmark
from ..songs.training_songs import training_songs


def song_record(benchmark: Benchmark) -> Mapping[str, Any]:
    """Facts of the songs for the record of a run, ready for JSON.

    Songs that a run leaves out for their errors are compared with the trainings too.
    """
    return {
        "songs": {"layout": benchmark.layout, "audio files not used": len(benchmark.unused)},
        "training songs": training_songs(benchmark.systems, benchmark.songs).as_json(),
    }
