"""What a device does in a second: scores, renders, embeddings, steps of training. One command.

Run with ``python benchmarks/gpu.py [--device auto]``; it takes less than eight minutes and prints
tables for docs/benchmarks.md. All audio is SIMULATED. On a CPU the same is run with less of it.

The limit of the suite is computed from the bytes that its transforms cannot help moving: each frame
of the spectral distances is read, its spectrum written and read again, for the audio as it is and
aligned; the reference is done once per batch. Bytes over the speed of a plain copy, measured in
this run, are the least time. *Share* is the time over that limit.
"""

import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import torch
from metrics import processor, simulated
from torch import Tensor

from earmark import models
from earmark.evaluation.metrics import Analysis, measure_batch, select
from earmark.evaluation.metrics.spectrum import PRESETS
from earmark.models.checkpoints.folders import load_checkpoint
from earmark.models.embeddings import named
from earmark.models.errors import UserError
from earmark.models.rendering.devices import exact_float32, resolve_device
from earmark.models.rendering.runner import run
from earmark.models.systems.contract import Material

RATE = 44100
SHIPPED = Path(next(iter(models.__path__))) / "weights"


@click.command()
@click.option("--device", default="auto", show_default=True)
@click.option("--rounds", default=3, show_default=True, help="Times that each is timed.")
def main(device: str, rounds: int) -> None:
    """Print the tables of one device."""
    place = resolve_device(device)
    gpu = place.type == "cuda"
    name = torch.cuda.get_device_name(place) if gpu else processor()
    threads = "" if gpu else f", {torch.get_num_threads()} thread(s), fewer and shorter sounds"
    click.echo(f"{name}{threads}, torch {torch.__version__}, Python {platform.python_version()}\n")
    lines = [
        *suite(place, rounds, 30.0 if gpu else 10.0, (1, 8, 64) if gpu else (1, 4)),
        "",
        *renders(place, rounds, 30.0 if gpu else 4.0),
        "",
        *training(place, rounds, 16 if gpu else 2),
        *embedding(place, rounds, 60.0 if gpu else 15.0),
    ]
    for line in lines:
        click.echo(line)


def suite(
    place: torch.device, rounds: int, seconds: float, sizes: tuple[int, ...]
) -> Iterator[str]:
    """All default metrics of stereo pairs, raw and aligned, by size of the batch."""
    speed = copy_speed(place)
    yield f"| suite, {seconds:g} s stereo pairs | ms a pair | pairs a second | limit, ms | share |"
    yield "|---|---|---|---|---|"
    target = simulated(0, seconds)
    metrics = select("default")
    for size in sizes:
        batch = torch.stack([(1 + n / size) * target for n in range(size)])
        batch += 0.05 * simulated(1, seconds)
        audio, reference = batch.to(place), target.to(place)

        def measured(audio: Tensor = audio, reference: Tensor = reference) -> None:
            measure_batch(Analysis(audio, RATE), metrics, Analysis(reference, RATE))

        took = shortest(measured, place, rounds) / size
        least = moved_bytes(target.shape[1], size) / size / speed
        yield (
            f"| batch {size} | {1000 * took:.1f} | {1 / took:.1f} | {1000 * least:.2f} "
            f"| {took / least:.1f} |"
        )
    yield ""
    yield f"A plain copy moves {speed / 1e9:.0f} GB a second."


def moved_bytes(samples: int, items: int) -> float:
    """What the transforms of the two presets must read and write for a batch and its reference."""
    total = 0.0
    for preset in PRESETS.values():
        for one in preset:
            frame = 4 * one.window + 2 * 8 * one.bins
            total += 2 * one.frames(samples) * frame
    return total * (2 * items + 1)


def copy_speed(place: torch.device) -> float:
    """Bytes read and written a second by a copy that no cache holds."""
    source = torch.zeros(1 << 28 if place.type == "cuda" else 1 << 26, device=place)
    room = torch.empty_like(source)
    return 2 * source.nbytes / shortest(lambda: room.copy_(source), place, 5)


def renders(place: torch.device, rounds: int, seconds: float) -> Iterator[str]:
    """Every network that ships, over a song of its kind."""
    yield f"| render of {seconds:g} s | ms | × real time |"
    yield "|---|---|---|"
    for folder in sorted(one for one in SHIPPED.iterdir() if one.is_dir()):
        try:
            system = load_checkpoint(folder)
            song = material(system.spec.input, seconds, uses_reference=system.spec.uses_reference)

            def rendered(system: object = system, song: Material = song) -> None:
                run(system, song, device=str(place))  # type: ignore[arg-type]

            took = shortest(rendered, place, min(rounds, 2))
            yield f"| {folder.name} | {1000 * took:.0f} | {seconds / took:.1f} |"
        except UserError as error:
            yield f"| {folder.name} | not measured: {error} | |"


def material(kind: str, seconds: float, *, uses_reference: bool) -> Material:
    """A song of that input: a mix, or six stems."""
    audio = simulated(3, seconds)
    if kind == "stems":
        audio = torch.stack([simulated(seed, seconds) / 6 for seed in range(6)])
    names = ("vocals", "bass", "drums", "guitar", "keys", "other") if kind == "stems" else ()
    reference = simulated(4, seconds) if uses_reference else None
    return Material(audio, RATE, reference, "simulated", stems=names)


def training(place: torch.device, rounds: int, batch: int) -> Iterator[str]:
    """Steps of Adam on the TCN that ships, a batch of crops of 1.5 s, mean absolute error."""
    system = load_checkpoint(SHIPPED / "tcn")
    network = system.network.to(place).train()
    channels = system.spec.channels or 2
    generator = torch.Generator().manual_seed(0)
    audio = 0.1 * torch.randn(batch, channels, 65536, generator=generator)
    audio = audio.to(place)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)

    def step() -> None:
        optimizer.zero_grad()
        found: Tensor = network(audio, None)
        target = audio[..., -found.shape[-1] :]
        (found - target).abs().mean().backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    took = shortest(step, place, rounds)
    yield f"Training of `tcn`, {batch} crops of 65,536 samples: {1 / took:.2f} steps a second."


def embedding(place: torch.device, rounds: int, seconds: float) -> Iterator[str]:
    """Audio at 16 kHz through the VGG of musicnn."""
    try:
        embed = named("msd_vgg").open(None, str(place)).loaded()
    except UserError as error:
        yield f"Embedding: not measured: {error}"
        return
    audio = torch.randn(round(seconds * 16_000), generator=torch.Generator().manual_seed(0)) / 10
    took = shortest(lambda: embed(audio), place, rounds)
    yield f"Embedding by `msd_vgg`: {seconds / took:.0f} × real time."


def shortest(task: Callable[[], object], place: torch.device, rounds: int) -> float:
    """The shortest time in s, after one try; of all threads or of the device."""
    best = float("inf")
    # With one thread, what other work on the machine takes does not count.
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    for turn in range(rounds + 1):
        if place.type == "cuda":
            torch.cuda.synchronize(place)
        began = clock()
        with exact_float32():
            task()
        if place.type == "cuda":
            torch.cuda.synchronize(place)
        if turn:
            best = min(best, clock() - began)
    return best


if __name__ == "__main__":
    main()
