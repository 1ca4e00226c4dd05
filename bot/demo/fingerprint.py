"""Computes the fingerprint of an alert as Alertmanager does: FNV-1a, 64 bits, over its sorted labels."""

_OFFSET = 14695981039346656037
_PRIME = 1099511628211
_SEPARATOR = 255


def fingerprint(labels: dict[str, str]) -> str:
    """Sixteen hex digits that are the same for the same label set everywhere."""
    digest = _OFFSET
    for key in sorted(labels):
        for byte in (*key.encode(), _SEPARATOR, *labels[key].encode(), _SEPARATOR):
            digest = ((digest ^ byte) * _PRIME) & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"
