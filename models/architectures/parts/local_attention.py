"""The residual branches of Demucs: dilated convolutions, with an LSTM and attention where asked.

A. Défossez, "Hybrid spectrogram and waveform source separation" (ISMIR workshop MDX, 2021),
section 3. Modules are numbered as in the state dicts of the original.
"""

import torch
from torch import Tensor, nn

_HEADS = 4
_LSTM_LAYERS = 2
# The LSTM of a branch reads windows of so many steps, half overlapped.
_STEPS = 200


class BranchLSTM(nn.Module):
    """A two-way LSTM and a Linear over time; ``windowed``: in windows, added to its input."""

    def __init__(self, width: int, layers: int, *, windowed: bool) -> None:
        super().__init__()
        self.windowed = windowed
        self.lstm = nn.LSTM(width, width, layers, bidirectional=True)
        self.linear = nn.Linear(2 * width, width)

    def forward(self, audio: Tensor) -> Tensor:
        """``(batch, width, steps)`` in and out."""
        if not self.windowed:
            return self._over(audio)
        if audio.shape[-1] <= _STEPS:
            return audio + self._over(audio)
        hop, quarter = _STEPS // 2, _STEPS // 4
        batch, width, steps = audio.shape
        count = -(-steps // hop)
        padded = nn.functional.pad(audio, (0, (count - 1) * hop + _STEPS - steps))
        windows = padded.unfold(-1, _STEPS, hop).transpose(1, 2)
        seen = self._over(windows.reshape(batch * count, width, _STEPS))
        seen = seen.reshape(batch, count, width, _STEPS)
        # Each window gives its middle half, the first and the last also their outer quarter.
        parts = [
            seen[:, n, :, quarter if n else 0 : None if n == count - 1 else -quarter]
            for n in range(count)
        ]
        return audio + torch.cat(parts, dim=-1)[..., :steps]

    def _over(self, audio: Tensor) -> Tensor:
        hidden, _ = self.lstm(audio.permute(2, 0, 1))
        out: Tensor = self.linear(hidden).permute(1, 2, 0)
        return out


class DecayingAttention(nn.Module):
    """Attention over time that decays with distance, as fast as each step asks; no step hears
    itself. Added to the input.
    """

    def __init__(self, width: int, decays: int) -> None:
        super().__init__()
        self.decays = decays
        self.content, self.query, self.key = (nn.Conv1d(width, width, 1) for _ in range(3))
        self.query_decay = nn.Conv1d(width, _HEADS * decays, 1)
        self.proj = nn.Conv1d(width, width, 1)

    def forward(self, audio: Tensor) -> Tensor:
        """``(batch, width, steps)`` in and out."""
        batch, width, steps = audio.shape
        shape = (batch, _HEADS, -1, steps)
        key, query = self.key(audio).view(shape), self.query(audio).view(shape)
        score = torch.einsum("bhck,bhcq->bhkq", key, query) / key.shape[2] ** 0.5
        place = torch.arange(steps, device=audio.device, dtype=audio.dtype)
        away = (place[:, None] - place).abs()
        speeds = torch.arange(1, self.decays + 1, device=audio.device, dtype=audio.dtype)
        asked = self.query_decay(audio).view(shape).sigmoid() / 2
        speed = torch.einsum("d,bhdq->bhq", speeds, asked) / self.decays**0.5
        score = score - away * speed[:, :, None]
        itself = torch.eye(steps, dtype=torch.bool, device=audio.device)
        weight = score.masked_fill(itself, -100.0).softmax(dim=2)
        content = self.content(audio).view(shape)
        heard = torch.einsum("bhkq,bhck->bhcq", weight, content).reshape(batch, width, steps)
        out: Tensor = audio + self.proj(heard)
        return out


class _Scale(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((width,), 1e-4))

    def forward(self, audio: Tensor) -> Tensor:
        return audio * self.scale[:, None]


class ResidualBranches(nn.Module):
    """``depth`` branches, each added to its input; ``(batch, width, steps)`` in and out."""

    def __init__(self, width: int, hidden: int, depth: int, *, lstm: bool, decays: int) -> None:
        super().__init__()
        branches = []
        for index in range(depth):
            dilation = 2**index
            layers: list[nn.Module] = [
                nn.Conv1d(width, hidden, 3, dilation=dilation, padding=dilation),
                nn.GroupNorm(1, hidden),
                nn.GELU(),
            ]
            layers += [BranchLSTM(hidden, _LSTM_LAYERS, windowed=True)] if lstm else []
            layers += [DecayingAttention(hidden, decays)] if decays else []
            layers += [
                nn.Conv1d(hidden, 2 * width, 1),
                nn.GroupNorm(1, 2 * width),
                nn.GLU(1),
                _Scale(width),
            ]
            branches.append(nn.Sequential(*layers))
        self.layers = nn.ModuleList(branches)

    def forward(self, audio: Tensor) -> Tensor:
        """See the class."""
        for layer in self.layers:
            audio = audio + layer(audio)
        return audio
