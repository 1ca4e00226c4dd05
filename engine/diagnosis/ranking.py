"""Ranks everybody who may be where the trouble comes from, by all that was observed."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from engine.diagnosis.measures import measure
from engine.model import Evidence, Observation, Suspect, Window
from engine.team import Service


def rank(
    observations: Sequence[Observation],
    window: Window,
    services: Mapping[str, Service],
    candidates: Collection[str],
) -> tuple[Suspect, ...]:
    """Everybody among `candidates`, most suspicious first. Pure: names and order say nothing."""
    loudest: dict[str, Evidence] = {}
    for each in measure([one for one in observations if one.kind == "metric"], window):
        known = loudest.get(each.service)
        if known is None or each.unusual > known.unusual:
            loudest[each.service] = each
    names = sorted(candidates)
    scores = np.array([np.log1p(loudest[name].unusual) if name in loudest else 0.0 for name in names])
    shares = np.exp(scores - scores.max()) if len(scores) else scores
    ordered = sorted(zip(shares / max(shares.sum(), 1e-12), names, strict=True), key=lambda pair: (-pair[0], pair[1]))
    return tuple(_suspect(name, float(share), loudest.get(name)) for share, name in ordered)


def _suspect(name: str, share: float, loudest: Evidence | None) -> Suspect:
    if loudest is None:
        return Suspect(service=name, probability=share)
    return Suspect(
        service=name, probability=share, signal=loudest.signal, onset=loudest.onset, reasons=(loudest.summary,)
    )
