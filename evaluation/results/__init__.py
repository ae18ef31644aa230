"""Results on disk: the store of renders and scores, and where each came from."""
