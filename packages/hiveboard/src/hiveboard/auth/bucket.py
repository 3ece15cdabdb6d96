"""Token buckets: how many requests a key may make, and how many wrong keys an address may try."""

from __future__ import annotations

import ipaddress

__all__ = ["Bucket", "FailedAttempts"]

_MAX_ADDRESSES = 10_000


class Bucket:
    """Holds up to ``burst`` tokens and gains ``per_second``. Times are seconds of one monotonic clock."""

    __slots__ = ("_at", "_burst", "_per_second", "_tokens")

    def __init__(self, per_second: float, burst: float, now: float) -> None:
        self._per_second, self._burst = per_second, burst
        self._tokens, self._at = burst, now

    def take(self, now: float) -> float:
        """Take a token: 0, or the seconds until there will be one."""
        self._fill(now)
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self._per_second

    def wait(self, now: float) -> float:
        """Seconds until a token could be taken; takes none."""
        self._fill(now)
        return max(0.0, (1.0 - self._tokens) / self._per_second)

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
            self._at = now


class FailedAttempts:
    """Counts wrong keys per address. An IPv6 network of 64 bits is one address: its owner has all of it."""

    def __init__(self, per_minute: float, burst: int) -> None:
        self._per_second, self._burst = per_minute / 60.0, burst
        self._buckets: dict[str, Bucket] = {}

    def wait(self, address: str, now: float) -> int:
        """Whole seconds an address must wait before it may try a key again; 0: none."""
        if not self._buckets:
            return 0
        bucket = self._buckets.get(_network(address))
        seconds = 0.0 if bucket is None else bucket.wait(now)
        return 0 if seconds == 0.0 else int(seconds) + 1

    def note(self, address: str, now: float) -> None:
        """An address showed a wrong key."""
        network = _network(address)
        # Taken out and put in again, so that those who tried last come last: where there are too many, the first goes.
        bucket = self._buckets.pop(network, None) or Bucket(self._per_second, self._burst, now)
        if len(self._buckets) >= _MAX_ADDRESSES:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[network] = bucket
        bucket.take(now)


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
