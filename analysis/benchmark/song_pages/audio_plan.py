"""Decides which songs of a report can be heard and how, and says so where a listener looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ....models.audio.files import AudioInfo, info
from ....models.errors import UserError
from .sounds import EXCERPT_SECONDS, OPUS_KBPS, SoundKind, most_bytes

AUTO = "auto"
CHOICES = (AUTO, *(sound.value for sound in SoundKind))
BUDGET_MB = 80.0


@dataclass(frozen=True)
class AudioWish:
    """What the audio of a report should be; None keeps what the report was last asked for.

    ``budget_mb`` limits ``auto``, which takes the best that fits.
    """

    choice: str | None = None
    budget_mb: float | None = None

    def __post_init__(self) -> None:
        if self.choice is not None and self.choice not in CHOICES:
            raise UserError(f"audio {self.choice!r}: choose from {', '.join(CHOICES)}")
        if self.budget_mb is not None and not 0 <= self.budget_mb < float("inf"):
            raise UserError(f"audio budget {self.budget_mb:g} MB: give 0 or more megabytes")
        if self.budget_mb is not None and self.choice not in (None, AUTO):
            raise UserError(
                f"audio {self.choice} is not chosen by size: leave out the budget, or take auto"
            )

    def after(self, earlier: Mapping[str, str]) -> "AudioWish":
        """This wish, or where it says nothing the one that was kept with the report."""
        if self.choice is not None or self.budget_mb is not None:
            return AudioWish(self.choice or AUTO, self.budget_mb)
        budget = earlier.get("audio_budget_mb")
        try:
            return AudioWish(earlier.get("audio", AUTO), None if budget is None else float(budget))
        except (UserError, ValueError):
            return AudioWish(AUTO)  # of a list that someone changed, or a later version

    def kept(self) -> dict[str, str]:
        """What is kept with a report."""
        budget = {} if self.budget_mb is None else {"audio_budget_mb": f"{self.budget_mb:g}"}
        return {"audio": self.choice or AUTO} | budget


@dataclass(frozen=True)
class AudioPlan:
    """How songs are heard, and which of them; ``budget_mb`` is None where nobody chose by size."""

    sound: SoundKind
    songs: frozenset[str]
    of: int
    budget_mb: float | None = None

    def of_song(self, song: str) -> SoundKind:
        """How this song is heard."""
        return self.sound if song in self.songs else SoundKind.NONE

    @property
    def note(self) -> str:
        """What a reader of the whole report should know; '' where all audio is there."""
        if self.sound is SoundKind.FULL:
            return ""
        if self.sound is SoundKind.NONE:
            return f"No audio{self._why}. {_FULL}"
        some = len(self.songs) < self.of
        songs = f"{len(self.songs)} of {self.of} songs" if some else ""
        return f"Audio: {songs}{', ' * some}{_KINDS[self.sound]}{self._why}. {_FULL}"

    def song_note(self, song: str) -> str:
        """What a listener to this song should know; '' where all of its audio is there."""
        sound = self.of_song(song)
        if sound is SoundKind.FULL:
            return ""
        if sound is SoundKind.NONE:
            others = f": {len(self.songs)} of {self.of} songs have it" if self.songs else ""
            return f"No audio of this song in this report{others}{self._why}. {_FULL}"
        return f"Audio: {_KINDS[sound]}{self._why}. {_FULL}"

    @property
    def _why(self) -> str:
        return "" if self.budget_mb is None else f", to stay within {self.budget_mb:g} MB"


_FULL = "Full audio: earmark report --audio full"
_KINDS = {
    SoundKind.LOSSY: f"lossy: Opus {OPUS_KBPS} kb/s",
    SoundKind.EXCERPT: f"the loudest {EXCERPT_SECONDS:g} s of the mix, as 16-bit FLAC",
}


def audio_plan(wish: AudioWish, songs: Mapping[str, Sequence[Path]]) -> AudioPlan:
    """What becomes of a wish; ``songs`` are the files of the renders by song.

    ``auto`` takes full audio if all of it fits, else lossy audio, else that of as many songs as
    fit, evenly spread over the benchmark. Sizes are upper bounds, so the budget holds.
    """
    choice = wish.choice or AUTO
    if choice != AUTO:
        sound = SoundKind(choice)
        return AudioPlan(sound, frozenset(songs if sound is not SoundKind.NONE else ()), len(songs))
    budget_mb = BUDGET_MB if wish.budget_mb is None else wish.budget_mb
    headers = {song: [found for path in files if (found := _header(path))]
               for song, files in songs.items()}  # fmt: skip
    for sound in (SoundKind.FULL, SoundKind.LOSSY):
        sizes = {song: sum(_bytes(one, sound) for one in found) for song, found in headers.items()}
        if sum(sizes.values()) <= budget_mb * 1e6:
            return AudioPlan(sound, frozenset(songs), len(songs), budget_mb)
    kept = _spread(sizes, budget_mb * 1e6)
    return AudioPlan(SoundKind.LOSSY if kept else SoundKind.NONE, kept, len(songs), budget_mb)


def _spread(sizes: Mapping[str, float], budget: float) -> frozenset[str]:
    """As many songs as fit, evenly spread over all."""
    names = list(sizes)
    for count in range(len(names) - 1, 0, -1):
        chosen = [names[(2 * at + 1) * len(names) // (2 * count)] for at in range(count)]
        if sum(sizes[name] for name in chosen) <= budget:
            return frozenset(chosen)
    return frozenset()


def _bytes(header: AudioInfo, sound: SoundKind) -> float:
    return most_bytes(header.samples, header.sample_rate, header.channels, sound)


def _header(path: Path) -> AudioInfo | None:
    try:
        return info(path)
    except UserError:
        return None  # it cannot be played either; prepare_media says so
