"""Reading an upstream's answers as the workers do, for tests of providers."""

from __future__ import annotations

from relay.families.provider import Api, Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.task import Observation
from relay.nouns.wire import Answer

ORDER = Order(Draft("aistudio", "kling", Kind.IMAGE, "any", prompt="a cat"), Source("any", "any"))


def submitted(api: Api, answer: Answer) -> Observation:
    """What an answer says of a submission that takes one step. Raises Refused or UnknownOutcome."""
    found = api.read_submit(answer, ORDER)
    assert isinstance(found, Observation)
    return found
