"""Makes a checkpoint folder of other people's weights; of unsafe pickles on the user's word."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import UserError
from .folders import (
    CheckpointOptions,
    TrainingCard,
    built_network,
    description_of,
    load_checkpoint,
    save_checkpoint,
)

_WORKER = Path(__file__).with_name("trusted_worker.py")
_SECONDS = 600


def import_weights(options: CheckpointOptions, folder: Path) -> Path:
    """Write the network that ``options`` describe as a checkpoint folder, and load it again.

    Raises:
        UserError: if the weights do not fit, or the folder is there already or cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder}: is not empty; import into a new folder")
    about = description_of(options)
    system = built_network(options)
    described = about.model_copy(update={"system": system.card})
    if system.origin is not None:
        # Sizes that the shapes of the weights told, and not the user.
        found = system.origin
        sizes = dict(found.hyperparameters)
        described = described.model_copy(
            update={"architecture": found.architecture, "hyperparameters": sizes}
        )
    origin = f"imported from {options.path.name}" if options.path is not None else "imported"
    save_checkpoint(folder, system.network, described, TrainingCard(step=0, songs=origin))
    try:
        load_checkpoint(folder)
    except UserError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


@contextlib.contextmanager
def unpickled_on_trust(path: Path) -> Iterator[Path]:
    """A file with the plain content of a pickle whose code was run, in a process of its own.

    Raises:
        UserError: if it cannot be unpickled, or does not end.
    """
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        plain = Path(name) / f"{path.stem}.pt"
        process = subprocess.Popen(
            [sys.executable, str(_WORKER), str(path.absolute()), str(plain)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            _, said = process.communicate(timeout=_SECONDS)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise UserError(f"{path}: its code still runs after {_SECONDS} s") from None
            raise
        if process.returncode != 0 or not plain.is_file():
            lines = said.strip().splitlines() or [f"exit status {process.returncode}"]
            raise UserError(
                f"{path}: cannot be unpickled ({lines[-1][:300]}); run this in the folder of the "
                "code that it was saved by"
            )
        yield plain
