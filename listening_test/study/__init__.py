"""A study: its file, its folder, and the order in which its pages are drawn."""
