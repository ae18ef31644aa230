"""Judges levels: gain, what comes out of silence, true peak, constant offset, dropped channels."""

import math

import torch
from torch import Tensor

from ...models.audio.loudness import true_peak_dbtp
from .contract import Health, Probe
from .timing import Heard, channel_name

_WITHIN_DB, _GONE_DBFS = 30.0, -60.0
_STILL_DBFS, _EDGE_DBFS, _LOUD_DBFS = -70.0, -60.0, -40.0
_CEILING_DBTP, _TOLERANCE_DB = -1.0, 0.05
_HOT_DBFS = 12.0
_DROPPED_DB = -60.0
# An offset of a render: inaudible, but it costs headroom and clicks where the song is cut.
_OFFSET_DBFS = -60.0


def dbfs(value: float) -> float:
    """An amplitude in dB of full scale; -200 for nothing."""
    return 20 * math.log10(max(value, 1e-10))


def rms_dbfs(audio: Tensor) -> float:
    """The RMS of all channels together in dBFS."""
    return dbfs(float(audio.double().square().mean().sqrt()))


def gain_probe(heard: tuple[Heard, ...]) -> Probe:
    """Output RMS over input RMS at each level; the middle one stands for the system."""
    gains = [rms_dbfs(one.output) - rms_dbfs(one.given) for one in heard]
    middle = gains[len(gains) // 2]
    levels = [rms_dbfs(one.output) for one in heard]
    each = ", ".join(
        f"{gain:+.1f} dB at {rms_dbfs(one.given):.0f} dBFS"
        for gain, one in zip(gains, heard, strict=True)
    )
    limit = f"within {_WITHIN_DB:g} dB; output under {_GONE_DBFS:g} dBFS fails"
    verdict, note = Health.PASS, each
    if any(abs(gain) > _WITHIN_DB for gain in gains):
        verdict = Health.WARN
        note = f"{each}: more than {_WITHIN_DB:g} dB, as where integers are taken for floats"
    # The softest input may fall below by the gain that is allowed.
    if any(level < _GONE_DBFS and rms_dbfs(one.given) > -30 for level, one in
           zip(levels, heard, strict=True)):  # fmt: skip
        verdict, note = Health.FAIL, f"{each}: next to nothing comes out"
    elif len(gains) > 1 and gains[0] - gains[-1] > (rms_dbfs(heard[-1].given)
                                                    - rms_dbfs(heard[0].given)) - 3:  # fmt: skip
        note = f"{each}: the output is as loud whatever comes in, it normalises"
    return Probe("gain", verdict, middle, "dB", limit, heard[0].signal, note)


def silence_probe(output: Tensor, signal: str) -> Probe:
    """What the middle of the output holds where nothing went in: a constant, or noise."""
    middle = _middle(output).double()
    offsets = [dbfs(float(one.mean().abs())) for one in middle]
    levels = [dbfs(float(one.square().mean().sqrt())) for one in middle]
    worst = max(range(len(levels)), key=lambda at: levels[at])
    value = levels[worst]
    where = f", {channel_name(worst, len(levels))} channel" if len(levels) > 1 else ""
    what = "constant" if offsets[worst] > value - 1 else "noise of"
    limit = f"under {_STILL_DBFS:g} dBFS; above {_LOUD_DBFS:g} fails"
    verdict = Health.PASS
    if value >= _STILL_DBFS:
        verdict = Health.WARN if value <= _LOUD_DBFS else Health.FAIL
    note = (
        "silent"
        if verdict is Health.PASS
        else f"{what} {value:.1f} dBFS on silence{where}; pauses hum or click where they are cut"
    )
    return Probe("silence", verdict, max(value, -200.0), "dBFS", limit, signal, note)


def edges_probe(output: Tensor, signal: str) -> Probe:
    """The peak in the first and last tenth of the output of silence."""
    tenth = max(output.shape[-1] // 10, 1)
    value = dbfs(float(torch.cat([output[:, :tenth], output[:, -tenth:]], dim=-1).abs().max()))
    limit = f"under {_EDGE_DBFS:g} dBFS; above {_LOUD_DBFS:g} fails"
    verdict = Health.PASS
    if value >= _EDGE_DBFS:
        verdict = Health.WARN if value <= _LOUD_DBFS else Health.FAIL
    note = (
        "no click at the ends"
        if verdict is Health.PASS
        else f"peaks at {value:.1f} dBFS where a silent song begins or ends: a click"
    )
    return Probe("silence_edges", verdict, value, "dBFS", limit, signal, note)


def true_peak_probe(heard: Heard, ceiling: float | None) -> Probe:
    """The true peak of the output; ``ceiling`` is what the system says that it keeps, in dBTP."""
    value = float(true_peak_dbtp(heard.output, heard.rate))
    limit = f"at most {_CEILING_DBTP:g} dBTP"
    if not math.isfinite(value):
        return Probe("true_peak", Health.NOT_RUN, None, "dBTP", limit, heard.signal, "silent")
    verdict, note = Health.PASS, f"true peak {value:+.1f} dBTP"
    if value > _CEILING_DBTP + _TOLERANCE_DB:
        verdict = Health.WARN
        over = "; files of integers clip" if value > 0 else ""
        note = f"{note}{over}"
    if ceiling is not None and value > max(ceiling, 0.0) + _TOLERANCE_DB:
        verdict, note = Health.FAIL, f"{note}, over its own ceiling of {ceiling:g} dBTP"
    return Probe("true_peak", verdict, value, "dBTP", limit, heard.signal, note)


def hot_probe(output: Tensor, signal: str) -> Probe:
    """What an input far above full scale makes; NaN and infinity were refused by the runner."""
    value = dbfs(float(output.abs().max()))
    limit = f"finite, peak at most {_HOT_DBFS:+g} dBFS"
    verdict = Health.PASS if value <= _HOT_DBFS else Health.WARN
    said = "holds" if verdict is Health.PASS else "grows beyond measure"
    note = f"an input that peaks at +6 dBFS {said}: the output peaks at {value:+.1f} dBFS"
    return Probe("hot_input", verdict, value, "dBFS", limit, signal, note)


def dropped_probe(heard: Heard) -> Probe:
    """Whether every channel of the input has one in the output that sounds."""
    limit = f"no channel {-_DROPPED_DB:g} dB below its input"
    given, output = heard.given, heard.output
    if output.shape[0] < given.shape[0]:
        note = f"{given.shape[0]} channels in, {output.shape[0]} out: the stereo image is lost"
        return Probe("channels", Health.FAIL, float(output.shape[0]), "channels", limit,
                     heard.signal, note)  # fmt: skip
    falls = [
        rms_dbfs(output[index]) - rms_dbfs(given[index])
        for index in range(given.shape[0])
        if rms_dbfs(given[index]) > -90
    ]
    if not falls:
        return Probe("channels", Health.NOT_RUN, None, "dB", limit, heard.signal, "input is silent")
    value = min(falls)
    if value < _DROPPED_DB:
        names = [
            channel_name(index, given.shape[0])
            for index in range(given.shape[0])
            if rms_dbfs(output[index]) - rms_dbfs(given[index]) < _DROPPED_DB
            and rms_dbfs(given[index]) > -90
        ]
        note = f"the {' and '.join(names)} channel of the output is empty"
        return Probe("channels", Health.FAIL, value, "dB", limit, heard.signal, note)
    return Probe("channels", Health.PASS, value, "dB", limit, heard.signal, "all channels sound")


def offset_probe(heard: Heard) -> Probe:
    """The constant that the output has and its input, at the output's level, has not."""
    scale = 10 ** ((rms_dbfs(heard.output) - rms_dbfs(heard.given)) / 20)
    means = heard.output.double().mean(dim=-1)
    own = heard.given.double().mean(dim=-1) * scale
    own = own if own.shape == means.shape else own.mean()
    offsets = [dbfs(float(value)) for value in (means - own).abs()]
    worst = max(range(len(offsets)), key=lambda at: offsets[at])
    value = offsets[worst]
    limit = f"under {_OFFSET_DBFS:g} dBFS; above {_LOUD_DBFS:g} fails"
    verdict = Health.PASS
    if value >= _OFFSET_DBFS:
        verdict = Health.WARN if value <= _LOUD_DBFS else Health.FAIL
    where = f", {channel_name(worst, len(offsets))} channel" if len(offsets) > 1 else ""
    note = "no offset" if verdict is Health.PASS else f"constant offset {value:.1f} dBFS{where}"
    return Probe("offset", verdict, value, "dBFS", limit, heard.signal, note)


def _middle(audio: Tensor) -> Tensor:
    quarter = audio.shape[-1] // 4
    return audio[:, quarter : audio.shape[-1] - quarter]
