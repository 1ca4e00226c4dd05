"""Executes each idempotency key at most once, and refuses for ever the keys somebody fenced off."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Receipt = dict[str, object]


class Conflict(Exception):
    """A change that would not be what the caller thinks it is, in one clear sentence."""


@dataclass
class Entry:
    """What happened under one key."""

    digest: str
    receipt: Receipt | None = None
    refused: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Ledger:
    """All keys ever seen, with their receipts."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def look(self, key: str) -> tuple[str, Receipt | None]:
        """`done` with its receipt, `running`, `refused`, or `not_done` for a key never seen."""
        entry = self._entries.get(key)
        if entry is None:
            return "not_done", None
        if entry.receipt is not None:
            return "done", entry.receipt
        return ("refused" if entry.refused else "running"), None

    def refuse(self, key: str) -> tuple[str, Receipt | None]:
        """Fence a key off: a first call that comes later is refused. Answers what had become of it before."""
        status, receipt = self.look(key)
        if status == "not_done":
            self._entries[key] = Entry("", refused=True)
        return status, receipt

    async def once(self, key: str, digest: str, do: Callable[[], Awaitable[Receipt]]) -> tuple[Receipt, bool]:
        """Run `do` under `key` unless it was run before; answers the receipt and whether it is a repetition.

        Raises Conflict when the key is fenced off, was used for something else (`digest`), or its first call failed
        while this one waited. When `do` raises, nothing was done and the key is free again.
        """
        entry = self._entries.get(key)
        if entry is not None:
            return await self._repeat(entry, digest), True
        entry = self._entries[key] = Entry(digest)
        try:
            entry.receipt = await do()
        finally:
            entry.ended.set()
            if entry.receipt is None:
                del self._entries[key]
        return entry.receipt, False

    async def _repeat(self, entry: Entry, digest: str) -> Receipt:
        if entry.refused:
            raise Conflict("this idempotency key was fenced off before the call came; nothing was done")
        if entry.digest != digest:
            raise Conflict("this idempotency key was used for another action, target or arguments; nothing was done")
        await entry.ended.wait()
        if entry.receipt is None:
            raise Conflict("the first call with this idempotency key failed; nothing was done")
        return entry.receipt
