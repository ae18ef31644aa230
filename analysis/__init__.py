"""Explains results: tables, figures, reports."""
