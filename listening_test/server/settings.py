"""How a study is served: what the command line says, in a form that other processes can be told."""

from dataclasses import dataclass, field

from ..wire.limits import Patience, Rates


@dataclass(frozen=True)
class Settings:
    """How one process serves.

    Args:
        secure: listeners reach it by https alone.
        trust_proxy: who a client is, is what the proxy in front says in ``X-Forwarded-For``.
        log: a file for one line per request; ``-`` is standard error, '' none.
        rates: how often clients may do what; None is without any limit.
        patience: how long connections may take, and how many all processes may have.
        processes: how many there are.
    """

    secure: bool = False
    trust_proxy: bool = False
    log: str = ""
    rates: Rates | None = field(default_factory=Rates)
    patience: Patience = field(default_factory=Patience)
    processes: int = 1


USUAL = Settings()
# A simulation is as fast as it can be.
UNLIMITED = Settings(rates=None)
