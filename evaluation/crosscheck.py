"""Audio by us and by others: loudness against pyloudnorm, distances against auraloss.

Every value that both have is computed by both on the user's own file, at the file's own rate. The
known reasons for a difference, with how much each explains, stand with the comparison.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from ..models.audio.files import read
from ..models.audio.library_losses import LibraryLoss, Parameter, shortest_samples
from ..models.errors import UserError
from .measure import Reference, brought_to, check_lengths
from .metrics import REASONS, Analysis, Measurement, measure, select
from .metrics.pairing import raw_pair
from .metrics.spectrum import PRESETS
from .second_opinion import Closeness, Library, Measured, Opinion, opinion

_MOST_CHANNELS = 6

# Integrated loudness, by filters with the standard's coefficients at any rate.
_SAME_FILTER = Closeness(
    0.005,
    0.2,
    "pyloudnorm counts a last block that is not whole, and cuts blocks at rounded samples; the "
    "recommendation leaves such a block out",
)
_OTHER_CHANNELS = Closeness(
    0.005,
    10.0,
    "pyloudnorm takes four channels as L R C Ls, five as L R C Ls Rs; here four are L R Ls Rs",
)
_OWN_FILTER = Closeness(
    0.005,
    0.5,
    "pyloudnorm's default filters are not those of the recommendation: at 44.1 kHz it reads about "
    "0.05 dB low, and more or less with the spectrum and the rate",
)
_RANGE = (
    "pyloudnorm appends 1.5 s of silence, which weighs in short files, moves its window by 90 ms "
    "instead of 100 ms, and interpolates the percentiles that Tech 3342 takes by nearest rank"
)
# Seconds up to which so many LU are explained: the silence is first a tenth of all windows, at
# which the lower percentile lies, then part of the way to it, then little.
_RANGE_KNOWN = ((20.0, 20.0), (60.0, 6.0), (math.inf, 2.0))
_EPSILON = (
    "auraloss adds 1e-8 to the energies, which counts where the reference is quiet or the error "
    "small, and sums in float32"
)
_SPECTRA = Closeness(1e-4, 0.01, "auraloss sums in float32, ours in float64", relative=True)
_HALVED = Closeness(
    1e-4,
    0.01,
    "auraloss halves the sum of the distances of L + R and L - R; ours is twice theirs",
    relative=True,
    factor=2.0,
)
_MEANS = Closeness(
    0.01,
    20.0,
    "auraloss removes the mean of each channel first, unless told otherwise: the audio has an "
    "offset",
)
_WEIGHTING = Closeness(
    0.01,
    20.0,
    "auraloss's A-weighting is a FIR filter of 101 taps, 31 dB off the curve of IEC 61672 at 20 Hz "
    "and 24 dB at 20 kHz",
)
_MADE_BY_EPSILON = "; the library's number is what its eps makes of that"


@dataclass(frozen=True)
class _Heard:
    """A file with, where one was given, its reference cut to the same length."""

    name: str
    audio: Tensor
    sample_rate: int
    reference: Tensor | None


@dataclass(frozen=True)
class _Comparison:
    """One of our metrics beside what a library gives; ``theirs`` returns None with no reason."""

    metric: str
    source: Library
    theirs: Callable[[_Heard], float]
    closeness: Callable[[_Heard], Closeness]
    compares: bool = False
    parameters: dict[str, bool] = field(default_factory=dict)


def crosscheck_file(path: Path, reference: Reference | None = None) -> list[Opinion]:
    """Every value of one file that a library has too.

    Raises:
        UserError: if the file cannot be read, has too many channels, or is of another length than
            the reference.
    """
    audio, rate = read(path)
    channels, samples = audio.shape
    if channels > _MOST_CHANNELS:
        raise UserError(f"{path}: {channels} channels; up to {_MOST_CHANNELS} (5.1) are measured")
    analysis, other = Analysis(audio, rate), None
    if reference is not None:
        check_lengths(str(path), samples / rate, str(reference.path), reference.seconds)
        other = reference.beside(rate)
        if other.channels != channels:
            raise UserError(
                f"{path}: {channels} channels, its reference {reference.path} {other.channels}; "
                "only the same number compares"
            )
    return list(_opinions(path.name, analysis, other))


def _opinions(name: str, analysis: Analysis, other: Analysis | None) -> Iterator[Opinion]:
    alone = _Heard(name, analysis.audio, analysis.sample_rate, None)
    compared, both = analysis, alone
    if other is not None:
        compared = brought_to(analysis, other)
        pair = raw_pair(compared, other)
        both = _Heard(name, pair.analysis.audio, other.sample_rate, pair.reference.audio)
    for one in _COMPARISONS:
        if one.compares and other is None:
            continue
        entry = {"name": one.metric, **one.parameters} if one.parameters else one.metric
        item, heard = (compared, both) if one.compares else (analysis, alone)
        yield _compared(one, measure(item, select([entry]), other)[0], heard)


def _compared(one: _Comparison, ours: Measurement, heard: _Heard) -> Opinion:
    why_none = ""
    theirs: float | None = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = one.theirs(heard)
    except (ValueError, UserError) as error:
        why_none = f"{one.source.package}: {' '.join(str(error).split())}"
    if ours.value is None:
        made = theirs is not None and math.isfinite(theirs)
        why_none = f"ours: {REASONS.get(ours.reason, ours.reason)}"
        why_none += _MADE_BY_EPSILON if made else ""
    elif theirs is not None and not why_none:
        why_none = f"{one.source.package} gives {theirs}"
    said = ", ".join(f"{key} {str(value).lower()}" for key, value in one.parameters.items())
    value = Measured(heard.name, f"{one.metric} ({said})" if said else one.metric, ours.unit)
    return opinion(value, ours.value, theirs, one.source, one.closeness(heard), why_none)


def _integrated(heard: _Heard, audio: Tensor, filters: str) -> float:
    import pyloudnorm

    meter = pyloudnorm.Meter(heard.sample_rate, filter_class=filters)
    return float(meter.integrated_loudness(audio[0].T.double().numpy()))


def _range(heard: _Heard) -> float:
    import pyloudnorm

    meter = pyloudnorm.Meter(heard.sample_rate, filter_class="DeMan")
    return float(meter.loudness_range(heard.audio[0].T.double().numpy()))


def _loudness_error(heard: _Heard) -> float:
    render, reference = (
        _integrated(heard, one, "DeMan") for one in (heard.audio, _reference(heard))
    )
    return render - reference


def _loss(
    name: str,
    parameters: Mapping[str, Parameter] | None = None,
    sign: float = 1.0,
    *,
    pooled: bool = False,
) -> Callable[[_Heard], float]:
    """A loss of auraloss by name, with the sign that makes it our value.

    ``pooled`` lays the channels end to end: the library averages its ratios over channels, ours
    are of the energies of all.
    """
    loss = LibraryLoss(name, parameters=parameters or {})

    def value(heard: _Heard) -> float:
        if heard.audio.shape[-1] <= shortest_samples(name, loss.parameters):
            raise ValueError(f"half a transform is longer than {heard.audio.shape[-1]} samples")
        if name == "SumAndDifferenceSTFTLoss" and heard.audio.shape[1] != 2:
            raise ValueError(f"input must be stereo, not {heard.audio.shape[1]} channels")
        pair = (heard.audio, _reference(heard))
        one, other = (each.reshape(1, 1, -1) for each in pair) if pooled else pair
        return sign * loss(one, other, heard.sample_rate)[0].item()

    return value


def _weighted_error(heard: _Heard) -> float:
    from auraloss.perceptual import FIRFilter
    from auraloss.time import ESRLoss

    weighting = FIRFilter("aw", fs=heard.sample_rate)
    # The filter takes one channel; its coefficients are float32.
    pair = (one[0][:, None].float().contiguous() for one in (heard.audio, _reference(heard)))
    render, reference = weighting(*pair)
    ratio = ESRLoss()(render.reshape(1, 1, -1), reference.reshape(1, 1, -1))
    return float(10 * torch.log10(ratio))


def _reference(heard: _Heard) -> Tensor:
    if heard.reference is None:
        raise ValueError("there is no reference")
    return heard.reference


def _always(closeness: Closeness) -> Callable[[_Heard], Closeness]:
    return lambda _: closeness


def _of_loudness(heard: _Heard) -> Closeness:
    return _OTHER_CHANNELS if heard.audio.shape[1] > 3 else _SAME_FILTER


def _of_range(heard: _Heard) -> Closeness:
    seconds = heard.audio.shape[-1] / heard.sample_rate
    known = next(lu for longest, lu in _RANGE_KNOWN if seconds <= longest)
    return Closeness(0.01, known, _RANGE)


def _sizes(preset: str) -> dict[str, Parameter]:
    """A preset of ours as auraloss takes it."""
    steps = PRESETS[preset]
    return {
        "fft_sizes": tuple(one.fft for one in steps),
        "hop_sizes": tuple(one.hop for one in steps),
        "win_lengths": tuple(one.window for one in steps),
    }


def _meter(filters: str, call: str = "integrated_loudness") -> Library:
    return Library("pyloudnorm", f'Meter(rate, filter_class="{filters}").{call}')


_COMPARISONS = (
    _Comparison(
        "lufs_integrated",
        _meter("DeMan"),
        lambda heard: _integrated(heard, heard.audio, "DeMan"),
        _of_loudness,
    ),
    _Comparison(
        "lufs_integrated",
        _meter("K-weighting"),
        lambda heard: _integrated(heard, heard.audio, "K-weighting"),
        lambda heard: _OTHER_CHANNELS if heard.audio.shape[1] > 3 else _OWN_FILTER,
    ),
    _Comparison("lra", _meter("DeMan", "loudness_range"), _range, _of_range),
    _Comparison("lufs_error", _meter("DeMan"), _loudness_error, _of_loudness, compares=True),
    _Comparison(
        "esr",
        Library("auraloss", "time.ESRLoss()"),
        _loss("ESRLoss", pooled=True),
        _always(Closeness(1e-4, 1.0, _EPSILON, relative=True)),
        compares=True,
    ),
    _Comparison(
        "snr_db",
        Library("auraloss", "-time.SNRLoss(zero_mean=False)"),
        _loss("SNRLoss", {"zero_mean": False}, -1.0, pooled=True),
        _always(Closeness(0.01, 20.0, _EPSILON)),
        compares=True,
    ),
    _Comparison(
        "snr_db",
        Library("auraloss", "-time.SNRLoss()"),
        _loss("SNRLoss", sign=-1.0, pooled=True),
        _always(_MEANS),
        compares=True,
    ),
    _Comparison(
        "si_sdr_db",
        Library("auraloss", "-time.SISDRLoss(zero_mean=False)"),
        _loss("SISDRLoss", {"zero_mean": False}, -1.0, pooled=True),
        _always(Closeness(0.01, 20.0, _EPSILON)),
        compares=True,
    ),
    _Comparison(
        "si_sdr_db",
        Library("auraloss", "-time.SISDRLoss()"),
        _loss("SISDRLoss", sign=-1.0, pooled=True),
        _always(_MEANS),
        compares=True,
    ),
    _Comparison(
        "a_weighted_error_db",
        Library("auraloss", 'perceptual.FIRFilter("aw"), time.ESRLoss()'),
        _weighted_error,
        _always(_WEIGHTING),
        compares=True,
    ),
    _Comparison(
        "mrstft_auraloss",
        Library("auraloss", "freq.MultiResolutionSTFTLoss()"),
        _loss("MultiResolutionSTFTLoss"),
        _always(_SPECTRA),
        compares=True,
    ),
    _Comparison(
        "mrstft_music",
        Library("auraloss", "freq.MultiResolutionSTFTLoss(sizes of the preset)"),
        _loss("MultiResolutionSTFTLoss", _sizes("music")),
        _always(_SPECTRA),
        compares=True,
    ),
    _Comparison(
        "mrstft_sum_diff",
        Library("auraloss", "freq.SumAndDifferenceSTFTLoss(default sizes)"),
        _loss("SumAndDifferenceSTFTLoss"),
        _always(_HALVED),
        compares=True,
    ),
)
