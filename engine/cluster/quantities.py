"""Reads Kubernetes quantities (100m, 64Mi, 1e3) as numbers, and writes numbers as people write quantities."""

import re

_QUANTITY = re.compile(r"^([+-]?\d*\.?\d+(?:[eE][+-]?\d+)?)\s*(m|u|n|[kMGTPE]i?|Ki)?$")
_SUFFIXES = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}
_BINARY = ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki")


def quantity(value: object) -> float | None:
    """The number a quantity stands for; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    found = _QUANTITY.match(value.strip()[:40]) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        return float(found[1]) * _SUFFIXES.get(found[2] or "", 1.0)
    except OverflowError:
        return None


def written(value: float, resource: str) -> str:
    """A number as people write it for this resource: `500m` of cpu, `128Mi` of memory or storage, else as it is."""
    if "memory" in resource or "storage" in resource:
        for suffix in _BINARY:
            if value >= _SUFFIXES[suffix]:
                return f"{value / _SUFFIXES[suffix]:.4g}{suffix}"
    if "cpu" in resource and 0 < value < 1:
        return f"{value * 1000:.4g}m"
    return f"{value:.6g}"
