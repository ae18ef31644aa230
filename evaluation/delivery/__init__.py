"""Delivery: what platforms and standards ask of a master, and whether audio keeps to it."""
