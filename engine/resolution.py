"""Finds out which service of the catalogue an alert is about, where it calls it by another name, and says why."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from engine.model import Alert, Phrase
from engine.naming import core, letters
from engine.team import Service

Services = Mapping[str, Service]

NAMES = (
    "service",
    "service_name",
    "app",
    "app_kubernetes_io_name",
    "app_kubernetes_io_instance",
    "kubernetes_name",
    "application",
    "component",
    "workload",
    "deployment",
    "statefulset",
    "daemonset",
    "rollout",
    "destination_service_name",
    "destination_workload",
    "container",
    "exported_service",
    "job",
    "exported_job",
)
"""Labels that may carry the name of a service, the surest first."""
WORKLOADS = ("deployment", "statefulset", "daemonset", "rollout", "workload")
ADDRESSES = ("instance", "target", "host", "server_address", "url")
POD = re.compile(r"(.+?)(?:-[a-f0-9]{6,10}-[a-z0-9]{5}|-[a-z0-9]{5}|-\d{1,4})")
"""A pod is called after its workload, with the hash of its template and its own, or with its number."""


class Resolved(NamedTuple):
    """The service an alert is about, and how that was found out."""

    service: str
    reason: Phrase


def resolve(alert: Alert, services: Services) -> Resolved | None:
    """The one service of the catalogue that this alert means; None where it names one itself, or where nothing or more
    than one fits. A name that the catalogue knows as somebody's dependency is left alone: it is that, whatever else
    the alert carries."""
    said = alert.service
    if not services or said in services:
        return None
    if any(said in service.dependencies for service in services.values()) and said:
        return None
    for way in WAYS:
        found = {each.service: each for each in way(alert, services)}
        if len(found) == 1:
            (resolved,) = found.values()
            return resolved
        if found:
            return None
    return None


def _because(word: str, alert: Alert, service: str, **values: str) -> Resolved:
    said = alert.service[:120] or "—"
    return Resolved(service, Phrase(word=f"resolution.{word}", values={"service": service, "said": said, **values}))


def _by_catalogue_labels(alert: Alert, services: Services) -> Iterator[Resolved]:
    """Every label the catalogue gives fits; of several services the one that gives more."""
    fitting = [
        (len(service.labels), name)
        for name, service in services.items()
        if service.labels and all(alert.labels.get(key) == value for key, value in service.labels.items())
    ]
    most = max((count for count, _ in fitting), default=0)
    for count, name in fitting:
        if count == most:
            labels = ", ".join(f"{key}={value}" for key, value in services[name].labels.items())
            yield _because("labels", alert, name, labels=labels[:200])


def _by_name(alert: Alert, services: Services) -> Iterator[Resolved]:
    """A label carries the very name; what stands before a slash is a namespace."""
    for label in NAMES:
        value = alert.labels.get(label, "")
        name = value.rpartition("/")[2]
        if name in services:
            yield _because("label", alert, name, label=label, value=value[:120])
            return


def _by_workload(alert: Alert, services: Services) -> Iterator[Resolved]:
    """Kubernetes' own names: the workload, or the pod that is called after it."""
    named = {label: alert.labels[label] for label in WORKLOADS if alert.labels.get(label)}
    pod = alert.labels.get("pod", "") or alert.labels.get("pod_name", "")
    if pod and (called := POD.fullmatch(pod)):
        named["pod"] = called[1]
    namespace = alert.labels.get("namespace", "") or alert.labels.get("exported_namespace", "")
    for name, service in services.items():
        workload = service.workload.rpartition("/")[2] or name
        apart = service.namespace and namespace and service.namespace != namespace
        label = next((label for label, value in named.items() if value == workload), "")
        if label and not apart:
            yield _because("workload", alert, name, label=label, value=alert.labels.get(label, pod)[:120])


def _by_spelling(alert: Alert, services: Services) -> Iterator[Resolved]:
    """The same but for case, signs and words like service or api."""
    for label in ("", *NAMES):
        value = (alert.labels.get(label, "") if label else alert.service).rpartition("/")[2]
        alike = [name for name in services if letters(value) and letters(name) == letters(value)]
        alike = alike or [name for name in services if _alike(name, value)]
        if alike:
            yield from (_because("spelling", alert, name, value=value[:120]) for name in alike)
            return


def spelled(said: str, services: Services) -> str:
    """A name as the catalogue spells it, where exactly one of its names is meant; else as it was said."""
    found = {each.service for each in _by_spelling(_named(said), services)} if said not in services else set()
    return found.pop() if len(found) == 1 else said


def _named(said: str) -> Alert:
    return Alert(fingerprint="", status="firing", name="", service=said, starts_at=datetime.min.replace(tzinfo=UTC))


def labelled(service: Service, alert: Alert | None) -> Service:
    """The service with the label under which the alert knows it, where the catalogue gives none and the alert spells
    its name otherwise: what the alert was raised from carries that label."""
    if alert is None or service.labels:
        return service
    for label in NAMES:
        value = alert.labels.get(label, "")
        if value == service.name:
            return service
        if value and _alike(service.name, value.rpartition("/")[2]):
            return service.model_copy(update={"labels": {label: value}})
    return service


def _alike(name: str, value: str) -> bool:
    return bool(core(value)) and core(name) == core(value)


def _by_address(alert: Alert, services: Services) -> Iterator[Resolved]:
    """The host of an address is the service's own: that of its health address, or one only it runs on."""
    hosts = {host for label in ADDRESSES if (host := _host(alert.labels.get(label, "")))}
    for name, service in services.items():
        own = {_host(service.health_url), *service.hosts} - {""}
        if common := sorted(hosts & own):
            yield _because("address", alert, name, value=common[0][:120])


def _host(address: str) -> str:
    try:
        return (urlsplit(address if "//" in address else f"//{address}").hostname or "")[:200]
    except ValueError:
        return ""


WAYS: tuple[Callable[[Alert, Services], Iterator[Resolved]], ...] = (
    _by_catalogue_labels,
    _by_name,
    _by_workload,
    _by_spelling,
    _by_address,
)
"""The surest first; one that finds several ends the search, for the next would only guess among them."""
