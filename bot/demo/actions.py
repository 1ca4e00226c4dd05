"""Plans and carries out the changes the release platform offers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.demo.releases import Refused, Release, Releases
from bot.demo.services.order import CAPACITY_RPS

Args = dict[str, object]


@dataclass(frozen=True)
class Change:
    """One field that an action alters."""

    field: str
    before: object
    after: object

    def described(self) -> dict[str, object]:
        """The change as the API shows it."""
        return {"field": self.field, "from": self.before, "to": self.after}


@dataclass(frozen=True)
class Plan:
    """What an action would do; `reason` says why it may not when `changes` is empty."""

    command: str
    changes: tuple[Change, ...]
    reason: str
    do: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Call:
    """Who asks for an action on which release, and why."""

    releases: Releases
    release: Release
    args: Args
    by: str
    note: str

    @property
    def service(self) -> str:
        """The name of the target."""
        return self.release.fleet.service


def _only(call: Call, action: str, *services: str) -> None:
    if call.service not in services:
        raise Refused(f"{action} does not apply to {call.service}; it applies to {' and '.join(services)}")


def _known_args(call: Call, action: str, *names: str) -> None:
    extra = sorted(set(call.args) - set(names))
    missing = sorted(set(names) - set(call.args))
    if extra or missing:
        asked = " and ".join(repr(name) for name in names)
        raise Refused(f"{action} takes exactly the argument {asked}; got {', '.join(sorted(call.args)) or 'none'}")


def _rollback(call: Call) -> Plan:
    _known_args(call, "rollback_canary", "to_version")
    version = call.args["to_version"]
    if not isinstance(version, str) or version not in call.release.builds:
        known = ", ".join(call.release.builds)
        raise Refused(f"{call.service} has no build {version!r}; it has {known}")
    before = call.release.fleet.versions()
    after = {version: len(call.release.fleet.ports)}

    async def do() -> None:
        newer = " and ".join(name for name in before if name != version)
        call.release.stable_version = version
        call.releases.record(call.service, version, newer, "rollback", call.by, call.note)
        await call.release.fleet.arrange(after)

    command = f"releases rollback {call.service} --to {version} --canary"
    if before == after:
        return Plan(command, (), f"every replica of {call.service} runs {version} already", do)
    return Plan(command, (Change("versions", before, after),), "", do)


def _set(call: Call, name: str, value: str | float) -> Plan:
    before = call.release.read_settings()

    async def do() -> None:
        call.release.write_settings({**before, name: value})
        version = call.release.stable_version
        note = f"{name}: {before[name]} → {value}" + (f"; {call.note}" if call.note else "")
        call.releases.record(call.service, version, version, "config", call.by, note)

    command = f"releases set {call.service} {name}={value}"
    if before[name] == value:
        return Plan(command, (), f"{name} of {call.service} is {value} already", do)
    return Plan(command, (Change(f"settings.{name}", before[name], value),), "", do)


def _coupon_path(call: Call) -> Plan:
    _only(call, "scale_or_disable_coupon_path", "payment-service")
    _known_args(call, "scale_or_disable_coupon_path", "mode")
    mode = call.args["mode"]
    if mode not in ("enabled", "disabled"):
        raise Refused(f"mode must be 'enabled' or 'disabled', not {mode!r}")
    return _set(call, "coupon_path", str(mode))


def _rate_limit(call: Call) -> Plan:
    _only(call, "adjust_rate_limit", "order-service")
    _known_args(call, "adjust_rate_limit", "rate_limit_rps")
    limit = call.args["rate_limit_rps"]
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 1 <= limit <= CAPACITY_RPS:
        raise Refused(
            f"rate_limit_rps must be a number from 1 to {CAPACITY_RPS}, which is what the replicas of order-service "
            f"can handle; got {limit!r}"
        )
    return _set(call, "rate_limit_rps", limit)


def _former(call: Call) -> tuple[dict[str, int], dict[str, str | float], str]:
    _known_args(call, "restore_state", "state")
    state = call.args["state"]
    if not isinstance(state, dict) or state.get("service") != call.service:
        raise Refused(f"state must be a former answer of /state/{call.service}")
    versions, settings, stable = state.get("versions"), state.get("settings"), state.get("stable_version")
    if (
        not isinstance(versions, dict)
        or not all(isinstance(count, int) and count > 0 for count in versions.values())
        or sum(versions.values()) != len(call.release.fleet.ports)
        or not {*versions, stable} <= set(call.release.builds)
    ):
        raise Refused(f"the versions in state do not fit {call.service}: {versions!r}")
    if not isinstance(settings, dict) or set(settings) != set(call.release.read_settings()):
        raise Refused(f"the settings in state do not fit {call.service}: {settings!r}")
    return versions, settings, str(stable)


def _restore(call: Call) -> Plan:
    versions, settings, stable = _former(call)
    before_versions, before_settings = call.release.fleet.versions(), call.release.read_settings()
    changes = [Change("versions", before_versions, versions)] if versions != before_versions else []
    changes += [
        Change(f"settings.{name}", before_settings[name], value)
        for name, value in settings.items()
        if before_settings[name] != value
    ]

    async def do() -> None:
        call.release.write_settings(settings)
        previous, call.release.stable_version = call.release.stable_version, stable
        kind = "rollback" if versions != before_versions else "config"
        call.releases.record(call.service, stable, previous, kind, call.by, f"restored a former state; {call.note}")
        await call.release.fleet.arrange(versions)

    running = ",".join(f"{version}:{count}" for version, count in sorted(versions.items()))
    command = f"releases restore {call.service} --versions {running}"
    return Plan(command, tuple(changes), "" if changes else f"{call.service} is in this state already", do)


ACTIONS: dict[str, Callable[[Call], Plan]] = {
    "rollback_canary": _rollback,
    "scale_or_disable_coupon_path": _coupon_path,
    "adjust_rate_limit": _rate_limit,
    "restore_state": _restore,
}


def plan(action: str, call: Call) -> Plan:
    """Say what `action` would change; raises Refused for an unknown action or arguments that do not fit."""
    make = ACTIONS.get(action)
    if make is None:
        raise Refused(f"the action {action!r} is not known; known are {', '.join(ACTIONS)}")
    return make(call)
