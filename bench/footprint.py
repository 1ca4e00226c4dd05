"""Measures (c): time to ready, memory after 200 incidents and CPU at rest, against an aiohttp process with one page."""

import asyncio
import json
import time

from bench.alerts import webhook
from bench.measuring import PATIENCE, Figure, Line, Running, data_directory, free_port, line_to, median, ready, started

STARTS = 7
INCIDENTS = 200
REST = 30.0
"""Seconds of doing nothing over which CPU is counted; as long as the rarest of the short rounds takes to come by."""

SLOWER, LARGER, BUSY = 4.0, 3.0, 1.0
AT_WORK = ("open", "investigating")


async def measure(starts: int = STARTS, incidents: int = INCIDENTS, rest: float = REST) -> list[Figure]:
    """Starts are interleaved; memory and CPU are of one process each, at the same time."""
    mine, theirs = [], []
    for _ in range(starts):
        theirs.append(await _start_bare())
        mine.append(await _start())
    memory, bare_memory, cpu, bare_cpu = await _stay(incidents, rest)
    return [
        Figure("time to ready", "s", median(mine), median(theirs), SLOWER),
        Figure(f"memory after {incidents} incidents", "MB", memory, bare_memory, LARGER),
        Figure(f"CPU at rest (bare: {bare_cpu:.2f} %)", "% of a core", cpu, 0, BUSY),
    ]


async def _start_bare() -> float:
    port = free_port()
    with started("bench.reference", str(port), port=port) as bare:
        return await ready(bare, "/")


async def _start() -> float:
    port = free_port()
    with data_directory("console:main") as directory:
        variables = {"TOCSIN_DATA_DIR": str(directory), "TOCSIN_HTTP__PORT": str(port)}
        with started("bot", "run", port=port, variables=variables) as house:
            return await ready(house, "/readyz")


async def _stay(incidents: int, rest: float) -> tuple[float, float, float, float]:
    """Memory in MB and CPU in percent of a core, of the house and of the bare process."""
    ports = [free_port() for _ in range(3)]
    with data_directory("console:main") as directory:
        variables = {
            "TOCSIN_DATA_DIR": str(directory),
            "TOCSIN_HTTP__PORT": str(ports[2]),
            "TOCSIN_PROMETHEUS__URL": f"http://127.0.0.1:{ports[0]}",
        }
        with (
            started("bench.platform", str(ports[0]), port=ports[0]) as prometheus,
            started("bench.reference", str(ports[1]), port=ports[1]) as bare,
            started("bot", "run", port=ports[2], variables=variables) as house,
        ):
            await ready(prometheus, "/quiet?seconds=0")
            await ready(bare, "/")
            await ready(house, "/readyz")
            async with line_to(ports[1]) as page, line_to(ports[2]) as product:
                for n in range(incidents):
                    await page.get("/")
                    await product.post("/alerts/alertmanager", webhook(f"service-{n}"))
                await _all_judged(product, incidents)
            memory, bare_memory = house.memory, bare.memory
            cpu, bare_cpu = await _at_rest(rest, house, bare)
    return memory, bare_memory, cpu, bare_cpu


async def _all_judged(product: Line, incidents: int) -> None:
    """Wait until every incident has been through evidence and diagnosis and waits for a person."""
    until = time.perf_counter() + PATIENCE * 3
    while time.perf_counter() < until:
        states = json.loads((await product.get("/api/incidents"))[1])["incidents"]
        judged = [state for state in states if state["status"] not in AT_WORK]
        if len(judged) == incidents:
            await asyncio.sleep(3)
            return
        await asyncio.sleep(1)
    raise TimeoutError("not every incident was judged in time")


async def _at_rest(seconds: float, *processes: Running) -> list[float]:
    before = [each.cpu_seconds for each in processes]
    begun = time.perf_counter()
    await asyncio.sleep(seconds)
    lasted = time.perf_counter() - begun
    return [100 * (each.cpu_seconds - used) / lasted for each, used in zip(processes, before, strict=True)]
