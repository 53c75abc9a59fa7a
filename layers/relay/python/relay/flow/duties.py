"""The renew worker: what is due of an account beside its tasks."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from relay.effects.store.due import CHECKOUT
from relay.flow.checkouts import look
from relay.flow.renewals import renew
from relay.flow.services import Services
from relay.nouns.errors import UnknownOutcome, Unreadable

logger = Logger(child=True)


def perform(services: Services, account_id: str, duty: str) -> None:
    """Do what is due; where Stripe does not answer, the clock has it asked again. Raises Contended."""
    try:
        if duty.startswith(CHECKOUT):
            look(services, account_id, duty.removeprefix(CHECKOUT))
        else:
            renew(services, account_id)
    except (UnknownOutcome, Unreadable) as error:
        services.count("PaymentUnanswered")
        logger.warning("no answer about a payment", account_id=account_id, duty=duty, reason=error.message)
