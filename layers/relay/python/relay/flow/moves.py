"""Telling a client's callback address of a move: one POST of how the task stands, or none. Ends are not told here.

Nothing of its success is stored, and it is not repeated: a message that was lost, comes late or comes twice tells
nothing. It shares the retry queue with retries, in its account's places there, and gives way where those are taken.
"""

from __future__ import annotations

from dataclasses import replace

from aws_lambda_powertools import Logger

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.families.uses import Record
from relay.flow.notices import SHORT_SECONDS, address, write_body, write_notice
from relay.flow.quoting import quote
from relay.flow.services import Services
from relay.flow.shares import note_hung, recently_hung, share_of
from relay.nouns.task import Delivery

logger = Logger(child=True)


def tell_move(services: Services, account_id: str, task_id: str, turn: int) -> None:
    """Make the announcement whose turn ends at `turn` (Unix ms), unless the end is owed already or was told.

    A receiver that recently did not answer a move or an end in time is told of ends alone for a while.
    """
    with share_of(services, account_id, "later") as ours:
        found = services.store.tasks.record(account_id, task_id, facts=True) if ours else None
        if found is None or found[0].delivery is not Delivery.WAITING or found[0].next_move_at != turn:
            return
        url = address(found[1])
        if recently_hung(services, account_id, url) or recently_hung(services, account_id, url, moves=True):
            return
        task = services.store.tasks.claim_move(found[0], turn, services.clock())
        if task is not None:
            _tell(services, Record(task, *found[1:]))


def _tell(services: Services, record: Record) -> None:
    """Raises nothing: a move that cannot be told is none that is told later."""
    began, (task, draft, _) = services.clock(), record
    try:
        body = write_body(services, record)
        notice = write_notice(services, task, draft, body, f"msg_{task.task_id}_{task.version}")
        outcome = str(services.http.send(replace(notice, timeout=SHORT_SECONDS)).status)
    except (EgressRefused, NotSent, NoAnswer) as error:
        if services.clock() - began > SHORT_SECONDS * 900:
            note_hung(services, task.account_id, address(draft), moves=True)
        outcome = f"{type(error).__name__}: {error}"[:80]
    except Exception:
        logger.exception("move not told", **task.log_keys)
        return
    logger.info("told the client of a move", **task.log_keys, outcome=quote(outcome))
