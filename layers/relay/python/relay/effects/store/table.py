"""What all of the store's parts share: the table names, the client, and DynamoDB's refusals in our words."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from relay.nouns.errors import Contended

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TRIES = 12  # with the pauses below: about 2 s of contention on average, 4.5 s at most
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.64  # seconds; doubling in between, each shortened by chance

# Why a transaction was cancelled, and why a request was refused, without anybody being wrong: it may be tried again.
TRANSIENT_CANCELLATIONS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
TRANSIENT_ERRORS = frozenset(
    {
        *("TransactionConflictException", "TransactionInProgressException", "ThrottlingException"),
        *("ProvisionedThroughputExceededException", "RequestLimitExceeded"),
    }
)

T = TypeVar("T")


class LostRace(Exception):
    """A condition did not hold: somebody else was faster, or the row is not what we thought."""

    def __init__(self, reasons: list[dict[str, Any]]) -> None:
        self.reasons = reasons
        super().__init__(", ".join(str(reason.get("Code")) for reason in reasons))

    def refused(self, index: int) -> bool:
        return index < len(self.reasons) and self.reasons[index].get("Code") == "ConditionalCheckFailed"

    def row(self, index: int) -> dict[str, Any]:
        """The row that made the condition fail, as DynamoDB returned it; empty where there was none."""
        found: dict[str, Any] = self.reasons[index].get("Item") or {}
        return found


@dataclass(slots=True)
class Patience:
    """The tries one piece of work has left, however many requests it makes."""

    left: int
    pause: Callable[[float], None]
    _longest: float = FIRST_PAUSE

    def again(self, error: Exception) -> None:
        """Have another try at once. Raises Contended where none is left."""
        self.left -= 1
        if self.left <= 0:
            raise Contended from error

    def wait(self, error: Exception) -> None:
        """Have another try after a while. Raises Contended where none is left."""
        self.again(error)
        self.pause(random.uniform(0, self._longest))  # noqa: S311 - jitter, not a secret
        self._longest = min(2 * self._longest, LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Tables:
    client: DynamoDBClient
    tasks: str
    accounts: str
    directory: str
    pause: Callable[[float], None] = field(default=time.sleep, kw_only=True)

    def patience(self, tries: int = TRIES) -> Patience:
        return Patience(tries, self.pause)

    def get(self, **arguments: Any) -> dict[str, Any] | None:  # noqa: ANN401 - the SDK's own arguments
        """One row, or None. Raises Contended."""
        return self._retry(lambda: self.client.get_item(**arguments)).get("Item")

    def query(self, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - the SDK's own arguments
        """One page of rows, as DynamoDB answers. Raises Contended."""
        return dict(self._retry(lambda: self.client.query(**arguments)))

    def update(self, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - the SDK's own arguments
        """One conditional UpdateItem; its new or old attributes. Raises LostRace, Contended."""
        try:
            return dict(self._retry(lambda: self.client.update_item(**arguments)).get("Attributes", {}))
        except self.client.exceptions.ConditionalCheckFailedException as error:
            row = error.response.get("Item")
            raise LostRace([{"Code": "ConditionalCheckFailed", "Item": row}]) from error

    def put(self, **arguments: Any) -> None:  # noqa: ANN401 - the SDK's own arguments
        """One PutItem. Raises LostRace where it has a condition, Contended."""
        try:
            self._retry(lambda: self.client.put_item(**arguments))
        except self.client.exceptions.ConditionalCheckFailedException as error:
            row = error.response.get("Item")
            raise LostRace([{"Code": "ConditionalCheckFailed", "Item": row}]) from error

    def transact(self, *steps: dict[str, Any], patience: Patience | None = None) -> None:
        """All of the steps or none. Raises LostRace when a condition fails, Contended when no try went through.

        Two transactions that touch one row at the same instant cancel each other without either being wrong,
        and the SDK does not retry that; so it is retried here.
        """
        patience = patience or self.patience()
        token = str(uuid.uuid4())
        while True:
            try:
                self.client.transact_write_items(TransactItems=list(steps), ClientRequestToken=token)  # type: ignore[arg-type]
            except self.client.exceptions.TransactionCanceledException as error:
                reasons: list[dict[str, Any]] = list(error.response.get("CancellationReasons", []))  # type: ignore[arg-type]
                codes = {reason.get("Code") for reason in reasons}
                if "ConditionalCheckFailed" in codes:
                    raise LostRace(reasons) from error
                if not codes & TRANSIENT_CANCELLATIONS:
                    raise
                patience.wait(error)
                token = str(uuid.uuid4())
            except ClientError as error:
                if not _is_transient(error):
                    raise
                patience.wait(error)  # and the same token again: the try may have gone through unseen
            else:
                return

    def _retry(self, request: Callable[[], T]) -> T:
        patience = self.patience()
        while True:
            try:
                return request()
            except ClientError as error:
                if not _is_transient(error):
                    raise
                patience.wait(error)


def _is_transient(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") in TRANSIENT_ERRORS
