"""Panels that look at the scores from other sides: cost, tags, other metrics, outliers."""
