"""The publishers whose weights Earmark reads."""

from .micro_tcn import MICRO_TCN, MICRO_TCN_LSTM
from .source import Source

SOURCES: tuple[Source, ...] = (MICRO_TCN, MICRO_TCN_LSTM)
