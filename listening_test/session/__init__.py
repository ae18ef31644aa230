"""A listener's session: what is shown, where it stands, and what is recorded."""
