"""Lists the fault patterns: what each requires, what supports it, what speaks against it, and what to do next."""

from engine.diagnosis.patterns.cache import CACHES
from engine.diagnosis.patterns.calls import CALLS
from engine.diagnosis.patterns.cluster import CLUSTERS
from engine.diagnosis.patterns.database import DATABASES
from engine.diagnosis.patterns.load import LOADS
from engine.diagnosis.patterns.network import NETWORKS
from engine.diagnosis.patterns.pattern import Pattern
from engine.diagnosis.patterns.release import RELEASES
from engine.diagnosis.patterns.resources import RESOURCES

PATTERNS: tuple[Pattern, ...] = (*RELEASES, *DATABASES, *CALLS, *LOADS, *CACHES, *RESOURCES, *NETWORKS, *CLUSTERS)
"""Where two are equally good the earlier one is shown first."""

__all__ = ["PATTERNS", "Pattern"]
