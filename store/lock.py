"""Says which process holds a store: one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from store.trouble import busy, unopenable


def present(path: Path) -> None:
    """StoreFull where there is no store to be read."""
    if not path.is_file():
        raise unopenable(path)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the store for this process, creating its directory. StoreBusy at once if another one does; StoreFull where
    nothing can be written."""
    lock = FileLock(f"{path}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
        # Timelines and signed-in accounts are nobody else's business on a shared machine.
        path.touch(mode=0o600, exist_ok=True)
    except Timeout:
        raise busy(path) from None
    except OSError as error:
        raise unopenable(path) from error
    try:
        yield
    finally:
        lock.release()
