"""Which metrics follow the ears: ratings with their stimuli, or with scores from elsewhere."""
