"""Figures as files: the same as on the page, drawn by a browser without a window."""
