"""Checks songs before anything runs: every problem of every song, in one list.

Only headers and the excerpt are read, so the checks stay short however long the songs are. One
broken file never hides the problems of another.
"""

import hashlib
import os
from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ...models.audio.alignment import delay_samples
from ...models.audio.files import AudioInfo, info, read, resample
from ...models.errors import UserError
from .song import Excerpt, Severity, Song, SongProblem, Span, source, span

LENGTH_TOLERANCE_SECONDS = 0.05
SILENCE_PEAK = 1e-4  # -80 dBFS: under it lies no more than the dither of 16 bits
LOUD_PEAK = 16.0  # +24 dBFS: no mix is that hot, but integers written as floats are
OFFSET_RANGE_SECONDS = 1.0
_OFFSET_SECONDS = 20.0  # of the excerpt, are enough to measure an offset
_TRUSTED_CORRELATION = 0.3
_UNRELATED_CORRELATION = 0.05
_LOUDNESS_SECONDS = 0.4  # the gating block of BS.1770


def check_songs(songs: Iterable[Song], excerpt: Excerpt | None = None) -> list[SongProblem]:
    """Every problem of ``songs`` in the part that ``excerpt`` uses, in the order of the songs.

    Errors: nothing to read, a partner missing, a file that is missing, empty, damaged or not
    audio, samples that are not finite, silence, more than two channels, an excerpt that begins
    after the end, a reference that ends more than 50 ms before the excerpt. Warnings: lengths
    that differ by more than 50 ms outside the excerpt, rates that differ, a song shorter than
    the excerpt, a measured offset (in samples at the mix's rate) or opposite polarity between
    mix and reference, a song whose audio another song has already, and whatever is wrong with a
    stem of a song that has a mix.
    """
    songs = list(songs)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        found = list(pool.map(lambda song: _checked(song, excerpt), songs))
    twice = _twice(songs, [heard for _, heard in found])
    return [
        problem
        for song, (problems, _) in zip(songs, found, strict=True)
        for problem in (*problems, *twice.get(song.id, ()))
    ]


def usable(songs: Sequence[Song], problems: Iterable[SongProblem]) -> tuple[Song, ...]:
    """The songs without an error among ``problems``."""
    broken = {problem.song for problem in problems if problem.severity == "error"}
    return tuple(song for song in songs if song.id not in broken)


@dataclass
class _Heard:
    """What is in the part of a song that is used: the sha256 of its mix, or stems, and reference.

    None where nothing could be read.
    """

    mix: str | None = None
    reference: str | None = None


def _twice(songs: Sequence[Song], heard: Sequence[_Heard]) -> dict[str, list[SongProblem]]:
    """A warning for each song that is there already, by the audio that is used of it.

    Songs of one mix whose references were made with different controls, or by different effects,
    are different songs.
    """
    first: dict[Hashable, tuple[Song, _Heard]] = {}
    found: dict[str, list[SongProblem]] = {}
    for song, one in zip(songs, heard, strict=True):
        if one.mix is None:
            continue
        key = (one.mix, song.tags.get("effect"), *sorted(song.controls.items()))
        known, other = first.setdefault(key, (song, one))
        if known is not song:
            also = "mix" if one.reference != other.reference else "audio"
            message = f"holds the same {also} as song {known.id!r}; it counts twice, so remove one"
            found.setdefault(song.id, []).append(
                SongProblem(song.id, source(song), message, "warning")
            )
    return found


def _checked(song: Song, excerpt: Excerpt | None) -> tuple[list[SongProblem], _Heard]:
    check = _Check(song, excerpt)
    try:
        check.run()
    except UserError as error:
        check.add(None, str(error).removeprefix(f"song {song.id}: "), "error")
    files = [song.mix, song.reference, *song.stems]
    check.problems.sort(key=lambda one: files.index(one.path) if one.path in files else len(files))
    return [*song.faults, *check.problems], check.heard


class _Check:
    """The checks of one song; each adds what it finds."""

    def __init__(self, song: Song, excerpt: Excerpt | None) -> None:
        self.song = song
        self.excerpt = excerpt
        self.problems: list[SongProblem] = []
        self.heard = _Heard()

    def add(self, path: Path | None, message: str, severity: Severity) -> None:
        self.problems.append(SongProblem(self.song.id, path, message, severity))

    def run(self) -> None:
        song = self.song
        if song.mix is None and not song.stems:
            if not any(fault.severity == "error" for fault in song.faults):
                self.add(song.reference, "has no mix and no stems; add mix.wav", "error")
            if song.reference is not None:
                self._header(song.reference, "error")
            return
        of_stems: Severity = "error" if song.mix is None else "warning"
        stems = {path: self._header(path, of_stems) for path in song.stems}
        mix = None if song.mix is None else self._header(song.mix, "error")
        reference = None if song.reference is None else self._header(song.reference, "error")
        main = mix if song.mix is not None else stems[song.stems[0]]
        if main is None or (song.mix is None and None in stems.values()):
            if song.reference is not None and reference is not None:
                self._whole_reference(song.reference, reference)
            return
        part = self._span(main)
        if part is None:
            return
        if song.mix is not None and main.channels == 1:
            message = "is mono; systems get it as two equal channels, 3.01 LU louder by BS.1770"
            self.add(source(song), message, "warning")
        heard = self._mix(main, part)
        for path, head in stems.items():
            if head is not None:
                self._compare(path, head, main, part, severity="warning")
                if song.mix is not None:
                    self._audio(path, head, main, part, severity="warning")
        if song.reference is not None and reference is not None:
            self._compare(song.reference, reference, main, part, severity="error")
            master = self._audio(song.reference, reference, main, part, severity="error")
            if master is not None and not self._silent(song.reference, master):
                self.heard.reference = _digest(reference.sample_rate, master)
                self._offset(song.reference, heard, master, (main, reference))

    def _header(self, path: Path, severity: Severity) -> AudioInfo | None:
        try:
            head = info(path)
        except UserError as error:
            self.add(path, str(error).removeprefix(f"{path}: "), severity)
            return None
        if head.channels > 2:
            self.add(path, f"has {head.channels} channels; mix it to stereo first", severity)
            return None
        return head

    def _span(self, main: AudioInfo) -> Span | None:
        rate = main.sample_rate
        try:
            part = span(self.song, self.excerpt, rate)
        except UserError as error:
            path = source(self.song)
            self.add(path, str(error).removeprefix(f"{path}: "), "error")
            return None
        if part.short and self.excerpt is not None:
            message = (
                f"holds only {part.samples / rate:.2f} s of the excerpt's "
                f"{self.excerpt.seconds:g} s from {part.start / rate:.2f} s on; these are used"
            )
            self.add(source(self.song), message, "warning")
        if part.samples < _LOUDNESS_SECONDS * rate:
            message = f"only {part.samples / rate:.2f} s are used; loudness needs at least 0.4 s"
            self.add(source(self.song), message, "warning")
        return part

    def _mix(self, main: AudioInfo, part: Span) -> Tensor | None:
        """The excerpt of the mix at its own rate, None when there is nothing to hear in it."""
        if self.song.mix is not None:
            heard = self._audio(self.song.mix, main, main, part, severity="error")
            if heard is None or self._silent(self.song.mix, heard):
                return None
            self.heard.mix = _digest(main.sample_rate, heard)
            return heard
        loudest, stems = 0.0, hashlib.sha256()
        for path in self.song.stems:
            stem = self._audio(path, info(path), main, part, severity="error")
            if stem is None:
                return None
            loudest = max(loudest, float(stem.abs().max()) if stem.numel() else 0.0)
            stems.update(_digest(main.sample_rate, stem).encode())
        if loudest < SILENCE_PEAK:
            self.add(None, "all stems are silent in the excerpt", "error")
        else:
            self.heard.mix = stems.hexdigest()
        # The sum itself is compared with nothing here: stems are seldom of one rate and length.
        return None

    def _audio(
        self, path: Path, head: AudioInfo, main: AudioInfo, part: Span, *, severity: Severity
    ) -> Tensor | None:
        """A file's part of the excerpt at its own rate; None where it cannot be used."""
        scale = head.sample_rate / main.sample_rate
        try:
            audio, rate = read(path, round(part.start * scale), round(part.samples * scale))
        except UserError as error:
            self.add(path, str(error).removeprefix(f"{path}: "), severity)
            return None
        bad = 0
        if not bool(torch.isfinite(audio.sum(dtype=torch.float64))):
            bad = int((~torch.isfinite(audio)).sum())
        if bad:
            first = int((~torch.isfinite(audio)).any(dim=0).nonzero()[0])
            at = (first + round(part.start * scale)) / rate
            self.add(
                path,
                f"{bad} samples are NaN or infinite, the first at {at:.3f} s; export it again",
                severity,
            )
            return None
        peak = float(audio.abs().max()) if audio.numel() else 0.0
        if peak > LOUD_PEAK:
            message = f"peaks at {peak:g} times full scale; write floats between -1 and 1"
            self.add(path, message, "warning")
        return audio

    def _silent(self, path: Path, audio: Tensor) -> bool:
        if audio.numel() and float(audio.abs().max()) >= SILENCE_PEAK:
            return False
        self.add(path, "is silent in the excerpt; choose another excerpt or file", "error")
        return True

    def _compare(
        self, path: Path, head: AudioInfo, main: AudioInfo, part: Span, *, severity: Severity
    ) -> None:
        """The rate and length of a file beside those of the mix; ``severity`` of a short one."""
        name = source(self.song).name
        if head.sample_rate != main.sample_rate:
            message = (
                f"is at {head.sample_rate} Hz, {name} at {main.sample_rate} Hz; both resampled"
            )
            self.add(path, message, "warning")
        longer = head.seconds - main.seconds
        if abs(longer) <= LENGTH_TOLERANCE_SECONDS:
            return
        message = f"lasts {head.seconds:.3f} s, {name} {main.seconds:.3f} s ({longer:+.3f} s)"
        missing = (part.start + part.samples) / main.sample_rate - head.seconds
        if missing > LENGTH_TOLERANCE_SECONDS:
            message += f" and ends {missing:.3f} s before the excerpt does"
            message += "; choose an earlier or shorter excerpt, or export both alike"
            self.add(path, message, severity)
        else:
            self.add(path, message, "warning")

    def _whole_reference(self, path: Path, head: AudioInfo) -> None:
        """Where no mix says which part is used, the reference is looked at from its start."""
        whole = Span(0, head.samples)
        audio = self._audio(path, head, head, whole, severity="error")
        if audio is not None:
            self._silent(path, audio)

    def _offset(
        self, path: Path, mix: Tensor | None, reference: Tensor, heads: tuple[AudioInfo, AudioInfo]
    ) -> None:
        if mix is None:
            return
        rate, other = (head.sample_rate for head in heads)
        heard = mix[:, : round(_OFFSET_SECONDS * rate)]
        master = resample(reference[:, : round(_OFFSET_SECONDS * other)], other, rate)
        found = delay_samples(master, heard, rate, max_seconds=OFFSET_RANGE_SECONDS)
        if found.correlation < _UNRELATED_CORRELATION:
            message = (
                f"does not resemble {source(self.song).name} (correlation "
                f"{found.correlation:.2f} within ±{OFFSET_RANGE_SECONDS:g} s); is it the same song?"
            )
            self.add(path, message, "warning")
        if found.correlation < _TRUSTED_CORRELATION:
            return
        samples = round(found.samples)
        if samples:
            verb = "lags" if samples > 0 else "leads"
            message = (
                f"{verb} {source(self.song).name} by {abs(samples)} samples "
                f"({abs(found.samples) / rate * 1000:.2f} ms at {rate} Hz)"
            )
            self.add(path, message, "warning")
        if found.inverted:
            self.add(path, f"is of opposite polarity to {source(self.song).name}", "warning")


def _digest(sample_rate: int, audio: Tensor) -> str:
    """The sha256 of ``(channels, samples)`` at their rate."""
    data = audio.numpy().tobytes()
    return hashlib.sha256(f"{sample_rate} {audio.shape[0]} ".encode() + data).hexdigest()
