"""Turns what kubectl printed into observations of the cluster, as the live Kubernetes source brings them."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.model import Observation, Window


def observe(cluster: Mapping[str, Any], window: Window) -> Sequence[Observation]:
    """The observations of a recorded cluster: `state`, `manifests`, `probes`, `cluster`; each may be missing."""
    return ()
