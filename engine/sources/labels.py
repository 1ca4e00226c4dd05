"""Lists the values of labels that carry a service's name, as Prometheus and Loki both tell them."""

from collections.abc import Awaitable, Callable, Sequence

from pydantic import BaseModel, TypeAdapter

from engine.errors import SourceSilent
from engine.sources.http import Backend, Pairs, harvest
from engine.sources.names import Named


class Values(BaseModel):
    """The values of one label; Loki leaves `data` out where there are none."""

    data: list[str] = []


VALUES = TypeAdapter(Values)
MOST_VALUES = 5_000
"""Of one label; servers that know no limit send what they have, within the bound of bytes."""


async def names_known(backend: Backend, path: str, labels: Sequence[str], span: Pairs, seconds: float) -> list[Named]:
    """Every value of these labels, the most telling label first; `path` holds the labels' values. SourceSilent where
    not even one label can be read."""

    def reading(label: str) -> Callable[[], Awaitable[list[Named]]]:
        async def read() -> list[Named]:
            reply = await backend.get(f"{path}/{label}/values", [*span, ("limit", str(MOST_VALUES))])
            return [(label, value) for value in backend.read(reply, VALUES).data[:MOST_VALUES] if value]

        return read

    answers = await harvest([reading(label) for label in labels], seconds)
    if labels and not any(isinstance(answer, list) for answer in answers):
        late = backend.silent("timeout", seconds=seconds)
        raise next((answer for answer in answers if isinstance(answer, SourceSilent)), late)
    return [named for answer in answers if isinstance(answer, list) for named in answer]
