"""Writes without end from many sides at once and says on stdout what is durable, until it is killed."""

import asyncio
import sys
from pathlib import Path

from engine.ports import RawCall
from store.rooms import Store
from store.sqlite import open_sqlite
from tests.store.world import START, StandingClock, ToldIds, decide, draft, sighting


def acknowledge(what: str, incident: str, key: str) -> None:
    """One line per durable write, out of the process at once."""
    sys.stdout.write(f"{what} {incident} {key}\n")
    sys.stdout.flush()


async def work(store: Store, side: int) -> None:
    number = 0
    while True:
        number += 1
        (placed,) = await store.register.place([sighting(f"fp-{side}-{number}", f"g-{side}-{number}")], decide)
        acknowledge("place", placed.incident, "created")
        entry = await store.timeline.write(placed.incident, draft("1/closed", "incident.closed", outcome="recovered"))
        acknowledge("write", entry.incident, entry.key)
        waits, later = sighting(f"later-{side}-{number}"), RawCall(f"raw-{side}-{number}", "alertmanager", b"{}")
        (promised,) = await store.register.admit([waits], later)
        acknowledge("admit", promised, later.ref)
        if number % 2:
            (admitted,) = [call for call in await store.register.admitted(1_000) if call.call.ref == later.ref]
            await store.register.place([waits], decide, admitted=admitted)
            acknowledge("place", promised, "created")
        await store.register.beat("default", f"beat-{side}-{number}", START)
        acknowledge("beat", placed.incident, f"beat-{side}-{number}")


async def main() -> None:
    async with open_sqlite(Path(sys.argv[1]), StandingClock(), ToldIds()) as store, asyncio.TaskGroup() as group:
        for side in range(8):
            group.create_task(work(store, side))


if __name__ == "__main__":
    asyncio.run(main())
