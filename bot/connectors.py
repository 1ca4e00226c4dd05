"""Reads where a team's own sources of evidence are, in team.yaml: what it does not name is the process's."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bot.catalogue import FileModel, Line, WebAddress
from engine.team import Connection

VARIABLE = r"^([A-Za-z_][A-Za-z0-9_]*)?$"
"""The name of an environment variable, or nothing."""

LOUD_VARIABLE = r"^([A-Z_][A-Z0-9_]*)?$"
"""The same in capitals: a token somebody wrote here by mistake has small letters, and must not be shown as a name."""

Kind = Literal["prometheus", "loki", "jaeger", "tempo", "kubernetes", "releases", "argocd", "github", "alertmanager"]


class SourceFile(FileModel):
    """One of a team's own sources; `token` is the NAME of an environment variable."""

    url: WebAddress = ""
    token: str = Field(default="", pattern=LOUD_VARIABLE)
    tenant: Line = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.url or self.token or self.tenant):
            raise ValueError("this names no source; write its url, the name of its token's variable, or its tenant")
        return self


Sources = Annotated[dict[Kind, SourceFile], Field(default_factory=dict)]


def connections(sources: Mapping[Kind, SourceFile]) -> dict[str, Connection]:
    """As the engine knows them."""
    return {kind: Connection(**file.model_dump()) for kind, file in sources.items()}
