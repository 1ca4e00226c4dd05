"""Finds what the cluster's components say of certificates, permissions and names that do not resolve. What programs
write of these is read from their logs, as of everybody."""

import re
from collections.abc import Iterator

from engine.diagnosis.cluster.finding import Finding
from engine.diagnosis.cluster.scene import Scene, began, told

CERTIFICATE = re.compile(
    r"certificate (has |is )?expired|x509: certificate has expired|certificate is not yet valid", re.IGNORECASE
)
DENIED = re.compile(r'User "[^"]+" cannot \w+ resource', re.IGNORECASE)
UNRESOLVED = re.compile(
    r"server misbehaving|temporary failure in name resolution|SERVFAIL|lookup \S+ on \S+: (i/o timeout|read udp)",
    re.IGNORECASE,
)
TOPICS = (("certificate_expired", CERTIFICATE, 0.7), ("access_denied", DENIED, 0.7), ("dns_failing", UNRESOLVED, 0.5))


def said(scene: Scene) -> Iterator[Finding]:
    """One finding per service and subject, from events about pods that are there and not well."""
    for name, pattern, sure in TOPICS:
        seen: set[str] = set()
        for workload, pod in scene.troubled():
            events = [each for each in scene.events("Pod", pod.name) if pattern.search(each.message)]
            if events and workload.service not in seen:
                seen.add(workload.service)
                yield Finding(
                    name=name,
                    service=workload.service,
                    blamed=workload.service,
                    object=f"Pod/{pod.name}",
                    seen=tuple(told(each) for each in events[:2]),
                    strength=sure,
                    since=began(events),
                )
