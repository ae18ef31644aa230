"""The publishers whose weights Earmark reads."""

from .automix import AUTOMIX_DMC, MIXWAVEUNET
from .demucs import DEMUCS
from .mastering import MASTERING
from .micro_tcn import MICRO_TCN, MICRO_TCN_LSTM
from .signaltrain import SIGNALTRAIN
from .source import Publisher
from .waveunet_f90 import F90

SOURCES: tuple[Publisher, ...] = (
    MICRO_TCN,
    MICRO_TCN_LSTM,
    DEMUCS,
    MASTERING,
    SIGNALTRAIN,
    F90,
    MIXWAVEUNET,
    AUTOMIX_DMC,
)
