"""Audio files and the basic measures of sound: reading, writing, loudness, alignment, losses."""

from .files import AudioInfo, info, read, resample, write

__all__ = ["AudioInfo", "info", "read", "resample", "write"]
