"""Takes audio from a program: NumPy arrays and tensors, checked and brought to the house's form.

That form is ``torch.float32``, ``(channels, samples)``, full scale 1.0. A vector is one channel.
Integers are divided by the full scale of their type, as a WAV file's are; floats stay as they are.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import UserError

MOST_CHANNELS = 6
# Of integers: the middle, and the distance from it that is 1.0. WAV's 8 bits have no sign.
_FULL_SCALE: dict[torch.dtype, tuple[int, int]] = {
    torch.uint8: (128, 2**7),
    torch.int8: (0, 2**7),
    torch.int16: (0, 2**15),
    torch.int32: (0, 2**31),
}
# 60 dB over full scale is no level; it is what 16-bit samples look like as floats.
_LARGEST = 1000.0

AudioArray = np.ndarray[Any, Any] | Tensor


def audio_tensor(audio: AudioArray, name: str = "audio") -> Tensor:
    """The array as float32 ``(channels, samples)`` on the CPU; ``name`` begins each message.

    Raises:
        UserError: for what is no audio: another type or number of axes, swapped axes, no samples,
            NaN or infinite values, integers without a full scale, floats that were never scaled.
    """
    found = _tensor(audio, name)
    if found.ndim == 1:
        found = found.unsqueeze(0)
    _check_shape(found, name)
    found = _scaled(found, name)
    bad = ~torch.isfinite(found)
    if bad.any():
        channel, sample = (int(index) for index in bad.nonzero()[0])
        raise UserError(
            f"{name}: {int(bad.sum())} of {found.numel()} samples are NaN or infinite (the first "
            f"is sample {sample} of channel {channel}); replace them, or mend what made them"
        )
    peak = float(found.abs().max())
    if peak > _LARGEST:
        raise UserError(
            f"{name}: the peak is {peak:g} where full scale is 1.0; divide by the full scale of "
            "your samples (32768 for 16 bits)"
        )
    return found.to(torch.float32).contiguous()


def whole_rate(sample_rate: float | None, name: str = "audio") -> int:
    """The sample rate of an array, in Hz.

    Raises:
        UserError: if there is none, or it is no positive whole number.
    """
    if sample_rate is None:
        raise UserError(f"{name}: an array does not say its sample rate; give sample_rate, in Hz")
    if isinstance(sample_rate, bool) or not isinstance(sample_rate, int | float | np.number):
        raise UserError(f"{name}: sample_rate is {sample_rate!r}; give a whole number of Hz")
    rate = float(sample_rate)
    if not math.isfinite(rate) or rate < 1 or rate != int(rate):
        raise UserError(f"{name}: sample_rate is {rate:g}; give a whole number of Hz, as 44100")
    return int(rate)


def _tensor(audio: Any, name: str) -> Tensor:
    if isinstance(audio, Tensor):
        found = audio.detach()
    elif isinstance(audio, np.ndarray):
        try:
            # A copy: a view of reversed samples is no tensor, and nobody's array may change.
            found = torch.from_numpy(np.array(audio, order="C"))
        except TypeError:
            raise UserError(
                f"{name}: an array of {audio.dtype} is not audio; give float32 or float64, full "
                "scale 1.0, or integers of 8, 16 or 32 bits"
            ) from None
    else:
        raise UserError(
            f"{name}: {type(audio).__name__} is not audio; give a NumPy array or a tensor, "
            "(channels, samples), or the path of a file"
        )
    return found.to("cpu")


def _check_shape(found: Tensor, name: str) -> None:
    shape = tuple(found.shape)
    if found.ndim == 3 and shape[0] == 1:
        raise UserError(f"{name}: {shape} is a batch of one; give its item: audio[0]")
    if found.ndim != 2:
        raise UserError(
            f"{name}: {shape} has {found.ndim} axes; give (channels, samples), or a vector for mono"
        )
    channels, samples = shape
    if channels == 0 or samples == 0:
        raise UserError(f"{name}: {shape} holds no samples")
    if channels > samples:
        raise UserError(
            f"{name}: {shape} looks like (samples, channels); Earmark takes (channels, samples): "
            "give audio.T"
        )
    if channels > MOST_CHANNELS:
        raise UserError(
            f"{name}: {shape} has {channels} channels; up to {MOST_CHANNELS} (5.1) are taken"
        )


def _scaled(found: Tensor, name: str) -> Tensor:
    if found.is_floating_point():
        return found
    if found.dtype not in _FULL_SCALE:
        kind = str(found.dtype).removeprefix("torch.")
        raise UserError(
            f"{name}: {kind} samples have no full scale; give float32 or float64, full scale 1.0, "
            "or integers of 8, 16 or 32 bits"
        )
    middle, full = _FULL_SCALE[found.dtype]
    return (found.double() - middle) / full
