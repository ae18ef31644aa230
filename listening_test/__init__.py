"""Asks people."""
