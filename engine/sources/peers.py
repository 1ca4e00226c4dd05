"""Names the other side of a call, however the instrumentation wrote it down."""

from collections.abc import Collection, Sequence


def peer_of(candidates: Sequence[str], neighbours: Collection[str]) -> str:
    """The neighbour one of these values stands for (`coupon.shop.svc.cluster.local:8080` → `coupon`).

    Where none is a neighbour: the first value that says anything, without scheme, port and path; "" where none does.
    """
    said = [value for value in candidates if value]
    for value in said:
        host = _host(value)
        for name in (value, host, host.partition(".")[0]):
            if name in neighbours:
                return name
    return _host(said[0])[:120] if said else ""


def _host(value: str) -> str:
    return value.rpartition("//")[2].partition("/")[0].partition(":")[0] or value
