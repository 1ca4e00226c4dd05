"""Counts what a replica does and writes it as Prometheus text."""

from bisect import bisect_left
from collections.abc import Callable

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0)
WAIT_BUCKETS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _line(name: str, labels: list[tuple[str, str]], value: float) -> str:
    inside = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
    number = str(int(value)) if value == int(value) else repr(value)
    return f"{name}{{{inside}}} {number}" if inside else f"{name} {number}"


class Counter:
    """A number per label set that only grows while its replica lives."""

    kind = "counter"

    def __init__(self, name: str, help_text: str, label_names: tuple[str, ...]) -> None:
        self.name, self.help_text, self.label_names = name, help_text, label_names
        self.values: dict[tuple[str, ...], float] = {}

    def add(self, *label_values: str, amount: float = 1.0) -> None:
        """Add `amount` to the series with these label values."""
        self.values[label_values] = self.values.get(label_values, 0.0) + amount

    def lines(self) -> list[str]:
        """One line of text per series."""
        return [
            _line(self.name, list(zip(self.label_names, key, strict=True)), value) for key, value in self.values.items()
        ]


class Gauge:
    """A number that is read at the moment somebody asks."""

    kind = "gauge"

    def __init__(
        self,
        name: str,
        help_text: str,
        label_names: tuple[str, ...],
        read: Callable[[], dict[tuple[str, ...], float]],
    ) -> None:
        self.name, self.help_text, self.label_names, self.read = name, help_text, label_names, read

    def lines(self) -> list[str]:
        """One line of text per series."""
        return [
            _line(self.name, list(zip(self.label_names, key, strict=True)), value) for key, value in self.read().items()
        ]


class Histogram:
    """How long things took, in cumulative buckets."""

    kind = "histogram"

    def __init__(
        self, name: str, help_text: str, label_names: tuple[str, ...], buckets: tuple[float, ...] = LATENCY_BUCKETS
    ) -> None:
        self.name, self.help_text, self.label_names, self.buckets = name, help_text, label_names, buckets
        self.counts: dict[tuple[str, ...], list[int]] = {}
        self.sums: dict[tuple[str, ...], float] = {}

    def observe(self, seconds: float, *label_values: str) -> None:
        """Count one thing that took `seconds`."""
        counts = self.counts.setdefault(label_values, [0] * (len(self.buckets) + 1))
        counts[bisect_left(self.buckets, seconds)] += 1
        self.sums[label_values] = self.sums.get(label_values, 0.0) + seconds

    def lines(self) -> list[str]:
        """The buckets, sum and count of each label set."""
        out: list[str] = []
        for key, counts in self.counts.items():
            labels = list(zip(self.label_names, key, strict=True))
            running = 0
            for bound, count in zip((*self.buckets, None), counts, strict=True):
                running += count
                le = "+Inf" if bound is None else repr(bound)
                out.append(_line(f"{self.name}_bucket", [*labels, ("le", le)], running))
            out.append(_line(f"{self.name}_sum", labels, self.sums[key]))
            out.append(_line(f"{self.name}_count", labels, running))
        return out


Meter = Counter | Gauge | Histogram


class Meters:
    """All meters of one replica."""

    def __init__(self) -> None:
        self.families: list[Meter] = []

    def counter(self, name: str, help_text: str, *label_names: str) -> Counter:
        """Register a counter."""
        family = Counter(name, help_text, label_names)
        self.families.append(family)
        return family

    def gauge(
        self, name: str, help_text: str, *label_names: str, read: Callable[[], dict[tuple[str, ...], float]]
    ) -> Gauge:
        """Register a gauge whose values `read` returns, keyed by label values."""
        family = Gauge(name, help_text, label_names, read)
        self.families.append(family)
        return family

    def histogram(
        self, name: str, help_text: str, *label_names: str, buckets: tuple[float, ...] = LATENCY_BUCKETS
    ) -> Histogram:
        """Register a histogram."""
        family = Histogram(name, help_text, label_names, buckets)
        self.families.append(family)
        return family

    def text(self) -> str:
        """Everything in the Prometheus text format 0.0.4."""
        out: list[str] = []
        for family in self.families:
            out.append(f"# HELP {family.name} {family.help_text}")
            out.append(f"# TYPE {family.name} {family.kind}")
            out.extend(family.lines())
        return "\n".join(out) + "\n"
