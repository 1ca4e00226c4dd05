"""Reads which incidents a person wants to see: by state, severity, service, source, or whose they are."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from engine.incident import Incident
from engine.intake import SEVERITIES
from engine.team import Team

Fits = Callable[[Incident], bool]


def _is_open(incident: Incident) -> bool:
    return incident.status != "closed"


def _is_free(incident: Incident) -> bool:
    return _is_open(incident) and not (incident.assignee or incident.acknowledged_by)


STATES: dict[str, tuple[str, Fits]] = {
    **dict.fromkeys(("open", "active", "unresolved", "未关闭", "进行中", "打开"), ("open", _is_open)),
    **dict.fromkeys(("closed", "done", "已关闭", "已结束"), ("closed", lambda i: i.status == "closed")),
    **dict.fromkeys(("free", "unacked", "unassigned", "无人认领", "未认领", "没人管"), ("free", _is_free)),
    **dict.fromkeys(
        ("waiting", "pending", "approval", "待审批", "等待审批", "待批"),
        ("waiting", lambda i: i.status == "awaiting_approval"),
    ),
    **dict.fromkeys(
        ("investigating", "调查中", "诊断中"), ("investigating", lambda i: i.status in ("open", "investigating"))
    ),
    **dict.fromkeys(
        ("needs-human", "needs_human", "stuck", "需人工", "转人工", "卡住"),
        ("needs_human", lambda i: bool(i.stuck) or i.status == "needs_human"),
    ),
    **dict.fromkeys(("recovered", "resolved", "已恢复"), ("recovered", lambda i: "recovered" in (i.status, i.outcome))),
    **dict.fromkeys(("false-alarm", "false_alarm", "误报"), ("false_alarm", lambda i: i.outcome == "false_alarm")),
}
"""What people write for a state, what it is called in our words, and which incidents it means."""
MINE = ("mine", "my", "me", "我的", "我")
NOISE = ("of", "the", "only", "for", "and", "incidents", "all", "severity", "service", "的", "事件", "全部", "所有")
SOURCES = {
    **{name: name for name in ("alertmanager", "generic", "slack", "feishu", "wecom", "console", "api", "heartbeat")},
    "飞书": "feishu",
    "企业微信": "wecom",
    "网页": "console",
    "web": "console",
}
"""Where incidents come from, as people write it."""
APART = re.compile(r"[\s,，、:：=]+")


@dataclass(frozen=True)
class Choice:
    """Which incidents are meant. `names` are the parts of the choice: (kind, what)."""

    fits: tuple[Fits, ...] = ()
    names: tuple[tuple[str, str], ...] = ()

    def meant(self, incident: Incident) -> bool:
        """Whether this is one of them."""
        return all(fits(incident) for fits in self.fits)


def understood(text: str, team: Team, actor: str) -> Choice | str:
    """The choice a text makes; the word nobody understands otherwise."""
    fits: list[Fits] = []
    names: list[tuple[str, str]] = []
    for word in APART.split(text.casefold().strip()):
        if not word or word in NOISE:
            continue
        part = _part(word, team, actor)
        if part is None:
            return word
        fits.append(part[0])
        names.append(part[1])
    return Choice(tuple(fits), tuple(names))


def _part(word: str, team: Team, actor: str) -> tuple[Fits, tuple[str, str]] | None:
    if word in MINE:
        return (lambda i: actor in (i.assignee, i.acknowledged_by)), ("mine", "")
    if (known := STATES.get(word)) is not None:
        return known[1], ("state", known[0])
    if (severity := SEVERITIES.get(word)) is not None and not word.isdigit():
        return (lambda i: i.severity == severity), ("severity", severity)
    if (service := next((name for name in team.services if name.casefold() == word), None)) is not None:
        return (lambda i: i.service == service), ("service", service)
    person = next((p for p in team.people if word in (p.id.casefold(), p.name.casefold())), None)
    if person is not None:
        return (lambda i: person.id in (i.assignee, i.acknowledged_by)), ("person", person.name)
    if (source := SOURCES.get(word)) is not None:
        return (lambda i: i.source == source), ("source", source)
    return None
