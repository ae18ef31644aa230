"""Networks for the tests: small ones with every weight at random, published ones on no device."""

from typing import Any

import torch
from torch import Tensor

from earmark.models.architectures import Network, architecture, build_network
from earmark.models.checkpoints.network_system import ControlCard, NetworkSystem, SystemCard
from earmark.models.rendering.runner import CHUNK, run
from earmark.models.systems.contract import Material, Spec

RATE = 44_100


def small(name: str, seed: int = 0, **sizes: Any) -> Network:
    """A network in evaluation mode, moved away from its initialisation."""
    torch.manual_seed(seed)
    network, _ = build_network(name, sizes)
    with torch.no_grad():
        for key, value in network.named_parameters():
            step = 0.05 * torch.randn_like(value)
            # A TCN's residual gain is held below 1, where it begins and beyond which it is deaf.
            value.add_(-step.abs() if key.endswith(".gain") else step)
        for key, buffer in network.named_buffers():
            if "running_var" in key:
                buffer.copy_(torch.rand_like(buffer) + 0.5)
            elif "running_mean" in key:
                buffer.copy_(0.1 * torch.randn_like(buffer))
    return network.eval()


def published(name: str, **sizes: Any) -> Network:
    """A network of any size, its weights counted but not held."""
    family = architecture(name)
    with torch.device("meta"):
        return family.build(family.hyperparameters.model_validate(sizes))


def count(network: Network) -> int:
    """Trainable numbers."""
    return sum(weight.numel() for weight in network.parameters())


def noise(*shape: int, seed: int = 0, level: float = 0.1) -> Tensor:
    """Seeded noise."""
    return level * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def as_system(network: Network, rate: int = RATE) -> NetworkSystem:
    """The network as the runner takes it."""
    knobs = {
        f"knob {n}": ControlCard(minimum=0, maximum=1, default=0.7) for n in range(network.controls)
    }
    card = SystemCard(sample_rate=network.sample_rate or rate, controls=knobs)
    return NetworkSystem(network, card, Spec("network", "test"))


def rendered(network: Network, audio: Tensor, chunk: int = CHUNK, batch: int = 1) -> Tensor:
    """What the runner makes of a song with the network."""
    system = as_system(network)
    song = Material(audio, system.spec.sample_rate or RATE, label="song")
    return run(system, song, chunk=chunk, batch=batch).audio
