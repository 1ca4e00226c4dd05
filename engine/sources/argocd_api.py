"""Names what Argo CD answers, as far as it is read."""

from pydantic import AwareDatetime, BaseModel

SHORT = 12
"""Letters of a commit that tell it from others."""
FULL = 40
"""Letters of a whole commit."""


class Metadata(BaseModel):
    """What an application is called, and in which namespace of Argo CD it lives."""

    name: str
    namespace: str = ""


class Destination(BaseModel):
    """Where an application is deployed."""

    namespace: str = ""


class Origin(BaseModel):
    """Where the manifests of an application come from."""

    repoURL: str = ""  # noqa: N815
    targetRevision: str = ""  # noqa: N815
    chart: str = ""


class Automated(BaseModel):
    """Whether Argo CD syncs by itself; there and silent means yes."""

    enabled: bool | None = None
    selfHeal: bool = False  # noqa: N815


class SyncPolicy(BaseModel):
    """When an application is synced."""

    automated: Automated | None = None


class Spec(BaseModel):
    """What an application should be."""

    project: str = ""
    destination: Destination = Destination()
    syncPolicy: SyncPolicy | None = None  # noqa: N815


class Initiator(BaseModel):
    """Who started a sync."""

    username: str = ""
    automated: bool = False


class Deployed(BaseModel):
    """One entry of an application's history."""

    id: int
    revision: str = ""
    revisions: list[str] = []
    deployStartedAt: AwareDatetime | None = None  # noqa: N815
    deployedAt: AwareDatetime  # noqa: N815
    initiatedBy: Initiator = Initiator()  # noqa: N815
    source: Origin = Origin()

    @property
    def commits(self) -> tuple[str, ...]:
        """The commits of all its sources; a chart's version is none."""
        return tuple(each for each in (self.revision, *self.revisions) if len(each) >= FULL)

    @property
    def version(self) -> str:
        """The commits or chart versions of all its sources."""
        found = [each for each in (self.revision, *self.revisions) if each]
        return "+".join(each if len(each) < 20 else each[:SHORT] for each in found)[:60]


class Compared(BaseModel):
    """Whether what runs is what Git says."""

    status: str = ""
    revision: str = ""


class Health(BaseModel):
    """How an application or a part of it does."""

    status: str = ""
    message: str = ""


class Resource(BaseModel):
    """One object of an application."""

    kind: str = ""
    name: str = ""
    status: str = ""
    health: Health | None = None


class Running(BaseModel):
    """The newest sync."""

    phase: str = ""
    message: str = ""


class Trouble(BaseModel):
    """Something Argo CD finds wrong with an application."""

    type: str = ""
    message: str = ""


class State(BaseModel):
    """How an application stands."""

    history: list[Deployed] = []
    sync: Compared = Compared()
    health: Health = Health()
    operationState: Running | None = None  # noqa: N815
    resources: list[Resource] = []
    conditions: list[Trouble] = []


class Application(BaseModel):
    """One application of Argo CD."""

    metadata: Metadata
    spec: Spec = Spec()
    status: State = State()


class Applications(BaseModel):
    """All applications a token may see; `items` is null where there are none."""

    items: list[Application] | None = None


class Commit(BaseModel):
    """What Git says of a revision."""

    author: str = ""
    message: str = ""
    tags: list[str] | None = None
