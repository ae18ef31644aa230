"""What it cost to make a render: values from the render's record, not from its audio."""

from collections.abc import Mapping

from .registry import metric

Record = Mapping[str, float | None]


@metric(unit="× length", better="lower", needs="render", default=True)
def rtf(record: Record) -> float | None:
    """Real-time factor: seconds of processing for each second of audio."""
    return record.get("rtf")


@metric(unit="MiB", better="lower", needs="render", default=True)
def peak_memory_mb(record: Record) -> float | None:
    """The most memory that the process, or the GPU, held while it rendered."""
    return record.get("peak_memory_mb")


@metric(better="lower", needs="render", default=True)
def parameters(record: Record) -> float | None:
    """Trained parameters of the system; 0 where nothing was trained."""
    return record.get("parameters")
