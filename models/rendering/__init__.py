"""Rendering: a system over a whole song, in chunks where it allows them, on a chosen device."""
