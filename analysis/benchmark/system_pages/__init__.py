"""A page per system: what it is, what is known of it, and how it did song by song."""
