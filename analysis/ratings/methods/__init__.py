"""Tests of significance, each in a file of its own."""
