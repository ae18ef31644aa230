"""What linear prediction leaves of audio: near nothing of tones, all of what comes unannounced.

Each stretch is predicted from the samples before it with coefficients of its own surroundings
(autocorrelation method, Hann window). A click stands far above what is left around it, also where
the music itself is much louder.
"""

import torch
from torch import Tensor

ORDER = 32
_HOP_SECONDS = 0.023
# Noise of about 20 bits, so that silence has a prediction.
_FLOOR = 2.0**-40


def residual(audio: Tensor, sample_rate: int) -> Tensor:
    """The prediction error of each sample, ``(..., samples)`` to the same shape in float32.

    0 in the first :data:`ORDER` samples, which have too little before them.
    """
    samples = audio.shape[-1]
    if samples == 0:
        return audio.float()
    hop = max(2 * ORDER, round(_HOP_SECONDS * sample_rate))
    blocks = -(-samples // hop)
    rows = audio.reshape(-1, samples).float()
    # Half a hop on either side of each block says how it is predicted; ORDER samples before it.
    padded = torch.nn.functional.pad(rows, (hop, blocks * hop - samples + hop))
    left = []
    for row in padded:
        around = row[hop // 2 :].unfold(0, 2 * hop, hop)[:blocks]
        taps = _coefficients(around)
        heard = row[hop - ORDER :].unfold(0, hop + ORDER, hop)[:blocks]
        left.append(_filtered(heard, taps)[:, ORDER:].reshape(-1)[:samples])
    made = torch.stack(left)
    made[:, :ORDER] = 0
    return made.reshape(audio.shape)


def _coefficients(blocks: Tensor) -> Tensor:
    """The error filter of each block, ``(blocks, samples)`` to ``(blocks, ORDER + 1)``."""
    window = torch.hann_window(blocks.shape[-1], dtype=torch.float64, device=blocks.device)
    size = blocks.shape[-1] + ORDER
    spectrum = torch.fft.rfft(blocks.double() * window, size)
    power = spectrum.real.square() + spectrum.imag.square()
    lags = torch.fft.irfft(power, size)[:, : ORDER + 1]
    lags[:, 0] = lags[:, 0] * (1 + 1e-9) + _FLOOR * blocks.shape[-1]
    order = torch.arange(ORDER, device=blocks.device)
    matrix = lags[:, (order[:, None] - order).abs()]
    found = torch.linalg.solve(matrix, lags[:, 1:])
    return torch.cat([torch.ones_like(found[:, :1]), -found], dim=1)


def _filtered(blocks: Tensor, taps: Tensor) -> Tensor:
    """Each block by its own filter; the first ORDER results are wrapped round and meaningless."""
    size = blocks.shape[-1]
    size += size % 2
    spectrum = torch.fft.rfft(blocks, size) * torch.fft.rfft(taps.float(), size)
    made: Tensor = torch.fft.irfft(spectrum, size)
    return made[:, : blocks.shape[-1]]
