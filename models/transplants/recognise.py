"""Whose weights these are: by their names, below whatever wrapper put a prefix before them.

A prefix is not what all names share, but what stands before names that fit a publisher completely:
losses, a discriminator or an average of the weights may lie beside the network.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from torch import Tensor

from .source import Publisher, Weights
from .sources import SOURCES

# What lies beside or inside a network and is none of it: buffers of losses, counters of averages.
_BESIDE = re.compile(
    r"(l1|mae|mse|esr|dc|stft|mrstft|sisdr|recon_losses|\w*loss(es|_fn)?|\w*criterion\w*"
    r"|\w*discriminators?|\w*metrics?|n_averaged|initted|step)(\.|$)"
)
_COUNTER = "num_batches_tracked"
# Tried by name before any other, where several fit: what our own training code writes.
_USUAL = ("", "module.", "model.", "network.", "net.", "_orig_mod.")


@dataclass(frozen=True)
class Match:
    """Weights that fit: those below ``prefix``, and the names that are no part of the network."""

    prefix: str
    weights: dict[str, Tensor]
    beside: tuple[str, ...]


def matches(source: Publisher, weights: Weights) -> list[Match]:
    """Where the weights of a file are those of ``source``; several where it holds averages too."""
    known = re.compile(source.known)

    def fits(names: Collection[str]) -> bool:
        return all(known.fullmatch(name) for name in names) and all(
            any(re.search(mark, name) for name in names) for mark in source.marks
        )

    return [one for one in parts(weights) if fits(one.weights)]


def fitting(weights: Weights, wanted: Collection[str]) -> list[Match]:
    """Where the weights of a file have just the names ``wanted``; counters may be missing."""
    needed = {name for name in wanted if not name.endswith(_COUNTER)}
    return [one for one in parts(weights) if needed <= one.weights.keys() <= set(wanted)]


def owners(weights: Weights) -> list[tuple[Publisher, Match]]:
    """The sources whose weights these are."""
    return [(source, match) for source in SOURCES for match in matches(source, weights)]


def nearest_source(weights: Weights) -> tuple[Publisher, int, str] | None:
    """The source that most names fit, how many, and one that does not; None where no mark fits."""
    best: tuple[int, Publisher, str] | None = None
    for source in SOURCES:
        known = re.compile(source.known)
        for part in parts(weights):
            marked = any(re.search(m, name) for m in source.marks for name in part.weights)
            fit = [name for name in part.weights if known.fullmatch(name)]
            other = next((name for name in part.weights if name not in fit), "")
            if marked and 2 * len(fit) > len(part.weights) and (not best or len(fit) > best[0]):
                best = len(fit), source, other
    return None if best is None else (best[1], best[0], best[2])


def parts(weights: Weights) -> Iterable[Match]:
    """The weights below each prefix that some name has."""
    prefixes = {""}
    for name in weights:
        words = name.split(".")
        prefixes |= {".".join(words[:depth]) + "." for depth in range(1, len(words))}
    for prefix in sorted(prefixes, key=lambda one: (one not in _USUAL, len(one), one)):
        inner, beside = {}, []
        for name, value in weights.items():
            bare = name.removeprefix(prefix)
            if name.startswith(prefix) and not _BESIDE.match(bare):
                inner[bare] = value
            else:
                beside.append(name)
        if inner:
            yield Match(prefix, inner, tuple(beside))
