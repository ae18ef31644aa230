"""The publishers whose weights Earmark reads."""

from .automix import MIXWAVEUNET
from .demucs import DEMUCS
from .mastering import MASTERING
from .micro_tcn import MICRO_TCN, MICRO_TCN_LSTM
from .signaltrain import SIGNALTRAIN
from .source import Source
from .waveunet_f90 import F90

SOURCES: tuple[Source, ...] = (
    MICRO_TCN,
    MICRO_TCN_LSTM,
    DEMUCS,
    MASTERING,
    SIGNALTRAIN,
    F90,
    MIXWAVEUNET,
)
