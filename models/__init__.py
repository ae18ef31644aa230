"""Makes audio: reading, baselines, networks, the runner. Knows no songs and no storage."""
