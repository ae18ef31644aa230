"""The publishers whose weights Earmark reads."""

from .demucs import DEMUCS
from .mastering import MASTERING
from .micro_tcn import MICRO_TCN, MICRO_TCN_LSTM
from .signaltrain import SIGNALTRAIN
from .source import Source

SOURCES: tuple[Source, ...] = (MICRO_TCN, MICRO_TCN_LSTM, DEMUCS, MASTERING, SIGNALTRAIN)
