"""Whether a made study keeps to a standard: measured on its files, its plans and its pages."""
