"""Systems whose audio is made elsewhere: finished masters, the human reference, any command."""

import datetime
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from pydantic import Field, field_validator
from torch import Tensor

from ..audio.alignment import delay_samples
from ..audio.files import (
    FIRST_SUFFIXES,
    fit_length,
    match_channels,
    read,
    readable,
    resample,
    write,
)
from ..configuration import YamlPath
from ..content_key import path_sha256
from ..errors import OutputError, UserError
from .command_identity import code_behind, command_files, named_files, unknown_identity
from .command_trace import files_now, seen, tracer, watched
from .contract import READ, Material, NoOptions, Options, Spec, System, kind

# Below this normalised correlation a measured delay says nothing, and nothing is moved.
_TRUSTED_CORRELATION = 0.3


@dataclass(frozen=True)
class Finished:
    """Audio that is already there when the runner asks for it, and what is worth noting of it."""

    audio: Tensor
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Reference:
    spec: Spec

    def prepare(self, material: Material, controls: Mapping[str, float]) -> Finished:
        if material.reference is None:
            raise UserError(f"song {material.label}: has no reference master")
        return Finished(material.reference)

    def render(self, block: Tensor, state: Finished) -> Tensor:
        return state.audio

    def notes(self, state: Finished) -> Mapping[str, Any]:
        return state.notes


@kind("reference", NoOptions, uses_reference=True, role="reference")
def reference(options: NoOptions) -> System:
    """The human master of each song, as a row of its own."""
    return _Reference(
        Spec("reference", "reference", uses_reference=True, role="reference", deterministic=True)
    )


class ImportedOptions(Options):
    """Where finished masters lie and where they come from."""

    folder: YamlPath
    align: bool = True
    vendor: str = ""
    date: str = ""
    preset: str = ""

    @field_validator("vendor", "date", "preset", mode="before")
    @classmethod
    def _in_words(cls, value: Any) -> Any:
        # YAML reads 2026-11-02 as a date and 3 as a number; here both are labels.
        return str(value) if isinstance(value, datetime.date | int | float) else value

    @field_validator("folder")
    @classmethod
    def _exists(cls, folder: Path) -> Path:
        if not folder.is_dir():
            raise ValueError("no such folder")
        return folder


@dataclass(frozen=True)
class _Imported:
    options: ImportedOptions
    spec: Spec

    def prepare(self, material: Material, controls: Mapping[str, float]) -> Finished:
        path = _find(self.options.folder, material.label)
        audio, rate = read(path)
        audio = match_channels(
            resample(audio, rate, material.sample_rate), material.audio.shape[-2]
        )
        samples = material.audio.shape[-1]
        delay = 0
        notes: dict[str, Any] = {"file": path.name}
        if self.options.align:
            heard = fit_length(audio[..., material.start :], samples)
            found = delay_samples(heard, material.audio, material.sample_rate, max_seconds=1.0)
            if abs(found.correlation) >= _TRUSTED_CORRELATION:
                delay = round(found.samples)
                notes["delay_samples_removed"] = delay
                if found.inverted:
                    notes["warning"] = "polarity is inverted against the mix"
            else:
                notes["warning"] = (
                    f"not aligned: correlation with the mix is only {found.correlation:.2f}"
                )
        if rate != material.sample_rate:
            notes["resampled_from_hz"] = rate
        first = material.start + delay
        padded = torch.nn.functional.pad(audio, (max(-first, 0), 0))
        cut = padded[..., max(first, 0) :]
        if cut.shape[-1] < samples - round(0.05 * material.sample_rate):
            short = (samples - cut.shape[-1]) / material.sample_rate
            raise UserError(
                f"{path}: ends {short:.2f} s before the excerpt does; import the whole master"
            )
        return Finished(fit_length(cut, samples), notes)

    def render(self, block: Tensor, state: Finished) -> Tensor:
        return state.audio

    def notes(self, state: Finished) -> Mapping[str, Any]:
        return state.notes


@kind("imported", ImportedOptions)
def imported(options: ImportedOptions) -> System:
    """A folder of finished masters, one file per song id: a service, an engineer, another tool."""
    return _Imported(options, Spec("imported", "imported"))


class CommandOptions(Options):
    """A command line with ``{input}``, ``{output}`` and, where it needs one, ``{reference}``.

    ``version`` stands for the program in the identity of its renders; without it the bytes of
    the program do, of every file that the command names, and of the code behind them
    (:mod:`.command_identity`). ``files`` are files and folders that count beside them. ``cwd`` is
    where it runs, ``trace`` whether the files that it reads are watched, where that is possible.
    """

    run: str
    timeout: float = Field(default=600, gt=0)
    version: str = ""
    environment: dict[str, str] = Field(default_factory=dict)
    fit: bool = False
    files: tuple[YamlPath, ...] = ()
    trace: bool = True
    cwd: YamlPath = Field(default=Path(), validate_default=True)

    @field_validator("run")
    @classmethod
    def _complete(cls, run: str) -> str:
        try:
            words = shlex.split(run)
        except ValueError as error:
            raise ValueError(f"quotes do not match ({error})") from None
        for place in ("{input}", "{output}"):
            if not any(place in word for word in words):
                raise ValueError(f"the command must contain {place}")
        return run

    @field_validator("files")
    @classmethod
    def _there(cls, files: tuple[Path, ...]) -> tuple[Path, ...]:
        for path in files:
            if not path.exists():
                raise ValueError(f"{path}: no such file or folder")
        return files


@dataclass(frozen=True)
class _Command:
    options: CommandOptions
    spec: Spec

    def prepare(self, material: Material, controls: Mapping[str, float]) -> Finished:
        with tempfile.TemporaryDirectory(prefix="earmark-") as name:
            folder = Path(name)
            source, target = folder / "input.wav", folder / "output.wav"
            write(source, material.audio, material.sample_rate)
            words = {"{input}": str(source), "{output}": str(target)}
            if self.spec.uses_reference:
                if material.reference is None:
                    raise UserError(
                        f"song {material.label}: has no reference, which the command "
                        f"{self.options.run!r} asks for"
                    )
                words["{reference}"] = str(folder / "reference.wav")
                write(folder / "reference.wav", material.reference, material.sample_rate)
            log = self._call(words, folder / "watched")
            finished = self._finished(target, material, log)
            return replace(finished, notes={**finished.notes, **self._seen(folder)})

    def render(self, block: Tensor, state: Finished) -> Tensor:
        return state.audio

    def notes(self, state: Finished) -> Mapping[str, Any]:
        return state.notes

    @property
    def _watched(self) -> bool:
        # What the user declares to be the program is not looked behind.
        return self.options.trace and not self.options.version and bool(tracer())

    def _seen(self, folder: Path) -> dict[str, Any]:
        if not self._watched:
            return {}
        found = seen(folder / "watched", self.options.cwd, folder)
        return {READ: dict(found.files)} | ({"used_network": True} if found.network else {})

    def _call(self, words: Mapping[str, str], log: Path) -> str:
        arguments = shlex.split(self.options.run)
        for place, value in words.items():
            arguments = [word.replace(place, value) for word in arguments]
        label = f"command {self.options.run!r}"
        try:
            process = subprocess.Popen(
                watched(arguments, log) if self._watched else arguments,
                cwd=self.options.cwd,
                env={**os.environ, **self.options.environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise UserError(f"{label}: cannot be started ({error.strerror})") from None
        try:
            output, _ = process.communicate(timeout=self.options.timeout)
        except BaseException as error:
            # The command's own children would live on: its whole process group ends.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise UserError(
                    f"{label}: still running after {self.options.timeout:g} s and was ended; "
                    "raise its timeout or mend the command"
                ) from None
            raise
        text = output.decode(errors="replace").strip()
        if process.returncode != 0:
            raise UserError(
                f"{label}: failed with exit status {process.returncode}"
                + (f" ({_last_line(text)})" if text else "")
            )
        return text

    def _finished(self, target: Path, material: Material, log: str) -> Finished:
        label = f"command {self.options.run!r}"
        if not target.is_file():
            raise UserError(
                f"{label}: ended well but wrote no {{output}}"
                + (f" (it said: {_last_line(log)})" if log else "")
            )
        try:
            audio, rate = read(target)
        except UserError as error:
            reason = str(error).split(": ", 1)[-1]
            raise UserError(f"{label}: its output cannot be read: {reason}") from None
        notes: dict[str, Any] = {}
        if rate != material.sample_rate:
            notes["resampled_from_hz"] = rate
            audio = resample(audio, rate, material.sample_rate)
        audio = match_channels(audio, material.audio.shape[-2])
        samples = material.audio.shape[-1]
        if audio.shape[-1] != samples:
            if not self.options.fit:
                raise OutputError(
                    f"{label}: wrote {audio.shape[-1]} samples for {samples}; keep the length, "
                    "or set 'fit: true' to cut or pad its end"
                )
            notes["samples_written"] = audio.shape[-1]
            audio = fit_length(audio, samples)
        return Finished(audio, notes)


def _command_identity(options: CommandOptions) -> Any:
    # Neither the time limit nor the folder changes the audio.
    program = options.version or [path_sha256(path) for path in named_files(options)]
    # Only where there is some: commands that are one file keep their renders of earlier versions.
    behind = [code] if (code := code_behind(options)) else []
    return [options.run, program, options.environment, options.fit, *behind]


@kind(
    "command",
    CommandOptions,
    uses_reference=lambda options: "{reference}" in options.run,
    identity=_command_identity,
    files=command_files,
    unknown=unknown_identity,
    reads=lambda options, files: files_now(files, options.cwd),
)
def command(options: CommandOptions) -> System:
    """Any program that reads one audio file and writes another, in a process of its own."""
    program = shlex.split(options.run)[0]
    path = options.environment.get("PATH")
    if not shutil.which(program, path=path) and not shutil.which(str(options.cwd / program)):
        raise UserError(
            f"command {options.run!r}: cannot be started (no program {program!r}); install it, or "
            "give its path"
        )
    uses = "{reference}" in options.run
    return _Command(options, Spec("command", "command", uses_reference=uses))


def _find(folder: Path, label: str) -> Path:
    found = sorted(
        path
        for path in readable(folder.iterdir())
        if unicodedata.normalize("NFC", path.stem) == label
    )
    if not found:
        raise UserError(
            f"{folder}: holds no master of song {label!r}; name the file {label}.wav "
            f"(or {', '.join(FIRST_SUFFIXES[1:])})"
        )
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise UserError(f"{folder}: more than one master of song {label!r} ({names}); keep one")
    return found[0]


def _last_line(text: str) -> str:
    line = text.splitlines()[-1].strip()
    return line if len(line) <= 200 else line[:197] + "..."
