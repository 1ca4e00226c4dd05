"""Opens the sources of evidence that the settings and the teams name: one line in OPENERS for each kind."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiohttp import ClientSession
from pydantic import SecretStr

from bot.settings import Backend, GitHub, Settings, Telemetry, command_environment
from engine.code import CodeReader
from engine.ports import Clock, Source
from engine.sources.hosts import Hosts
from engine.sources.probes import ProbesSource
from engine.team import Connection, Team

SHARE = 0.9
"""Of the time the engine waits for a source, so that it says itself what it waited for."""

Opener = Callable[[Settings, ClientSession], Source]


class Connected:
    """The sources that are open: the process's, and those that teams name for themselves, opened when first asked for
    and again when a team's file says otherwise. `secret` gives the value of an environment variable by its name, and
    `last` are sources that are everybody's."""

    def __init__(
        self, settings: Settings, session: ClientSession, secret: Callable[[str], str], last: Sequence[Source] = ()
    ) -> None:
        self._settings, self._session, self._secret = settings, session, secret
        self._shared = _opened(settings, session, OPENERS)
        self._last = (ProbesSource(session, patience=SHARE * settings.pace.source_timeout), *last)
        self._own: dict[str, tuple[Mapping[str, Connection], Mapping[str, Source]]] = {}

    def of(self, team: Team) -> tuple[Source, ...]:
        """A team's sources, in the order people read evidence; what it does not name is the process's."""
        named, own = self._own.get(team.id, ({}, {}))
        if named != team.sources:
            own = _opened(settings_of(team, self._settings, self._secret), self._session, team.sources)
            self._own[team.id] = (team.sources, own)
        known = {**self._shared, **own}
        return (*(known[kind] for kind in OPENERS if kind in known), *self._last)


def settings_of(team: Team, settings: Settings, secret: Callable[[str], str]) -> Settings:
    """The settings as a team's file changes them. A token never goes to an address it was not set for."""
    changed: dict[str, Any] = {}
    for kind, own in team.sources.items():
        section = getattr(settings, kind)
        update: dict[str, Any] = {"api_url" if kind == "github" else "url": own.url} if own.url else {}
        if own.token or own.url:
            update["token"] = SecretStr(secret(own.token) if own.token else "")
            update |= {"token_file": ""} if "token_file" in type(section).model_fields else {}
        if "tenant" in type(section).model_fields and (own.tenant or own.url):
            update["tenant"] = own.tenant
        if own.timeout:
            update["timeout"] = own.timeout
        changed[kind] = section.model_copy(update=update)
    return settings.model_copy(update=changed)


def _opened(settings: Settings, session: ClientSession, kinds: Iterable[str]) -> dict[str, Source]:
    """What the settings name of these kinds; an empty address is no source."""
    return {kind: OPENERS[kind](settings, session) for kind in kinds if getattr(settings, kind).url}


def open_hosts(settings: Settings) -> Hosts:
    """The machines that may be looked at; none by default."""
    return Hosts(settings.hosts.ssh, local=settings.hosts.local, environment=command_environment())


def open_host_logs(settings: Settings, hosts: Hosts, clock: Clock) -> tuple[Source, ...]:
    """What these machines say; nobody where the settings name none."""
    if not hosts.names:
        return ()
    from engine.sources.host_logs import HostLogsSource

    patience = SHARE * settings.pace.source_timeout
    return (HostLogsSource(hosts, roots=settings.hosts.roots, now=clock.now, patience=patience),)


def open_clones(settings: Settings) -> tuple[CodeReader, ...]:
    """The clones on this machine whose code may be shown; nobody where the settings name no folder of them."""
    if not settings.clones.root:
        return ()
    from engine.sources.clones import ClonesReader

    path = command_environment().get("PATH", "")
    return (ClonesReader(settings.clones.root, path=path, patience=SHARE * settings.pace.source_timeout),)


def _prometheus(settings: Settings, session: ClientSession) -> Source:
    from engine.sources.prometheus import PrometheusSource

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
    from engine.sources.loki import LokiSource

    logs = settings.loki
    patience = _patience(settings, logs)
    return LokiSource(logs.url, session=session, token=token(logs), tenant=logs.tenant, patience=patience)


def _jaeger(settings: Settings, session: ClientSession) -> Source:
    from engine.sources.jaeger import JaegerSource

    traces = settings.jaeger
    patience = _patience(settings, traces)
    return JaegerSource(traces.url, session=session, token=token(traces), tenant=traces.tenant, patience=patience)


def _tempo(settings: Settings, session: ClientSession) -> Source:
    from engine.sources.tempo import TempoSource

    traces = settings.tempo
    patience = _patience(settings, traces)
    return TempoSource(traces.url, session=session, token=token(traces), tenant=traces.tenant, patience=patience)


def _alertmanager(settings: Settings, session: ClientSession) -> Source:
    from engine.sources.alertmanager import AlertmanagerSource

    alerts = settings.alertmanager
    patience = _patience(settings, alerts)
    return AlertmanagerSource(alerts.url, session=session, token=token(alerts), tenant=alerts.tenant, patience=patience)


def _releases(settings: Settings, session: ClientSession) -> Source:
    from engine.sources.releases import ReleasesSource

    changes = settings.releases
    return ReleasesSource(changes.url, session=session, token=token(changes), patience=_patience(settings, changes))


def _argocd(settings: Settings, session: ClientSession) -> Source:
    from engine.sources.argocd import ArgoCdSource

    deploys = settings.argocd
    return ArgoCdSource(deploys.url, session=session, token=token(deploys), patience=_patience(settings, deploys))


def _kubernetes(settings: Settings, session: ClientSession) -> Source:
    from engine.sources.kubernetes import KubernetesSource

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
    from engine.sources.github import GitHubSource, GitHubWithCode

    github = settings.github
    kind = GitHubWithCode if github.code else GitHubSource
    return kind(github.url, session=session, token=token(github), patience=_patience(settings, github))


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
