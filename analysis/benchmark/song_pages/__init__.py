"""A page per song: its players, pictures and numbers."""
