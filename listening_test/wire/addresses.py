"""Who a client is, as far as its address says: what is counted together, and what is not at all."""

from functools import lru_cache
from ipaddress import ip_address

_V6_BITS = 64
_LONGEST = 64  # characters; an address with its zone is shorter


def client_group(address: str) -> str | None:
    """What is counted as one client; None for this machine itself, where a proxy may stand.

    Whoever has one address of IPv6 has the 2^64 beside it too.
    """
    return _group(address) if len(address) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _group(address: str) -> str | None:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if found.version == 6 and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return None
    if found.version == 4:
        return str(found)
    return f"{int(found) >> (128 - _V6_BITS):x}"


def forwarded(header: str) -> str | None:
    """The address that the nearest proxy has seen: the last of ``X-Forwarded-For``."""
    last = header.rpartition(",")[2].strip()
    return _address(last) if len(last) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _address(said: str) -> str | None:
    last = said.strip('"')
    if last.startswith("["):
        last = last[1:].partition("]")[0]
    elif last.count(":") == 1:
        last = last.partition(":")[0]
    try:
        return str(ip_address(last))
    except ValueError:
        return None
