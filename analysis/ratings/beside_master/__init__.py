"""Every system against the reference master, over all passages and within genres."""
