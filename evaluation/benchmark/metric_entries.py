"""Tries the parameters that a benchmark file gives a metric, before any song is rendered.

A type is checked where the file is read; whether a value makes sense (an FFT of no samples, a band
above the Nyquist frequency) only the metric itself can say. So it is run once on noise.
"""

import torch

from ...models.embeddings import named
from ...models.errors import UserError
from ..distances.song_sets import chosen_channels
from ..metrics import Analysis, Metric, select

_SAMPLE_RATE = 44100
_SHORTEST_SECONDS = 1.0
_LEVEL = 0.1


def try_metric(metric: Metric) -> None:
    """Refuse parameters with which the metric does not work; those it came with are not tried.

    Raises:
        UserError: naming the parameters and what the metric said.
    """
    known = select(metric.name)[0].parameters
    changed = {name: value for name, value in metric.parameters.items() if value != known[name]}
    if not changed or metric.needs == "render":
        return
    said = ", ".join(f"{name} {_short(value)}" for name, value in changed.items())
    try:
        if metric.needs == "set":
            _check_set(metric)
        else:
            _run_on_noise(metric)
    except UserError as error:
        raise UserError(f"metric {metric.name!r} with {said}: {error}") from None
    except Exception as error:  # whatever a metric of the user raises is about its parameters
        reason = str(error) or type(error).__name__
        raise UserError(
            f"metric {metric.name!r} does not work with {said} ({reason.splitlines()[0]}); "
            f"its default is {', '.join(f'{name} {_short(known[name])}' for name in changed)}"
        ) from None


def _check_set(metric: Metric) -> None:
    """All but the checkpoint, which may be fetched later: until then its values say so."""
    chosen_channels(str(metric.parameters["channels"]))
    named(str(metric.parameters["embedding"]))
    if int(metric.parameters["seed"]) < 0:
        raise UserError("give a seed that is 0 or more")


def _run_on_noise(metric: Metric) -> None:
    seconds = max(_SHORTEST_SECONDS, 1.1 * metric.requires.seconds)
    generator = torch.Generator().manual_seed(0)
    shape = (1, metric.requires.channels or 2, int(seconds * _SAMPLE_RATE))
    heard, reference = (
        Analysis(_LEVEL * torch.randn(shape, generator=generator), _SAMPLE_RATE) for _ in range(2)
    )
    _, reasons = metric.evaluate(heard, reference if metric.needs == "reference" else None)
    if reasons[0]:
        raise ValueError("it has no value even for noise")


def _short(value: object) -> str:
    return repr(list(value) if isinstance(value, tuple) else value)
