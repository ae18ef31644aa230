"""Turns songs and systems into renders and scores."""
