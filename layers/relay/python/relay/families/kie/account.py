"""What KIE's clients ask whichever of its APIs they call: what is left, and direct links to files."""

from __future__ import annotations

from relay.families.dialect import AnyRoute, Route, Told, no_body
from relay.families.kie.gpt4o.dialect import read_download, write_download
from relay.families.kie.replies import write_reply
from relay.families.uses import BALANCE, DOWNLOAD
from relay.nouns.account import Balance
from relay.nouns.money import NANOS
from relay.nouns.wire import Reply

CREDITS = 200  # in a US dollar, as KIE sells them


def write_credit(told: Told[Balance]) -> Reply:
    """Whole credits, rounded down."""
    return write_reply(int(told.found.balance * CREDITS / told.found.usd // NANOS))


ROUTES: tuple[AnyRoute, ...] = (
    Route("GET", "/api/v1/chat/credit", BALANCE, no_body, write_credit),
    Route("POST", "/api/v1/common/download-url", DOWNLOAD, read_download, write_download),
)
