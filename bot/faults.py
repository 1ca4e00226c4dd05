"""Reads the faults a team knows of its own, patterns.yaml: what must show, what speaks for and against it.

month_end_lock:                              # its name; a remedy may be against it
  title: the month-end job holds the ledger  # in the team's language
  services: [ledger]                         # absent: any service of the team
  needs:                                     # every one must show
    - {metric: latency_p95, is: up}          # up, down, at_limit or normal; a figure, or a signal of services.yaml
    - {log: "month.?end.{0,20}lock"}         # unusual lines that fit, whatever their case
  supports: [{topic: lock}]                  # unusual lines or spans about this
  contradicts: [{change: release}]           # release, flag, config, schema, certificate, platform or any
  explains: [lock_contention]                # faults it brings about
  helps: [restart]                           # classes of operation
  look_at: ["Is the month-end job still running?"]
"""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from bot.catalogue import FileModel
from bot.expressions import check_pattern
from engine.diagnosis.patterns import PATTERNS
from engine.diagnosis.topics import TOPICS
from engine.model import OperationClass
from engine.team import Fault, FaultSign

NAME_OF = re.compile(r"[a-z][a-z0-9_]{2,59}")
MOST_SIGNS = 8
MOST_FAULTS = 50
SHIPPED = frozenset(pattern.category for pattern in PATTERNS)

Text = Field(min_length=1, max_length=200)


class SignFile(FileModel):
    """One sign: exactly one of metric, log, topic and change; `at` says whether of the service or of its neighbours."""

    metric: str = Field(default="", pattern=r"^([a-z][a-z0-9_]{0,59})?$")
    level: Literal["up", "down", "at_limit", "normal"] = Field(default="up", alias="is")
    log: str = ""
    topic: str = ""
    change: Literal["", "release", "flag", "config", "schema", "certificate", "platform", "any"] = ""
    at: Literal["service", "neighbour"] = "service"

    @field_validator("log")
    @classmethod
    def _log(cls, log: str) -> str:
        if log:
            check_pattern(log)
        return log

    @field_validator("topic")
    @classmethod
    def _topic(cls, topic: str) -> str:
        if topic and topic not in TOPICS:
            raise ValueError(f"nothing is known to be about {topic!r}; write one of {', '.join(TOPICS)}")
        return topic

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(map(bool, (self.metric, self.log, self.topic, self.change))) != 1:
            raise ValueError("a sign is one of metric, log, topic and change; write each as a sign of its own")
        return self

    @property
    def kind(self) -> str:
        """What kind of evidence it is found in."""
        return "metric" if self.metric else "change" if self.change else "log"

    def read(self) -> FaultSign:
        """The sign as the engine knows it."""
        return FaultSign(
            metric=self.metric, level=self.level, log=self.log, topic=self.topic, change=self.change, at=self.at
        )


class FaultFile(FileModel):
    """One fault."""

    title: str = Text
    services: list[str] = []
    needs: list[SignFile] = Field(min_length=1, max_length=MOST_SIGNS)
    supports: list[SignFile] = Field(default=[], max_length=MOST_SIGNS)
    contradicts: list[SignFile] = Field(default=[], max_length=MOST_SIGNS)
    explains: list[str] = []
    helps: list[OperationClass] = []
    look_at: list[str] = Field(default=[], max_length=MOST_SIGNS)

    @model_validator(mode="after")
    def _can_be_proven(self) -> Self:
        if len({sign.kind for sign in (*self.needs, *self.supports)}) < 2:
            raise ValueError("a cause needs two kinds of evidence; let it need or be supported by another kind as well")
        return self


class FaultsFile(FileModel):
    """patterns.yaml, under one name so that a key path starts with it."""

    patterns: dict[str, FaultFile] = Field(default={}, max_length=MOST_FAULTS)

    @model_validator(mode="after")
    def _names(self) -> Self:
        for name, fault in self.patterns.items():
            if not NAME_OF.fullmatch(name):
                raise ValueError(
                    f"{name!r} is no name of a fault; write lower-case letters, digits and _, like month_end_lock"
                )
            if name in SHIPPED:
                raise ValueError(f"{name!r} is a fault Tocsin knows already; give your own another name")
            if strange := [each for each in fault.explains if each not in SHIPPED and each not in self.patterns]:
                raise ValueError(f"{name} explains {strange[0]!r}, which is no fault; correct the name")
        return self


def faults(file: FaultsFile) -> tuple[Fault, ...]:
    """The faults of a team's file."""
    return tuple(
        Fault(
            name=name,
            title=fault.title,
            services=tuple(fault.services),
            needs=tuple(sign.read() for sign in fault.needs),
            supports=tuple(sign.read() for sign in fault.supports),
            contradicts=tuple(sign.read() for sign in fault.contradicts),
            explains=tuple(fault.explains),
            helps=tuple(fault.helps),
            look_at=tuple(step[:300] for step in fault.look_at),
        )
        for name, fault in file.patterns.items()
    )
