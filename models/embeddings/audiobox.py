"""Audiobox Aesthetics (Tjandra et al. 2025) through its own package, which is an extra.

The embedding is what its head for *production quality* reads: 768 numbers for each ten seconds, the
layers of WavLM weighted and averaged over time. Input: 16 kHz mono.
"""

import importlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..audio.files import torchaudio
from ..errors import UserError
from ..rendering.devices import exact_float32
from .registry import Download, Embed, Extra, embedding

SAMPLE_RATE = 16_000
_EXTRA = Extra("audiobox-aesthetics", "audiobox_aesthetics", "audiobox")
_SECONDS = 10.0
_HEAD = "PQ"
_DOWNLOAD = Download(
    "audiobox-aesthetics.pt", "https://dl.fbaipublicfiles.com/audiobox-aesthetics/checkpoint.pt"
)


@embedding(
    "audiobox",
    sample_rate=SAMPLE_RATE,
    seconds=_SECONDS,
    highest_hz=SAMPLE_RATE / 2,
    weights=_DOWNLOAD.find,
    extra=_EXTRA,
)
def load_audiobox(weights: Path, device: torch.device) -> Embed:
    """Audiobox Aesthetics, input of its head for production quality; 768 numbers per 10 s."""
    model = _model(weights, device)
    samples = round(_SECONDS * SAMPLE_RATE)
    read: list[Tensor] = []
    model.proj_layer[_HEAD].register_forward_pre_hook(lambda _, given: read.append(given[0]))

    def embed(audio: Tensor) -> Tensor:
        windows = [window for window in torch.split(audio, samples) if len(window) == samples]
        read.clear()
        with torch.inference_mode(), exact_float32():
            for window in windows:
                mask = torch.ones(1, 1, samples, dtype=torch.bool, device=device)
                model({"wav": window[None, None].to(device), "mask": mask})
        rows = [one.float().cpu() for one in read]
        return torch.cat(rows) if rows else torch.zeros(0, 1)

    return embed


def _model(weights: Path, device: torch.device) -> Any:
    torchaudio()  # the package imports it, which may need our way of loading it
    try:
        infer = importlib.import_module("audiobox_aesthetics.infer")
    except ImportError as error:
        raise UserError(f"embedding 'audiobox' {_EXTRA.needs(str(error))}") from None
    try:
        return infer.initialize_predictor(ckpt=str(weights)).model.to(device).eval()
    except Exception as error:
        # torch, pickle and the package raise anything for a file that is not theirs.
        words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UserError(
            f"{weights}: not a checkpoint that audiobox-aesthetics can load ({words}); download "
            f"{_DOWNLOAD.url} again"
        ) from None
