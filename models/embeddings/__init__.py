"""Networks that turn audio into vectors, whose distributions distances compare."""

from .registry import (
    EMBEDDINGS,
    Download,
    Embed,
    Embedding,
    Opened,
    checkpoint_folder,
    embedding,
    embeddings,
    named,
)

__all__ = [
    "EMBEDDINGS",
    "Download",
    "Embed",
    "Embedding",
    "Opened",
    "checkpoint_folder",
    "embedding",
    "embeddings",
    "named",
]
