"""What the demo songs are made of: notes that fit the bars, tones in tune, sound without clicks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from earmark.models.demo_songs import drums, instruments
from earmark.models.demo_songs.composition import SCALES, Note, figure, hits, melody, plan
from earmark.models.demo_songs.drums import Drum
from earmark.models.demo_songs.instruments import Voice

RATE = 44_100


@given(st.floats(3, 300), st.floats(60, 160), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_form_and_chords_cover_a_song_of_any_length(
    seconds: float, tempo: float, seed: int
) -> None:
    song = plan(np.random.default_rng(seed), seconds, (tempo, tempo), ["minor"], (0.0, 0.1))
    names = [section.name for section in song.sections]
    assert names[:3] == ["intro", "verse", "chorus"]
    for parts in (song.sections, song.chords):
        edges = [0]
        for part in parts:
            assert part.start == edges[-1]
            assert part.beats > 0
            edges.append(part.start + part.beats)
        assert song.at(edges[-1]) >= seconds - 1e-6


@given(st.integers(0, 1000), st.sampled_from(sorted(SCALES)))
@settings(max_examples=20, deadline=None)
def test_a_melody_keeps_to_chord_and_scale(seed: int, mode: str) -> None:
    song = plan(np.random.default_rng(seed), 30, (120, 120), [mode], (0.0, 0.0))
    allowed = {(song.key + step) % 12 for step in SCALES[mode]}
    allowed |= {(c.root + interval) % 12 for c in song.chords for interval in c.intervals}
    notes = melody(song, np.random.default_rng(seed), ["verse", "chorus"], register=67)
    assert notes
    assert {int(note.pitch) % 12 for note in notes} <= allowed


def test_a_pattern_becomes_notes_where_it_says() -> None:
    song = plan(np.random.default_rng(0), 24, (120, 120), ["major"], (0.0, 0.0))
    bars = {"verse": ["X...x...o......."]}
    verse = next(section for section in song.sections if section.name == "verse")
    notes = hits(song, np.random.default_rng(0), bars, jitter=0.0)
    beats = (np.array([note.start for note in notes]) - song.at(verse.start)) * 2
    assert len(notes) == 3 * verse.beats // 4
    np.testing.assert_allclose(beats[:4], [0, 1, 2, 4], atol=1e-9)
    assert notes[0].velocity > notes[2].velocity


def test_held_steps_lengthen_a_note_and_a_chord_has_all_its_tones() -> None:
    song = plan(np.random.default_rng(0), 24, (120, 120), ["major"], (0.0, 0.0))
    bars = {"intro": ["C-------0-......"]}
    notes = figure(song, np.random.default_rng(0), bars, register=60, jitter=0.0)
    tones = len(song.chords[0].intervals)
    assert [round(note.seconds / 0.97, 3) for note in notes[: tones + 1]] == [1.0] * tones + [0.25]
    assert notes[tones].pitch == min(note.pitch for note in notes[:tones])


@pytest.mark.parametrize("frequency", [82.41, 220.0, 659.26])
@pytest.mark.parametrize(
    "voice",
    [
        instruments.plucked(0.8, 1.0),
        instruments.piano(),
        instruments.electric_piano(),
        instruments.organ(),
        instruments.synth_bass(1000, 0.5),
        instruments.sawtooth(0.05, 0.1, 4000, 0.0),
    ],
    ids=["plucked", "piano", "electric_piano", "organ", "synth_bass", "sawtooth"],
)
def test_a_note_is_in_tune(voice: Voice, frequency: float) -> None:
    note = voice(frequency, 1.5, 0.8, RATE, np.random.default_rng(0))
    spectrum = np.abs(np.fft.rfft(note * np.hanning(len(note)), 2**20))
    near = np.arange(int(frequency * 0.95 * 2**20 / RATE), int(frequency * 1.05 * 2**20 / RATE))
    found = near[spectrum[near].argmax()] * RATE / 2**20
    assert abs(1200 * np.log2(found / frequency)) < 6  # cents


@pytest.mark.parametrize("seconds", [0.05, 1.0])
@pytest.mark.parametrize(
    "voice",
    [
        instruments.plucked(0.8, 1.0),
        instruments.piano(),
        instruments.electric_piano(),
        instruments.bell(2.0, 0.3),
        instruments.organ(),
        instruments.sub_bass(),
        instruments.synth_bass(1000, 0.5),
        instruments.sawtooth(0.05, 0.1, 4000, 0.1),
        instruments.choir,
    ],
)
def test_a_note_begins_and_ends_in_silence(voice: Voice, seconds: float) -> None:
    note = voice(110.0, seconds, 1.0, RATE, np.random.default_rng(0))
    assert bool(np.isfinite(note).all())
    assert np.abs(note).max() > 0.02
    assert abs(note[0]) < 1e-6
    assert abs(note[-1]) < 1e-6


@pytest.mark.parametrize("articulation", [0, 1])
@pytest.mark.parametrize(
    "drum",
    [
        drums.kick(50, 0.15, 0.5, 2.0),
        drums.snare(200, 0.1, 0.7),
        drums.clap(0.1),
        drums.hat(0.04, 1.0),
        drums.crash(0.8),
        drums.shaker(0.04),
        drums.skin(80, 0.3, 0.3),
    ],
)
def test_a_hit_begins_and_ends_in_silence(drum: Drum, articulation: int) -> None:
    hit = drum(1.0, articulation, RATE, np.random.default_rng(0))
    assert bool(np.isfinite(hit).all())
    assert 0.1 < np.abs(hit).max() < 6
    assert abs(hit[0]) < 1e-6
    assert abs(hit[-1]) < 1e-6


def test_a_sawtooth_hardly_aliases() -> None:
    frequency = 3000.7
    ours = instruments.saw(frequency, RATE, 0.0, RATE)
    naive = 2 * ((np.arange(RATE) * frequency / RATE) % 1) - 1
    harmonics = frequency * np.arange(1, 8)
    folded = []
    for wave in (ours, naive):
        f, power = signal.periodogram(wave, RATE, window="blackmanharris")
        beside = np.abs(f[:, None] - harmonics).min(axis=1) > 20
        folded.append(10 * np.log10(power[beside & (f > 50) & (f < 10_000)].sum()))
    assert folded[0] < folded[1] - 12


def test_a_sung_line_follows_its_notes() -> None:
    notes = [Note(0.0, 0.95, 57, 0.9), Note(1.0, 0.95, 64, 0.9)]
    line = instruments.sing(notes, 2 * RATE, RATE, np.random.default_rng(0))
    for note in notes:
        start = round((note.start + 0.15) * RATE)
        part = line[start : start + RATE // 3]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 2**18))
        wanted = instruments.hertz(note.pitch)
        near = np.arange(int(wanted * 0.9 * 2**18 / RATE), int(wanted * 1.1 * 2**18 / RATE))
        found = near[spectrum[near].argmax()] * RATE / 2**18
        assert abs(1200 * np.log2(found / wanted)) < 40


def test_drums_and_notes_past_the_end_are_left_out() -> None:
    generator = np.random.default_rng(0)
    late = [Note(2.0, 0.1, 60, 1.0)]
    assert not drums.play_drum(late, drums.clap(0.1), RATE, RATE, generator).any()
    assert not instruments.play_notes(late, instruments.organ(), RATE, RATE, generator).any()
