"""Reads the teams from their files, and keeps the old version of a team whose files are wrong.

    teams/
      trade/
        team.yaml
        services.yaml
        policy.yaml
        patterns.yaml

team.yaml, with everything it may say (`name` alone is needed):

    name: Trade
    language: zh                       # zh or en
    order: 10                          # teams are asked in this order, then by folder name
    match:                             # every label must fit; no matchers: no alert is routed here by its labels
      team: trade                      # exactly this
      service: ~payment-.*|order-.*    # ~ starts a regular expression for the whole value
    rooms: ["console:trade"]           # platform:room
    watchdog_minutes: 15               # how long a heartbeat may stay away; 0 = not watched
    on_call: [alice, bob]              # who is called, in order; absent: everybody who may act, as they stand below
    escalation:                        # while nobody has taken an incident
      after_minutes: 10                # mention again; then the second person and so on; 0 = nobody
      urgent: feishu                   # whoever was called is called by Feishu's 加急; needs im:message.urgent
      room: slack:C0MANAGERS           # a room that hears of incidents only then
      pager: TRADE_PAGER_URL           # the NAMES of the environment variables that hold the address of an events API
      pager_key: TRADE_PAGER_KEY       # (PagerDuty Events v2 and what takes the same) and its routing key
    digest: [daily, weekly]            # what happened, each day and on Mondays; one word is one, and each may be
                                       # written out: {every: weekly, at: "10:00", rooms: ["slack:C0MANAGERS"]}
    digest_at: "09:00"                 # at this hour of the team's time
    zone: Asia/Shanghai                # the team's time, also on its cards
    intake_token: TRADE_INTAKE_TOKEN   # the NAME of the environment variable that holds the token
    sources:                           # where this team's own are; what is not named is as TOCSIN_… says
      prometheus: {url: "https://prom.trade", token: TRADE_PROM_TOKEN, tenant: trade}   # token: a variable's NAME
    approvers: ["slack:group:S0123AB"] # user groups whose members may approve (slack:group:…, feishu:group:…)
    people:
      alice:
        name: Alice
        roles: [responder, approver]   # viewer, responder, approver
        language: zh
        accounts: {console: alice, slack: U024BE7LH}

services.yaml maps a service's name to what bot.catalogue reads of it, patterns.yaml a fault's name to what bot.faults
reads of it; policy.yaml is an engine.team.Policy. All three may be absent. The team `default` is always there and takes
what nobody else matches.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from bot.catalogue import FileModel, ServicesFile
from bot.connectors import VARIABLE, Sources, connections
from bot.digests import DigestKeys
from bot.escalation_keys import EscalationKeys
from bot.expressions import check_pattern
from bot.room_entries import RoomEntry, languages_of, rooms_of
from engine.errors import SettingsError, UnknownName
from engine.masking import mask
from engine.model import Phrase, Tier
from engine.team import Fault, Person, Policy, Role, Service, Team

DEFAULT = "default"
FIRST_ROOM = "console:main"
"""Where incidents show while nobody has written team files."""
TEAM_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")

SECRET = re.compile(r"token|password|secret|key")
"""Names of keys behind which a secret may stand, known ones and those somebody made up."""
LONGEST_VALUE = 256
LARGEST_FILE = 1_000_000


GROUP = re.compile(r"(slack|feishu):group:[A-Za-z0-9_-]{1,64}")
"""A user group of a platform that has some."""

Members = Callable[[str], frozenset[str] | None]


class PersonFile(FileModel):
    """One member in team.yaml."""

    name: str = ""
    roles: list[Role] = ["viewer"]
    language: Literal["", "zh", "en"] = ""
    accounts: dict[str, str] = {}


class TeamFile(DigestKeys, FileModel):
    """team.yaml."""

    name: str = Field(min_length=1, max_length=80)
    language: Literal["zh", "en"] = "en"
    order: int = 100
    match: dict[str, str] = {}
    rooms: list[RoomEntry] = []
    people: dict[str, PersonFile] = {}
    watchdog_minutes: float = Field(default=15.0, ge=0)
    intake_token: str = Field(default="", pattern=VARIABLE)
    on_call: list[str] = []
    escalation: EscalationKeys = EscalationKeys()
    approvers: list[str] = []
    sources: Sources

    @field_validator("approvers")
    @classmethod
    def _groups(cls, groups: list[str]) -> list[str]:
        return [checked_group(group) for group in groups]

    @field_validator("match")
    @classmethod
    def _matchers(cls, match: dict[str, str]) -> dict[str, str]:
        for value in match.values():
            if value.startswith("~"):
                check_pattern(value[1:])
        return match

    def languages(self) -> dict[str, str]:
        """The language of each room that has one of its own, wherever it is named."""
        late = [self.escalation.room] if self.escalation.room else []
        return languages_of([*(room for digest in self.digest for room in digest.rooms), *late, *self.rooms])

    @model_validator(mode="after")
    def _on_call_are_members(self) -> Self:
        if strangers := [person for person in self.on_call if person not in self.people]:
            raise ValueError(f"{strangers[0]!r} is on call and not among the people; add them or correct the name")
        return self


class PolicyFile(FileModel):
    """policy.yaml."""

    approver_role: Role = "approver"
    approval_minutes: float = Field(default=30.0, gt=0)
    break_glass: bool = False
    forbidden: list[str] = []
    tiers: dict[str, Tier] = {}


Learned = Mapping[str, tuple[str, ...]]
"""Callees by service, as people added them."""


@dataclass(frozen=True)
class Version:
    """One team as its files said when they were last right."""

    team: Team
    order: int
    intake_token: str


@dataclass(frozen=True)
class Problem:
    """A team whose files are wrong: the old version stays, and this is to be said in its rooms. `known`: the reading
    before found the same."""

    team: str
    error: SettingsError
    known: bool = False


class TeamFiles:
    """The teams in a directory, as they stood at the last `reload`. Implements engine.ports.Teams. `open_to` are the
    platforms on which everybody counts as an approver, in every team (the demo's); `members` tells who is in a user
    group, None where nobody knows; `hidden` teams can be named, and are in no list."""

    def __init__(
        self,
        directory: Path,
        open_to: frozenset[str] = frozenset(),
        members: Members = lambda group: None,
        hidden: tuple[Team, ...] = (),
    ) -> None:
        self._directory = directory
        self._hidden = {team.id: team for team in hidden}
        self._open_to = open_to
        self._members = members
        self._versions: dict[str, Version] = {DEFAULT: Version(_default(), 0, "")}
        self._wrong: dict[str, Phrase] = {}
        self._learned: dict[str, Learned] = {}
        self._taught: dict[str, tuple[Team, Learned, Team]] = {}

    def learn(self, team: str, learned: Learned) -> None:
        """From now on these dependencies (callees by service) stand beside those of the team's file."""
        self._learned[team] = learned

    def reload(self) -> tuple[Problem, ...]:
        """Read all files again; blocks, so call it in a thread. Each wrong team keeps its old version (a new one is
        left out) and is returned; a team whose folder is gone is gone."""
        found: dict[str, Version] = {}
        problems: list[Problem] = []
        for folder in self._folders():
            try:
                found[folder.name] = read_team(folder)
            except SettingsError as error:
                problems.append(Problem(folder.name, error, self._wrong.get(folder.name) == error.phrase))
                if folder.name in self._versions:
                    found[folder.name] = self._versions[folder.name]
        found.setdefault(DEFAULT, Version(_default(), 0, ""))
        self._versions = dict(sorted(found.items(), key=lambda item: (item[0] == DEFAULT, item[1].order, item[0])))
        self._wrong = {problem.team: problem.error.phrase for problem in problems}
        return tuple(problems)

    def team(self, id: str) -> Team:
        """UnknownName where there is none."""
        if id in self._hidden:
            return self._hidden[id]
        if id not in self._versions:
            raise UnknownName(Phrase(word="error.unknown_team", values={"team": id[:40]}))
        return self._opened(self._versions[id].team)

    def route(self, labels: Mapping[str, str]) -> Team:
        """The first team whose matchers all hold, else `default`."""
        for version in self._versions.values():
            if fits(version.team.match, labels):
                return self._opened(version.team)
        return self._opened(self._versions[DEFAULT].team)

    def all(self) -> Sequence[Team]:
        """Every team in the order it is asked; `default` last."""
        return tuple(self._opened(version.team) for version in self._versions.values())

    def intake_tokens(self) -> Mapping[str, str]:
        """Which environment variable holds a team's own intake token, by team; teams without one are left out."""
        return {id: version.intake_token for id, version in self._versions.items() if version.intake_token}

    def _opened(self, team: Team) -> Team:
        """The team as its files say, with what the process adds to it."""
        team = self._with_learned(team)
        team = team.granting(self._members) if team.approvers else team
        return team.model_copy(update={"open_to": self._open_to}) if self._open_to else team

    def _with_learned(self, team: Team) -> Team:
        """The team with the dependencies people added; made once for each version of its files."""
        if not (learned := self._learned.get(team.id)):
            return team
        kept = self._taught.get(team.id)
        if kept and kept[0] is team and kept[1] is learned:
            return kept[2]
        known = {name: peers for name, peers in learned.items() if name in team.services}
        added = {name: _with_learned(team.services[name], peers) for name, peers in known.items()}
        taught = team.model_copy(update={"services": {**team.services, **added}})
        self._taught[team.id] = (team, learned, taught)
        return taught

    def _folders(self) -> list[Path]:
        if not self._directory.is_dir():
            return []
        return sorted(entry for entry in self._directory.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _with_learned(service: Service, peers: tuple[str, ...]) -> Service:
    new = tuple(peer for peer in peers if peer not in service.dependencies and peer != service.name)
    return service.model_copy(update={"dependencies": (*service.dependencies, *new), "learned": new})


def _default() -> Team:
    return Team(id=DEFAULT, name="Default", rooms=(FIRST_ROOM,), watchdog_minutes=15.0)


def fits(match: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether these labels satisfy all matchers; no matchers fit nothing."""
    return bool(match) and all(_fits(wanted, labels.get(name, "")) for name, wanted in match.items())


def checked_group(group: str) -> str:
    """The user group as it was written; ValueError where it is none."""
    if not GROUP.fullmatch(group):
        raise ValueError(f"{group!r} is no user group; write slack:group:S0123ABCD or feishu:group:g128187")
    return group


def read_team(folder: Path) -> Version:
    """The team of one folder. SettingsError names the file, the key, what is wrong and what would be right."""
    if not TEAM_ID.fullmatch(folder.name):
        raise SettingsError(Phrase(word="error.team_folder", values={"folder": folder.name[:60]}))
    file = _read(folder / "team.yaml", TeamFile, required=True)
    services = _read(folder / "services.yaml", ServicesFile, under="services").services
    policy = _read(folder / "policy.yaml", PolicyFile)
    team = Team(
        id=folder.name,
        name=file.name,
        language=file.language,
        match=file.match,
        rooms=rooms_of(file.rooms),
        languages=file.languages(),
        people=tuple(_person(id, person) for id, person in file.people.items()),
        services={name: service.read(name) for name, service in services.items()},
        policy=Policy(**policy.model_dump(exclude={"forbidden"}), forbidden=tuple(policy.forbidden)),
        watchdog_minutes=file.watchdog_minutes,
        on_call=tuple(file.on_call),
        escalation=file.escalation.read(),
        digests=file.read(),
        zone=file.zone,
        sources=connections(file.sources),
        approvers=tuple(file.approvers),
        faults=_faults(folder / "patterns.yaml"),
    )
    _accounts_are_unique(folder / "team.yaml", team)
    return Version(team, file.order, file.intake_token)


def _faults(path: Path) -> tuple[Fault, ...]:
    if not path.is_file():
        return ()
    from bot.faults import FaultsFile, faults  # noqa: PLC0415 - brings every pattern there is; most teams have no file

    return faults(_read(path, FaultsFile, under="patterns"))


Shape = TypeVar("Shape", bound=FileModel)


def _read(path: Path, shape: type[Shape], *, under: str = "", required: bool = False) -> Shape:
    place = f"{path.parent.name}/{path.name}"
    if not path.is_file():
        if required:
            raise SettingsError(Phrase(word="error.team_file_missing", values={"file": place}))
        return shape()
    content = _yaml(path, place)
    try:
        return shape.model_validate({under: content} if under else content)
    except ValidationError as error:
        raise _wrong(place, error, skip=1 if under else 0) from None


def _yaml(path: Path, place: str) -> Any:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SettingsError(Phrase(word="error.team_file_large", values={"file": place}))
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError, RecursionError) as error:
        detail = " ".join(str(error).split())[:200].replace(str(path.parent.parent), "teams")
        raise SettingsError(Phrase(word="error.team_file_yaml", values={"file": place, "detail": detail})) from None
    return {} if content is None else content


def _wrong(place: str, error: ValidationError, skip: int) -> SettingsError:
    problem = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in problem["loc"][skip:]) or "(the whole file)"
    context = problem.get("ctx", {})
    known = {"missing", "extra_forbidden", "literal_error", "string_type", "int_type", "float_type", "bool_type"}
    known |= {"dict_type", "list_type", "model_type"}
    word = f"error.team_key.{problem['type']}" if problem["type"] in known else "error.team_key.other"
    wrong = Phrase(
        word=word,
        values={
            "expected": str(context.get("expected", "")),
            # Whoever writes a token where its variable's name belongs must not read it again in a chat room.
            "input": "…" if SECRET.search(key) else mask(repr(problem.get("input")))[:80],
            "detail": problem["msg"].removeprefix("Value error, ")[:200],
        },
    )
    return SettingsError(Phrase(word="error.team_file", values={"file": place, "key": key, "wrong": wrong}))


def _accounts_are_unique(path: Path, team: Team) -> None:
    """One account that is two people could approve its own request."""
    owners: dict[tuple[str, str], str] = {}
    for person in team.people:
        for account in person.accounts.items():
            if account in owners:
                values = {
                    "file": f"{path.parent.name}/{path.name}",
                    "account": ":".join(account),
                    "one": owners[account],
                    "other": person.id,
                }
                raise SettingsError(Phrase(word="error.team_account_twice", values={**values}))
            owners[account] = person.id


def _person(id: str, file: PersonFile) -> Person:
    return Person(
        id=id,
        name=file.name or id,
        roles=frozenset(file.roles),
        # In the browser room a person is known by the id itself: `tocsin sign-in alice` signs alice in.
        accounts={"console": id} | file.accounts,
        language=file.language,
    )


def _fits(wanted: str, value: str) -> bool:
    if wanted.startswith("~"):
        return re.fullmatch(wanted[1:], value[:LONGEST_VALUE]) is not None
    return wanted == value
