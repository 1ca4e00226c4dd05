"""Reads where a team's own sources of evidence are, in team.yaml: what it does not name is the process's."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bot.catalogue import FileModel, Line, WebAddress
from engine.team import Connection

VARIABLE = r"^([A-Za-z_][A-Za-z0-9_]*)?$"
"""The name of an environment variable, or nothing."""

LOUD_VARIABLE = r"^([A-Z_][A-Z0-9_]*)?$"
"""The same in capitals: a token somebody wrote here by mistake has small letters, and must not be shown as a name."""

Kind = Literal["prometheus", "loki", "jaeger", "tempo", "kubernetes", "releases", "argocd", "github", "alertmanager"]

SHARED: frozenset[Kind] = frozenset({"prometheus", "loki", "jaeger", "tempo", "alertmanager"})
"""Kinds of backends that several tenants share, each of which may be waited for differently."""


class SourceFile(FileModel):
    """One of a team's own sources; `token` is the NAME of an environment variable."""

    url: WebAddress = ""
    token: str = Field(default="", pattern=LOUD_VARIABLE)
    tenant: Line = ""
    timeout: float = Field(default=0.0, ge=0, le=600)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.url or self.token or self.tenant or self.timeout):
            raise ValueError(
                "this names no source; write its url, the name of its token's variable, its tenant or its timeout"
            )
        return self


def _understood(sources: dict[Kind, SourceFile]) -> dict[Kind, SourceFile]:
    for kind, file in sources.items():
        if kind not in SHARED and (file.tenant or file.timeout):
            raise ValueError(f"{kind} knows no tenant and no timeout of its own; leave them out")
    return sources


Sources = Annotated[dict[Kind, SourceFile], Field(default_factory=dict), AfterValidator(_understood)]


def connections(sources: Mapping[Kind, SourceFile]) -> dict[str, Connection]:
    """As the engine knows them."""
    return {kind: Connection(**file.model_dump()) for kind, file in sources.items()}
