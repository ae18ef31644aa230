"""Parts that several network families share: FiLM conditioning and its MLP, cutting out a centre.

FiLM is that of E. Perez et al., "FiLM: visual reasoning with a general conditioning layer" (AAAI
2018): a scale and a shift per channel.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class FiLM(nn.Module):
    """``scale * audio + shift`` per channel, of an embedding or, without one, learned constants."""

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.conditioned = embedding > 0
        if self.conditioned:
            self.to_scale = nn.Linear(embedding, width)
            self.to_shift = nn.Linear(embedding, width)
        else:
            self.scale = nn.Parameter(torch.ones(width))
            self.shift = nn.Parameter(torch.zeros(width))

    def forward(
        self, audio: Tensor, embedding: Tensor | None, shifting: Tensor | None = None
    ) -> Tensor:
        """``(batch, width, samples)``; ``shifting`` is an embedding of its own for the shift."""
        if self.conditioned:
            scale = self.to_scale(embedding)
            shift = self.to_shift(embedding if shifting is None else shifting)
        else:
            scale, shift = self.scale.expand(1, -1), self.shift.expand(1, -1)
        out: Tensor = audio * scale.unsqueeze(-1) + shift.unsqueeze(-1)
        return out


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers with ReLU between them; none where there is nothing to take in."""
    layers: list[nn.Module] = []
    if sizes[0]:
        for index, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            layers += [nn.ReLU()] if index else []
            layers.append(nn.Linear(inputs, outputs))
    return nn.Sequential(*layers)


def centre(audio: Tensor, samples: int) -> Tensor:
    """The middle ``samples`` of the last dimension."""
    start = (audio.shape[-1] - samples) // 2
    return audio[..., start : start + samples]
