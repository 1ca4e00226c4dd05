"""Says of an empty answer what was asked, over which window, and that nothing came."""

from engine.model import Evidence, Observation, Phrase, Quantity

LONGEST_QUERY = 160


def nothing(observation: Observation, signal: str) -> Evidence:
    """Evidence with count 0: the query, the window and the count are in the summary itself."""
    window = observation.window
    return Evidence(
        id="",
        kind=observation.kind,
        source=observation.source,
        service=observation.service,
        signal=signal,
        query=observation.query,
        window=window,
        summary=Phrase(
            word="evidence.nothing",
            values={
                "source": observation.source,
                "query": observation.query[:LONGEST_QUERY],
                "length": Quantity(value=(window.end - window.start).total_seconds(), unit="seconds"),
                "start": window.start.isoformat(timespec="seconds"),
                "end": window.end.isoformat(timespec="seconds"),
                "count": 0,
            },
        ),
        peer=observation.peer,
        link=observation.link,
    )
