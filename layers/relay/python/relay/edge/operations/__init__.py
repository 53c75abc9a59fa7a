"""What can be asked at the HTTP functions: one typed function per use case, which makes one call and names no family.

A module here holds what one function serves, because a privilege belongs to what is asked, not to who asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from relay.families.uses import Asked, Found, Use
from relay.flow.access import Caller
from relay.flow.services import Services
from relay.nouns.errors import NoKey
from relay.nouns.wire import Inbound


@dataclass(frozen=True, slots=True)
class Ask(Generic[Asked]):
    """One request: who asks what. `read` is what the dialect makes of it, or raises what is wrong with it."""

    services: Services
    known: Caller | None
    inbound: Inbound
    read: Callable[[], Asked]
    trace_id: str
    base_url: str  # where this API is reached, for links into it
    wait: int = 0  # seconds for which the client would wait for the end of what it creates

    @property
    def caller(self) -> Caller:
        """Who asks. Raises NoKey on a route that is open to anybody."""
        if self.known is None:
            raise NoKey
        return self.known


Operations = Mapping[Use[Any, Any], Callable[[Ask[Any]], Any]]


def serve(
    use: Use[Asked, Found], operation: Callable[[Ask[Asked]], Found]
) -> tuple[Use[Any, Any], Callable[[Ask[Any]], Any]]:
    """An entry of OPERATIONS, which the type checker holds against what the use case reads and tells."""
    return use, operation
