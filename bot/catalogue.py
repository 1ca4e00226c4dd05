"""Reads the service catalogue of a team, services.yaml: what each service is, where it is seen, what may be done."""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from engine.model import OperationClass, Tier, Unit
from engine.team import Objective, Remedy, Rollback, Service, Signal

MOST = 50
"""Entries of one list."""
LONGEST = 500
LONGEST_EXPRESSION = 4_000

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(/(?!\.{1,2}(/|$))[\w.-]+)+")
CLUSTER_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
WORKLOAD_KINDS = ("deployment", "statefulset", "daemonset", "job", "cronjob", "rollout")
HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
SIGNAL_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
UNIT_NAME = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_@.:-]{0,254}")


class FileModel(BaseModel):
    """A part of a team file: exact types, and no key nobody reads."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        named, parts = False, urlsplit("")
    if not named or not url.isprintable() or " " in url:
        raise ValueError("this is no web address; write one like https://payment.example.com/healthz")
    if parts.username or parts.password:
        raise ValueError("an address with a password in it would be shown to people; leave the password out")
    return url


def _web_address_or_nothing(url: str) -> str:
    return _web_address(url) if url else url


def _signal_name(name: str) -> str:
    if not SIGNAL_NAME.fullmatch(name):
        raise ValueError("this is no name of a signal; write lower-case letters, digits and _, like queue_depth")
    return name


def _path(path: str) -> str:
    if not path.startswith("/") or ".." in path.split("/") or not path.isprintable():
        raise ValueError("this is no absolute path of one file; write one like /var/log/payment/app.log")
    return path


def _host(host: str) -> str:
    if not HOST.fullmatch(host):
        raise ValueError("this is no name of a host; write it as TOCSIN_HOSTS__SSH names it, like web-1")
    return host


def _unit_name(unit: str) -> str:
    if not UNIT_NAME.fullmatch(unit):
        raise ValueError("this is no unit of systemd; write one like payment.service")
    return unit


def _repository(repository: str) -> str:
    if repository and not REPOSITORY.fullmatch(repository):
        raise ValueError("this is no repository; write owner/name, like shop/payment")
    return repository


def _repo_path(path: str) -> str:
    if path and (".." in path.split("/") or path.startswith("~") or not path.isprintable()):
        raise ValueError(
            "this is no path of a clone; write one below the folder TOCSIN_CLONES__ROOT names, like payment"
        )
    return path


def _namespace(name: str) -> str:
    if name and not CLUSTER_NAME.fullmatch(name):
        raise ValueError("this is no name Kubernetes allows; write one like shop")
    return name


def _workload(workload: str) -> str:
    kind, slash, name = workload.rpartition("/")
    if workload and not (CLUSTER_NAME.fullmatch(name) and (not slash or kind in WORKLOAD_KINDS)):
        raise ValueError("this is no workload; write its name, like payment, or kind and name, like deployment/payment")
    return workload


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("this is more than one line of text")
    return text


Line = Annotated[str, Field(max_length=LONGEST), AfterValidator(_one_line)]
Name = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_one_line)]
WebAddress = Annotated[str, Field(max_length=LONGEST), AfterValidator(_web_address)]
Paths = Annotated[list[Annotated[str, Field(max_length=LONGEST), AfterValidator(_path)]], Field(max_length=MOST)]
Hosts = Annotated[list[Annotated[str, AfterValidator(_host)]], Field(max_length=MOST)]
Units = Annotated[list[Annotated[str, AfterValidator(_unit_name)]], Field(max_length=MOST)]
Workload = Annotated[str, AfterValidator(_workload)]


class ObjectiveFile(FileModel):
    """What a service promises."""

    error_ratio: float = Field(default=0.02, ge=0, le=1)
    latency_p95: float = Field(default=0.0, ge=0)
    availability: float = Field(default=0.0, ge=0, le=1)


class SignalFile(FileModel):
    """A figure the team itself watches."""

    name: Annotated[str, AfterValidator(_signal_name)]
    expression: str = Field(min_length=1, max_length=LONGEST_EXPRESSION)
    unit: Unit = "none"
    worse: Literal["rises", "falls"] = "rises"


class RollbackFile(FileModel):
    """Where a service is rolled back, and to what."""

    executor: Line = ""
    workload: Workload = ""
    argocd_app: Line = ""
    safe_revision: Line = ""


class RemedyFile(FileModel):
    """An operation a service offers."""

    operation: str
    operation_class: OperationClass
    executor: str
    against: list[str]
    tier: Tier = "destructive"
    peer: str = ""
    arguments: dict[str, Any] = {}
    undo: str = ""


class ServiceFile(FileModel):
    """One entry of services.yaml."""

    owner: Line = ""
    environment: Line = ""
    region: Line = ""
    dependencies: Annotated[list[Name], Field(max_length=MOST)] = []
    objective: ObjectiveFile = ObjectiveFile()
    labels: dict[str, str] = {}
    signals: Annotated[list[SignalFile], Field(max_length=MOST)] = []
    runbooks: Annotated[list[WebAddress], Field(max_length=MOST)] = []
    rollback: RollbackFile = RollbackFile()
    repository: Annotated[str, AfterValidator(_repository)] = ""
    repo_path: Annotated[str, Field(max_length=LONGEST), AfterValidator(_repo_path)] = ""
    language: Line = ""
    health_url: Annotated[str, Field(max_length=LONGEST), AfterValidator(_web_address_or_nothing)] = ""
    log_paths: Paths = []
    hosts: Hosts = []
    units: Units = []
    namespace: Annotated[str, AfterValidator(_namespace)] = ""
    workload: Workload = ""
    remedies: list[RemedyFile] = []

    @model_validator(mode="after")
    def _signals_have_names_of_their_own(self) -> Self:
        names = [signal.name for signal in self.signals]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise ValueError(f"two signals are called {twice!r}; give each a name of its own")
        return self

    def read(self, name: str) -> Service:
        """As the engine knows it."""
        return Service(
            name=name,
            owner=self.owner,
            environment=self.environment,
            region=self.region,
            dependencies=tuple(dict.fromkeys(each for each in self.dependencies if each != name)),
            objective=Objective(**self.objective.model_dump()),
            labels=self.labels,
            signals=tuple(Signal(**signal.model_dump()) for signal in self.signals),
            runbooks=tuple(self.runbooks),
            rollback=Rollback(**self.rollback.model_dump()),
            repository=self.repository,
            repo_path=self.repo_path,
            language=self.language,
            health_url=self.health_url,
            log_paths=tuple(self.log_paths),
            hosts=tuple(self.hosts),
            units=tuple(self.units),
            namespace=self.namespace,
            workload=self.workload,
            remedies=tuple(Remedy(**remedy.model_dump()) for remedy in self.remedies),
        )


class ServicesFile(FileModel):
    """services.yaml, under one name so that a key path starts with it."""

    services: dict[str, ServiceFile] = {}
