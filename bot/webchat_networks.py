"""How many new walks come from one network: a soft limit, so that a script of a thousand is slowed and seen.

A network is the first part of an address, and stands here as a code under a key that this process drew for
itself; an hour later it is gone. Nothing of it is kept or logged. A class, a library or a mobile network is
let through at once up to a number; beyond it each new walk waits its turn, and nobody is refused for good.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp import web

AT_ONCE, PER_MINUTE = 60, 10.0
LONGEST_WAIT = 20.0
REMEMBER_SECONDS = 3600.0
MOST_NETWORKS = 50_000
# Of an address: what a household, or a provider's customer, keeps.
PREFIX = {4: 24, 6: 56}


class Networks:
    """Counts new walks by network. `proxy` is the address, or network, whose word about an address is believed."""

    def __init__(
        self,
        proxy: str = "",
        at_once: int = AT_ONCE,
        per_minute: float = PER_MINUTE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._proxy = ip_network(proxy) if proxy else None
        self._at_once, self._per_second, self._now = float(at_once), per_minute / 60, now
        self._key = secrets.token_bytes(32)
        self._left: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def remembered(self) -> int:
        """How many networks are known now."""
        self._forget()
        return len(self._left)

    def wait(self, request: web.Request) -> float:
        """Seconds a new walk from where this request comes has to wait; over LONGEST_WAIT it is not counted yet."""
        return self.wait_from(self._address(request))

    def wait_from(self, address: str) -> float:
        """The same for an address; one that is none counts as a network of its own.

        This machine itself is not limited: behind a proxy that is not configured it is everybody.
        """
        found = _parsed(address)
        if found is not None and found.is_loopback:
            return 0.0
        code, now = self._code(found), self._now()
        self._forget()
        left, at = self._left.pop(code, (self._at_once, now))
        left = min(self._at_once, left + (now - at) * self._per_second) - 1
        wait = max(0.0, -left / self._per_second)
        # Who is sent away has taken no turn.
        self._left[code] = (left + 1 if wait > LONGEST_WAIT else left, now)
        return wait

    def _address(self, request: web.Request) -> str:
        remote = request.remote or ""
        if self._proxy is None or not _is_in(remote, self._proxy):
            return remote
        # The last one was written by the proxy; whatever stands before it anybody may have sent.
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or remote

    def _code(self, found: IPv4Address | IPv6Address | None) -> bytes:
        network = str(ip_network((found, PREFIX[found.version]), strict=False)) if found else "none"
        return blake2b(network.encode(), key=self._key, digest_size=16).digest()

    def _forget(self) -> None:
        while self._left:
            code, (_, at) = next(iter(self._left.items()))
            if at > self._now() - REMEMBER_SECONDS and len(self._left) < MOST_NETWORKS:
                return
            del self._left[code]


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _is_in(address: str, network: object) -> bool:
    found = _parsed(address)
    return found is not None and found in network  # type: ignore[operator]
