"""Serves the reports of a results folder to their owner."""
