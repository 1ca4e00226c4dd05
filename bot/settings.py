"""Reads the settings once, from a TOML file and TOCSIN_* variables, into one frozen tree."""

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from engine.errors import SettingsError
from engine.model import OperationClass, Phrase
from engine.tempo import Tempo

PREFIX = "TOCSIN_"
POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds what it needs to speak to its cluster."""
PUBLIC_GITHUB = "https://api.github.com"
HOST_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,252}")
DESTINATION = re.compile(r"(ssh://)?[A-Za-z0-9][\w.@:-]{0,252}")
INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK")
"""What a command on a host needs of our environment; tokens are none of it."""


class Section(BaseModel):
    """A part of the settings; an unknown key is an error that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Http(Section):
    """Where the process listens, and under which address people reach it."""

    host: str = "127.0.0.1"
    port: int = Field(default=8321, ge=0, le=65535)
    public_url: str = ""


class Intake(Section):
    """The alert receiver: its bearer token (none: loopback only) and how large one call may be, in bytes."""

    token: SecretStr = SecretStr("")
    max_bytes: int = Field(default=4 * 1024 * 1024, ge=1024)


class Api(Section):
    """Bearer tokens of the HTTP API: one that may open incidents, one that may only read."""

    token: SecretStr = SecretStr("")
    read_token: SecretStr = SecretStr("")


class Storage(Section):
    """Where everything that must survive is kept; empty means tocsin.sqlite in the data directory."""

    url: str = ""

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, value: str) -> str:
        if value and not value.startswith("sqlite:///"):
            raise ValueError("this store is not known; use sqlite:///path/to/file")
        return value


def _split_names(value: Any) -> Any:
    if isinstance(value, str):
        return frozenset(name.strip() for name in value.split(",") if name.strip())
    return value


Names = Annotated[frozenset[str], NoDecode, BeforeValidator(_split_names)]
"""Names with commas between them."""


class Execution(Section):
    """Whether changes may be made at all, and which operations; nothing by default."""

    enabled: bool = False
    allowed_operations: Names = frozenset()


class Backend(Section):
    """One backend: its address (empty: not configured) and bearer token."""

    url: str = ""
    token: SecretStr = SecretStr("")

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("this is not a web address; write it like http://prometheus:9090")
        return value.rstrip("/")


class Telemetry(Backend):
    """A backend that may serve several tenants (empty: none is named); `timeout` is how many seconds a round of asking
    it may take, 0 for as long as any source."""

    tenant: str = ""
    timeout: float = Field(default=0.0, ge=0)


class GitHub(Section):
    """GitHub, or a GitHub Enterprise Server by the address of its API; asked only where one of both is set. `code`:
    whether lines of code may be shown."""

    token: SecretStr = SecretStr("")
    api_url: str = PUBLIC_GITHUB
    code: bool = True

    @field_validator("api_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        return Backend(url=value).url

    @property
    def url(self) -> str:
        """Where to ask; "" for nowhere."""
        return self.api_url if self.token.get_secret_value() or self.api_url != PUBLIC_GITHUB else ""


class Kubernetes(Backend):
    """A Kubernetes API server: how to sign in (a token, or a file that holds one) and which authority vouches for it;
    the namespaces that may be looked into, those the catalogue names when empty. `in_cluster`: all of that as the
    service account of the pod this process runs in."""

    token_file: str = ""
    ca_file: str = ""
    namespaces: Names = frozenset()
    in_cluster: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_the_pod(cls, given: Any) -> Any:
        if not isinstance(given, dict) or str(given.get("in_cluster", "")).lower() not in ("true", "1", "yes", "on"):
            return given
        host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        if not host and not given.get("url"):
            raise ValueError("this process runs in no pod of a cluster; leave in_cluster out and set url")
        shown = f"[{host}]" if ":" in host else host
        usual = {"url": f"https://{shown}:{port}", "ca_file": str(POD / "ca.crt")}
        if not given.get("token"):
            usual["token_file"] = str(POD / "token")
        return given | {name: value for name, value in usual.items() if not given.get(name)}


class Prometheus(Telemetry):
    """Prometheus, and anything that speaks its API; `step` and `rate_window` in seconds."""

    step: float = Field(default=15.0, gt=0)
    rate_window: float = Field(default=60.0, gt=0)


class Releases(Backend):
    """A release platform: its deploy history, and the operations it offers with their class ("name=class, …")."""

    operations: Annotated[dict[str, OperationClass], NoDecode] = {}

    @field_validator("operations", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            pairs = (pair.partition("=") for pair in value.split(",") if pair.strip())
            return {name.strip(): kind.strip() for name, _, kind in pairs}
        return value


class Hosts(Section):
    """Machines whose log files, journal and state may be read: this one, and those ssh reaches ("name=user@address, …";
    a name alone is what ssh calls it). `log_roots`: folders below which log files may lie, with commas between."""

    local: bool = False
    ssh: Annotated[dict[str, str], NoDecode] = {}
    log_roots: str = "/var/log"

    @field_validator("ssh", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            pairs = (pair.partition("=") for pair in value.split(",") if pair.strip())
            return {name.strip(): (target or name).strip() for name, _, target in pairs}
        return value

    @field_validator("ssh")
    @classmethod
    def _destinations(cls, value: dict[str, str]) -> dict[str, str]:
        for name, target in value.items():
            if name == "local" or not HOST_NAME.fullmatch(name) or not DESTINATION.fullmatch(target):
                raise ValueError(f"{name[:40]}={target[:60]} names no host; write it like web-1=ops@10.0.0.5")
        return value

    @property
    def roots(self) -> frozenset[str]:
        """The folders, each by itself."""
        return frozenset(root.strip() for root in self.log_roots.split(",") if root.strip().startswith("/"))


class Clones(Section):
    """The folder below which clones lie whose code may be shown (empty: none is read)."""

    root: str = ""

    @field_validator("root")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if value and not value.startswith("/"):
            raise ValueError("this is no absolute path of a folder; write one like /srv/clones")
        return value


class Watcher(Section):
    """Whether health addresses and log files of the catalogue are watched where no monitoring does, how often
    (seconds), how many at a time, and after how many failures in a row an alert is raised and successes it ends."""

    enabled: bool = False
    every: float = Field(default=60.0, ge=5)
    at_once: int = Field(default=2, ge=1)
    failures: int = Field(default=3, ge=1)
    successes: int = Field(default=2, ge=1)


class Slack(Section):
    """A Slack app: its bot token (empty: no Slack), the app token of Socket Mode or, for HTTP, the signing secret;
    which workspaces (team ids) may speak to it, all it is installed in when empty; in which channels (ids) beside the
    teams' own, everywhere when empty; and where the Web API is."""

    bot_token: SecretStr = SecretStr("")
    app_token: SecretStr = SecretStr("")
    signing_secret: SecretStr = SecretStr("")
    workspaces: Names = frozenset()
    rooms: Names = frozenset()
    api_url: str = "https://slack.com/api/"


class Feishu(Section):
    """A Feishu or Lark app: its id (empty: no Feishu) and secret; for HTTP callbacks instead of the long connection,
    the verification token and encrypt key; which tenants (tenant keys) may speak to it, all when empty; in which chats
    (ids) beside the teams' own, everywhere when empty; its domain."""

    app_id: str = ""
    app_secret: SecretStr = SecretStr("")
    verification_token: SecretStr = SecretStr("")
    encrypt_key: SecretStr = SecretStr("")
    tenants: Names = frozenset()
    rooms: Names = frozenset()
    domain: str = "https://open.feishu.cn"


class WeCom(Section):
    """A WeCom AI bot (its id, empty: no AI bot, and secret), and beside it or instead a self-built app with its
    callback: corporation id, agent id, secret, callback token and AES key; in which chats (ids) beside the teams' own
    people may speak to it, everywhere when empty."""

    bot_id: str = ""
    bot_secret: SecretStr = SecretStr("")
    corp_id: str = ""
    agent_id: str = ""
    secret: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")
    encoding_aes_key: SecretStr = SecretStr("")
    rooms: Names = frozenset()
    ws_url: str = "wss://openws.work.weixin.qq.com"
    api_url: str = "https://qyapi.weixin.qq.com"


class SelfTest(Section):
    """How often the whole way is tried, in hours; 0: only when somebody asks for it."""

    every_hours: float = Field(default=24.0, ge=0)


class Settings(BaseSettings):
    """Everything that can be set. Sections are separated by two underscores in variables: TOCSIN_HTTP__PORT."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    data_dir: Path = Path("tocsin-data")
    http: Http = Http()
    intake: Intake = Intake()
    api: Api = Api()
    store: Storage = Storage()
    execution: Execution = Execution()
    prometheus: Prometheus = Prometheus()
    alertmanager: Telemetry = Telemetry()
    loki: Telemetry = Telemetry()
    jaeger: Telemetry = Telemetry()
    tempo: Telemetry = Telemetry()
    releases: Releases = Releases()
    argocd: Backend = Backend()
    kubernetes: Kubernetes = Kubernetes()
    github: GitHub = GitHub()
    hosts: Hosts = Hosts()
    clones: Clones = Clones()
    watcher: Watcher = Watcher()
    slack: Slack = Slack()
    feishu: Feishu = Feishu()
    wecom: WeCom = WeCom()
    self_test: SelfTest = SelfTest()
    pace: Tempo = Tempo()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over variables, variables over the file."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))

    @property
    def store_path(self) -> Path:
        """The SQLite file."""
        return Path(self.store.url.removeprefix("sqlite:///")) if self.store.url else self.data_dir / "tocsin.sqlite"

    @property
    def public_url(self) -> str:
        """The address cards link to, without a trailing slash."""
        return (self.http.public_url or f"http://{self.http.host}:{self.http.port}").rstrip("/")


def load(config: Path | None = None, **overrides: Any) -> Settings:
    """Read the settings. SettingsError names every key that is wrong, what is wrong, and what would be right."""
    if config is not None and not config.is_file():
        raise SettingsError(Phrase(word="error.no_config", values={"path": str(config)}))
    configured = type("Configured", (Settings,), {"model_config": {**Settings.model_config, "toml_file": config}})
    try:
        settings: Settings = configured(**overrides)
    except ValidationError as error:
        raise SettingsError(Phrase(word="error.settings", values={"problems": _problems(error)})) from None
    except (ValueError, OSError) as error:
        raise SettingsError(Phrase(word="error.settings", values={"problems": str(error)[:300]})) from None
    if unknown := _unknown_variables():
        raise SettingsError(Phrase(word="error.settings_unknown", values={"names": ", ".join(unknown)}))
    return settings


def secret_from_environment(name: str) -> str:
    """The value of a variable a team file refers to by name; "" where it is not set."""
    return os.environ.get(name, "")


def command_environment() -> dict[str, str]:
    """What commands that look at hosts inherit, in a language whose output we read."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return kept | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def preferred_language() -> str:
    """zh where the machine speaks Chinese, else en."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if spoken.startswith("zh") else "en"


def _unknown_variables() -> list[str]:
    sections = {name.upper() for name in Settings.model_fields}
    names = (name for name in os.environ if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}REQUIRE_"))
    return sorted(name for name in names if name.removeprefix(PREFIX).split("__")[0] not in sections)


def _problems(error: ValidationError) -> str:
    """One clause per wrong key, never with the value of a secret."""
    clauses = []
    for item in error.errors(include_input=False, include_url=False):
        path = [str(part) for part in item["loc"]]
        variable = PREFIX + "__".join(path).upper()
        clauses.append(f"{'.'.join(path)} ({variable}): {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(clauses)
