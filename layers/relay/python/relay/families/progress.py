"""Streams of tasks: what a client is shown while what it asked for is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from relay.nouns.errors import RelayError

if TYPE_CHECKING:  # whose routes name these writers
    from relay.families.dialect import Told


class ProgressWriter(ABC):
    """Writes one stream to the client of a creation. `asked_by` is the field with which clients ask for it."""

    content_type: ClassVar[str] = "text/event-stream"
    heartbeat: ClassVar[bytes] = b": keep-alive\n\n"  # a comment, which readers of events pass over
    asked_by: ClassVar[str] = "stream"

    @abstractmethod
    def write(self, told: Told[Any]) -> bytes:
        """How the task stands: first, whenever its status or progress has changed, and last at its end."""

    @abstractmethod
    def unfinished(self, told: Told[Any]) -> bytes:
        """What is said last where the task outlasts the line."""

    @abstractmethod
    def broken(self, error: RelayError) -> bytes:
        """What is said last where the task can be looked at no more; its outcome is not known."""
