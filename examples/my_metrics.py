"""A metric of your own; a benchmark file names this file under ``plugins``."""

from torch import Tensor

from earmark.evaluation.metrics import metric


@metric(unit="FS", better="lower", version=1)
def worst_offset(audio: Tensor, sample_rate: int) -> Tensor:
    """The largest mean of a channel: ``(batch, channels, samples)`` to ``(batch,)``."""
    return audio.mean(dim=-1).abs().amax(dim=-1)
