"""Runs other people's Python and model files in a process of their own."""
