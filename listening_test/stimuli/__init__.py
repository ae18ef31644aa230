"""Stimuli: the audio files that listeners hear, found, cut, levelled and written."""
