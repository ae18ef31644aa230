"""Insights: settings, bands and responses found in renders and in networks."""
