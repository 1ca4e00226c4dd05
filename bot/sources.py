"""Opens the sources of evidence that the settings name: one line in OPENERS for each kind."""

from collections.abc import Callable, Mapping

from aiohttp import ClientSession

from bot.settings import Backend, GitHub, Settings, Telemetry, command_environment
from engine.ports import Clock, Source
from engine.sources.alertmanager import AlertmanagerSource
from engine.sources.argocd import ArgoCdSource
from engine.sources.github import GitHubSource
from engine.sources.host_logs import HostLogsSource
from engine.sources.hosts import Hosts
from engine.sources.jaeger import JaegerSource
from engine.sources.kubernetes import KubernetesSource
from engine.sources.loki import LokiSource
from engine.sources.probes import ProbesSource
from engine.sources.prometheus import PrometheusSource
from engine.sources.releases import ReleasesSource
from engine.sources.tempo import TempoSource

SHARE = 0.9
"""Of the time the engine waits for a source, so that it says itself what it waited for."""

Opener = Callable[[Settings, ClientSession], Source]


def open_sources(settings: Settings, session: ClientSession) -> tuple[Source, ...]:
    """What the settings name, in the order people read evidence (an empty address is no source), then what teams' files
    name."""
    named = [opener(settings, session) for name, opener in OPENERS.items() if getattr(settings, name).url]
    return (*named, ProbesSource(session, patience=SHARE * settings.pace.source_timeout))


def open_hosts(settings: Settings) -> Hosts:
    """The machines that may be looked at; none by default."""
    return Hosts(settings.hosts.ssh, local=settings.hosts.local, environment=command_environment())


def open_host_logs(settings: Settings, hosts: Hosts, clock: Clock) -> tuple[HostLogsSource, ...]:
    """What these machines say; nobody where the settings name none."""
    if not hosts.names:
        return ()
    patience = SHARE * settings.pace.source_timeout
    return (HostLogsSource(hosts, roots=settings.hosts.roots, now=clock.now, patience=patience),)


def _prometheus(settings: Settings, session: ClientSession) -> Source:
    metrics = settings.prometheus
    return PrometheusSource(
        metrics.url,
        session=session,
        step=metrics.step,
        token=token(metrics),
        tenant=metrics.tenant,
        patience=_patience(settings, metrics),
        rate_window=metrics.rate_window,
    )


def _loki(settings: Settings, session: ClientSession) -> Source:
    logs = settings.loki
    patience = _patience(settings, logs)
    return LokiSource(logs.url, session=session, token=token(logs), tenant=logs.tenant, patience=patience)


def _jaeger(settings: Settings, session: ClientSession) -> Source:
    traces = settings.jaeger
    patience = _patience(settings, traces)
    return JaegerSource(traces.url, session=session, token=token(traces), tenant=traces.tenant, patience=patience)


def _tempo(settings: Settings, session: ClientSession) -> Source:
    traces = settings.tempo
    patience = _patience(settings, traces)
    return TempoSource(traces.url, session=session, token=token(traces), tenant=traces.tenant, patience=patience)


def _alertmanager(settings: Settings, session: ClientSession) -> Source:
    alerts = settings.alertmanager
    patience = _patience(settings, alerts)
    return AlertmanagerSource(alerts.url, session=session, token=token(alerts), tenant=alerts.tenant, patience=patience)


def _releases(settings: Settings, session: ClientSession) -> Source:
    changes = settings.releases
    return ReleasesSource(changes.url, session=session, token=token(changes), patience=_patience(settings, changes))


def _argocd(settings: Settings, session: ClientSession) -> Source:
    deploys = settings.argocd
    return ArgoCdSource(deploys.url, session=session, token=token(deploys), patience=_patience(settings, deploys))


def _kubernetes(settings: Settings, session: ClientSession) -> Source:
    cluster = settings.kubernetes
    return KubernetesSource(
        cluster.url,
        session=session,
        token=token(cluster),
        token_file=cluster.token_file,
        ca_file=cluster.ca_file,
        namespaces=sorted(cluster.namespaces),
        patience=_patience(settings, cluster),
    )


def _github(settings: Settings, session: ClientSession) -> Source:
    code = settings.github
    return GitHubSource(code.url, session=session, token=token(code), patience=_patience(settings, code))


OPENERS: Mapping[str, Opener] = {
    "prometheus": _prometheus,
    "loki": _loki,
    "jaeger": _jaeger,
    "tempo": _tempo,
    "kubernetes": _kubernetes,
    "releases": _releases,
    "argocd": _argocd,
    "github": _github,
    "alertmanager": _alertmanager,
}
"""By section of the settings: numbers, words, paths, what the platform says, changes, and what only makes a context."""


def token(backend: Backend | GitHub) -> str:
    """The bearer token of a backend; "" where it needs none."""
    return backend.token.get_secret_value()


def _patience(settings: Settings, backend: Backend | GitHub) -> float:
    longest = settings.pace.source_timeout
    own = backend.timeout if isinstance(backend, Telemetry) else 0.0
    return SHARE * min(own or longest, longest)
