"""Draws the tree of everything that can go wrong, grouped by what the caller can do about it.

TocsinError
├── InputError          somebody handed us something wrong: tell them what and how to mend it
│   ├── UnreadableAlert
│   ├── UnknownName
│   ├── RelationRefused incidents that cannot be merged, taken apart or split as asked
│   └── SettingsError
├── WorldError          the outside did not do its part: try again later, say so, go on with the rest
│   ├── SourceSilent    a source timed out, refused or answered nonsense
│   ├── PlatformError   a chat platform did not take a message, and may once somebody has mended something
│   │   ├── PlatformBusy    …and says when to come back (`retry_after`, seconds)
│   │   └── PlatformRefused …and never will take this very message: another wording may be taken
│   └── ExecutorError
│       ├── ExecutorRefused   the target looked and said no: nothing was changed
│       └── ExecutorUnclear   nobody knows whether it was changed: probe, else ask people
└── StoreError          what must survive cannot be written
    ├── NotPlacedYet    an earlier call about the same alert comes first
    ├── StoreBusy       another process holds this store
    └── StoreFull       disk full or not writable: answer 503 and keep running
"""

from engine.model import Phrase


class TocsinError(Exception):
    """Anything that can go wrong, with words a person may read."""

    def __init__(self, phrase: Phrase | str) -> None:
        self.phrase = phrase if isinstance(phrase, Phrase) else Phrase(word="error.plain", values={"text": phrase})
        super().__init__(phrase if isinstance(phrase, str) else f"{phrase.word} {phrase.values}")


class InputError(TocsinError):
    """Somebody handed us something wrong."""


class UnreadableAlert(InputError):
    """Nothing in the body of an alert receiver call could be read."""


class UnknownName(InputError):
    """No such incident, approval, command, service or person."""


class RelationRefused(InputError):
    """These incidents cannot be merged, taken apart or split as asked."""


class SettingsError(InputError):
    """A setting is wrong; the sentence names the key, what is wrong and what would be right."""


class WorldError(TocsinError):
    """The outside did not do its part."""


class SourceSilent(WorldError):
    """A source timed out, refused or answered nonsense."""


class PlatformError(WorldError):
    """A chat platform did not take a message."""


class PlatformBusy(PlatformError):
    """A chat platform asks to come back later."""

    def __init__(self, phrase: Phrase | str, retry_after: float) -> None:
        super().__init__(phrase)
        self.retry_after = retry_after


class PlatformRefused(PlatformError):
    """A chat platform refuses this very message for good: sent again as it is, it would be refused again."""


class ExecutorError(WorldError):
    """A target did not do what it was asked."""


class ExecutorRefused(ExecutorError):
    """The target looked and said no: nothing was changed."""


class ExecutorUnclear(ExecutorError):
    """Nobody knows whether the target was changed."""


class StoreError(TocsinError):
    """What must survive cannot be written."""


class NotPlacedYet(StoreError):
    """An earlier call about the same alert or group was admitted and must be placed first."""


class StoreBusy(StoreError):
    """Another process holds this store."""


class StoreFull(StoreError):
    """The disk is full or not writable."""
