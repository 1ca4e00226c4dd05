"""Makes the directory that everything is kept in, or says why it cannot be used."""

from pathlib import Path

from engine.errors import StoreFull
from engine.model import Phrase


def writable(directory: Path) -> None:
    """Make the data directory; StoreFull with one clear sentence where nothing can be written there."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        values = {"path": str(directory), "reason": error.strerror or str(error)}
        raise StoreFull(Phrase(word="error.data_dir", values={**values})) from error
