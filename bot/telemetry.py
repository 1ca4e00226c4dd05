"""Sorts the sources by what they tell, for cards that belong to no incident and for questions people ask by hand."""

from collections.abc import Sequence

from engine.ports import Source
from engine.sources.alertmanager import AlertmanagerSource
from engine.sources.argocd import ArgoCdSource
from engine.sources.changes import ChangesSource
from engine.sources.github import GitHubSource
from engine.sources.host_logs import HostLogsSource
from engine.sources.jaeger import JaegerSource
from engine.sources.kubernetes import KubernetesSource
from engine.sources.loki import LokiSource
from engine.sources.probes import ProbesSource
from engine.sources.prometheus import PrometheusSource
from engine.sources.releases import ReleasesSource
from engine.sources.tempo import TempoSource
from handlers.telemetry import Telemetry

LOGS = (LokiSource, HostLogsSource)
TRACES = (JaegerSource, TempoSource)
CHANGES = (ReleasesSource, ArgoCdSource, GitHubSource, ChangesSource)
STATES = (ProbesSource, KubernetesSource)
CONTEXT = (AlertmanagerSource,)
BY_HAND = (PrometheusSource, LokiSource, JaegerSource, TempoSource, HostLogsSource)
PATIENCE = 5.0
"""Seconds a card that a person waits for is worth."""


def telemetry_of(sources: Sequence[Source], patience: float) -> Telemetry:
    """What can be looked at; a source of no other kind is taken to measure. `patience`: seconds for one round."""
    known = (*LOGS, *TRACES, *CHANGES, *STATES, *CONTEXT)
    return Telemetry(
        metrics=tuple(each for each in sources if not isinstance(each, known)),
        logs=tuple(each for each in sources if isinstance(each, LOGS)),
        traces=tuple(each for each in sources if isinstance(each, TRACES)),
        changes=tuple(each for each in sources if isinstance(each, CHANGES)),
        states=tuple(each for each in sources if isinstance(each, STATES)),
        by_hand=tuple(each for each in sources if isinstance(each, BY_HAND)),
        patience=min(PATIENCE, patience),
    )
