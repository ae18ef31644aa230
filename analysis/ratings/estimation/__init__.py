"""Estimates beside the tests: effect sizes, agreement, variance components, sample size."""
