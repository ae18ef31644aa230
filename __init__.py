"""Earmark: listening tests and evaluation for neural audio mastering and mixing."""
