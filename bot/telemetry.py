"""Sorts the sources by what they tell, for cards that belong to no incident and for questions people ask by hand."""

from collections.abc import Sequence

from engine.ports import Queried, Source
from handlers.telemetry import Telemetry

LOGS = frozenset({"loki", "hosts"})
TRACES = frozenset({"jaeger", "tempo"})
CHANGES = frozenset({"releases", "argocd", "github", "changes"})
STATES = frozenset({"probes", "kubernetes"})
ROLLOUTS = frozenset({"kubernetes"})
CONTEXT = frozenset({"alertmanager"})
"""By name, so that no source need be loaded that is not set up."""

PATIENCE = 5.0
"""Seconds a card that a person waits for is worth."""


def telemetry_of(sources: Sequence[Source], patience: float) -> Telemetry:
    """What can be looked at; a source of no other kind is taken to measure. `patience`: seconds for one round."""
    known = LOGS | TRACES | CHANGES | STATES | CONTEXT
    return Telemetry(
        metrics=tuple(each for each in sources if each.name not in known),
        logs=tuple(each for each in sources if each.name in LOGS),
        traces=tuple(each for each in sources if each.name in TRACES),
        changes=tuple(each for each in sources if each.name in CHANGES),
        states=tuple(each for each in sources if each.name in STATES),
        rollouts=tuple(each for each in sources if each.name in ROLLOUTS),
        by_hand=tuple(each for each in sources if isinstance(each, Queried)),
        patience=min(PATIENCE, patience),
    )
