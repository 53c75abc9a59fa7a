"""What the deliver worker does with a message of the deliver or the retry queue."""

from __future__ import annotations

from typing import Any

from relay.flow.deliver import deliver
from relay.flow.moves import tell_move
from relay.flow.services import Services


def tell(services: Services, message: dict[str, Any]) -> None:
    """Announce a move, or make an attempt to tell of an end."""
    if "move" in message:
        tell_move(services, message["account_id"], message["task_id"], message["move"])
    else:
        deliver(services, **message)
