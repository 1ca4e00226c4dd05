"""Words the notes of sources. A note is context: it is never unusual, so it proves nothing and clears nobody."""

from engine.diagnosis.silences import nothing
from engine.model import Evidence, Gaps, Observation, Phrase

NOTES = frozenset(
    {"label_mismatch", "search_lag", "search_empty", "related_alerts", "other_alerts", "silenced"}
    | {"not_allowed", "workload_unknown"}
    | {"out_of_sync", "sync_trouble", "merged", "commits_since", "partial", "unknown_metrics"}
)
"""What a state observation may be called to count as a note; each has its words below `evidence.note`."""


def is_note(observation: Observation) -> bool:
    """Whether this says something beside the figures, instead of how a platform stands."""
    return observation.kind == "state" and observation.role in NOTES


def noted(observation: Observation) -> Evidence:
    """Evidence that carries the note's words and lines."""
    values: Gaps = {
        "service": observation.service,
        "source": observation.source,
        **{key: value for key, value in observation.state.items() if isinstance(value, str | int | float)},
    }
    return nothing(observation, observation.role).model_copy(
        update={
            "count": 1,
            "summary": Phrase(word=f"evidence.note.{observation.role}", values=values),
            "excerpt": tuple(str(line) for line in observation.state.get("lines", ())),
            "details": {"note": observation.role},
        }
    )
