"""Makes Alertmanager v4 webhook bodies, each with one alert that opens an incident of its own."""

import json
from datetime import UTC, datetime


def webhook(name: str) -> bytes:
    """One firing alert about a service of this name."""
    labels = {
        "alertname": "HighErrorRatio",
        "service": name,
        "severity": "critical",
        "environment": "production",
        "namespace": "bench",
    }
    notes = {
        "summary": f"{name} answers 5xx to 18 % of requests",
        "description": f"The ratio of failed requests of {name} was above 5 % for two minutes.",
    }
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": notes,
        "startsAt": datetime.now(UTC).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.invalid/graph?g0.expr=errors&g0.tab=1",
        "fingerprint": f"{abs(hash(name)):016x}"[:16],
    }
    body = {
        "version": "4",
        "groupKey": f'{{}}:{{service="{name}"}}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "tocsin",
        "groupLabels": {"service": name},
        "commonLabels": labels,
        "commonAnnotations": notes,
        "externalURL": "http://alertmanager.invalid",
        "alerts": [alert],
    }
    return json.dumps(body).encode()
