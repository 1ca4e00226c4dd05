"""Reads what a pod is asked to be, from the JSON of the Kubernetes API."""

from collections.abc import Iterator
from typing import Any, Literal

from engine.cluster.facts import (
    Container,
    Expression,
    Port,
    Probe,
    Reference,
    Template,
    Together,
    Toleration,
)
from engine.cluster.values import Raw, address, labels, number, quantities, rows, seconds, table, word, words

KINDS: tuple[tuple[str, Literal["liveness", "readiness", "startup"]], ...] = (
    ("livenessProbe", "liveness"),
    ("readinessProbe", "readiness"),
    ("startupProbe", "startup"),
)
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def template(spec: Any, of_labels: Any = None) -> Template:
    """A pod's spec, with the labels of its metadata."""
    raw = table(spec)
    affinity = table(raw.get("affinity"))
    node_terms = table(table(affinity.get("nodeAffinity")).get(REQUIRED)).get("nodeSelectorTerms")
    containers = [
        *(_container(each, init=True) for each in rows(raw.get("initContainers"))),
        *(_container(each, init=False) for each in rows(raw.get("containers"))),
    ]
    return Template(
        labels=labels(of_labels),
        service_account=word(raw.get("serviceAccountName") or raw.get("serviceAccount")),
        node_selector=labels(raw.get("nodeSelector")),
        node_terms=tuple(_term(each) for each in rows(node_terms)),
        apart=_together(affinity.get("podAntiAffinity")),
        near=_together(affinity.get("podAffinity")),
        tolerations=tuple(_toleration(each) for each in rows(raw.get("tolerations"))),
        pull_secrets=tuple(word(each.get("name")) for each in rows(raw.get("imagePullSecrets"))),
        references=tuple(found for each in rows(raw.get("volumes")) for found in _of_volume(each)),
        containers=tuple(containers),
        node_name=word(raw.get("nodeName")),
    )


def selector(value: Any) -> tuple[Expression, ...]:
    """A label selector with `matchLabels` and `matchExpressions`."""
    raw = table(value)
    plain = (Expression(key=key, values=(wanted,)) for key, wanted in labels(raw.get("matchLabels")).items())
    return (*plain, *(_expression(each) for each in rows(raw.get("matchExpressions"))))


def _expression(raw: Raw) -> Expression:
    return Expression(key=word(raw.get("key")), operator=word(raw.get("operator")), values=words(raw.get("values")))


def _term(raw: Raw) -> tuple[Expression, ...]:
    """One way a node may match; `matchFields` knows the node's name alone."""
    fields = (
        Expression(key="metadata.name", operator=each.operator, values=each.values)
        for each in (_expression(one) for one in rows(raw.get("matchFields")))
    )
    return (*(_expression(each) for each in rows(raw.get("matchExpressions"))), *fields)


def _together(value: Any) -> tuple[Together, ...]:
    return tuple(
        Together(selector=selector(each.get("labelSelector")), topology=word(each.get("topologyKey")))
        for each in rows(table(value).get(REQUIRED))
    )


def _toleration(raw: Raw) -> Toleration:
    return Toleration(
        key=word(raw.get("key")),
        operator=word(raw.get("operator")) or "Equal",
        value=word(raw.get("value")),
        effect=word(raw.get("effect")),
    )


def _of_volume(raw: Raw) -> Iterator[Reference]:
    secret, config = table(raw.get("secret")), table(raw.get("configMap"))
    claim = table(raw.get("persistentVolumeClaim"))
    if name := word(secret.get("secretName")):
        yield Reference(kind="Secret", name=name, optional=secret.get("optional") is True)
    if name := word(config.get("name")):
        yield Reference(kind="ConfigMap", name=name, optional=config.get("optional") is True)
    if name := word(claim.get("claimName")):
        yield Reference(kind="PersistentVolumeClaim", name=name)


def _container(raw: Raw, *, init: bool) -> Container:
    resources = table(raw.get("resources"))
    env = {word(each.get("name")): address(word(each.get("name")), each.get("value")) for each in rows(raw.get("env"))}
    limits = quantities(resources.get("limits"))
    return Container(
        name=word(raw.get("name")),
        image=word(raw.get("image")),
        ports=tuple(_port(each) for each in rows(raw.get("ports"))),
        env={name: value for name, value in env.items() if value},
        references=tuple(_of_environment(raw)),
        # The platform takes a limit for the request where only the limit is written.
        requests={**limits, **quantities(resources.get("requests"))},
        limits=limits,
        probes=tuple(_probe(table(raw.get(key)), kind) for key, kind in KINDS if isinstance(raw.get(key), dict)),
        init=init,
    )


def _port(raw: Raw) -> Port:
    return Port(
        number=number(raw.get("containerPort")) or 0,
        name=word(raw.get("name")),
        protocol=word(raw.get("protocol")) or "TCP",
    )


def _of_environment(raw: Raw) -> Iterator[Reference]:
    for each in rows(raw.get("env")):
        source = table(each.get("valueFrom"))
        for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            if name := word(table(source.get(key)).get("name")):
                yield Reference(kind=kind, name=name, optional=table(source.get(key)).get("optional") is True)
    for each in rows(raw.get("envFrom")):
        for key, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            if name := word(table(each.get(key)).get("name")):
                yield Reference(kind=kind, name=name, optional=table(each.get(key)).get("optional") is True)


def _probe(raw: Raw, kind: Literal["liveness", "readiness", "startup"]) -> Probe:
    action: Literal["http", "https", "grpc", "tcp", "exec"] = "exec"
    port, path = "", ""
    if isinstance(raw.get("httpGet"), dict):
        asked = table(raw["httpGet"])
        action = "https" if word(asked.get("scheme")).upper() == "HTTPS" else "http"
        port, path = word(asked.get("port")), word(asked.get("path"))
    elif isinstance(raw.get("grpc"), dict):
        action, port = "grpc", word(table(raw["grpc"]).get("port"))
    elif isinstance(raw.get("tcpSocket"), dict):
        action, port = "tcp", word(table(raw["tcpSocket"]).get("port"))
    return Probe(
        kind=kind,
        action=action,
        port=port,
        path=path,
        delay=seconds(raw.get("initialDelaySeconds"), 0.0),
        timeout=seconds(raw.get("timeoutSeconds"), 1.0),
        period=seconds(raw.get("periodSeconds"), 10.0),
        failures=number(raw.get("failureThreshold")) or 3,
    )
