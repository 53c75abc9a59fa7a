"""What all parts of the store share: the client, the table names, retries, and DynamoDB's errors as our own."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from relay.nouns.errors import Contended

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TRIES = 12  # with the pauses below about 2 s on average, 4.5 s at most
BATCH = 100  # keys of one BatchGetItem
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.64  # seconds: upper bounds of random pauses, doubling from try to try

# Reasons for a cancelled transaction, and error codes of a request, that a later try may not meet.
TRANSIENT_CANCELLATIONS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
TRANSIENT_ERRORS = frozenset(
    {
        *("TransactionConflictException", "TransactionInProgressException", "ThrottlingException"),
        *("ProvisionedThroughputExceededException", "RequestLimitExceeded"),
    }
)

T = TypeVar("T")


class LostRace(Exception):
    """A condition of a write did not hold: another writer was faster, or the row differs from what we assumed."""

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
    """The tries left for one operation, shared by all requests it makes."""

    left: int
    pause: Callable[[float], None]
    _longest: float = FIRST_PAUSE

    def again(self, error: Exception) -> None:
        """Use up one try without waiting. Raises Contended where none is left."""
        self.left -= 1
        if self.left <= 0:
            raise Contended from error

    def wait(self, error: Exception) -> None:
        """Use up one try and pause for a random, growing time. Raises Contended where none is left."""
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

    def beginning(self, account_id: str, prefix: str, *, newest_first: bool = False) -> Iterator[dict[str, Any]]:
        """An account's rows of the accounts table whose sort keys begin so, read consistently. Raises Contended."""
        asked: dict[str, Any] = {
            "TableName": self.accounts,
            "KeyConditionExpression": "account_id = :account AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":account": {"S": account_id}, ":prefix": {"S": prefix}},
            "ScanIndexForward": not newest_first,
            "ConsistentRead": True,
        }
        while True:
            answer = self.query(**asked)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def batch_get(self, table: str, keys: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The rows with these keys that exist, in no order, read consistently. Raises Contended."""
        patience = self.patience()
        for begin in range(0, len(keys), BATCH):
            left = list(keys[begin : begin + BATCH])
            while left:
                asked: Any = {table: {"Keys": left, "ConsistentRead": True}}
                answer: Any = self._retry(partial(self.client.batch_get_item, RequestItems=asked))
                yield from answer["Responses"].get(table, [])
                left = list(answer["UnprocessedKeys"].get(table, {}).get("Keys", []))
                if left:
                    patience.wait(RuntimeError("keys were left unread"))

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
        """Write all steps or none. Raises LostRace where a condition fails, Contended when the tries are used up.

        DynamoDB cancels one of two transactions that touch the same row at the same time (TransactionConflict). The
        SDK does not retry that, so it is done here.
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
                patience.wait(error)  # with the same token: the transaction may have been applied
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


def put_if_absent(table: str, item: dict[str, Any], key: str) -> dict[str, Any]:
    """The step of a transaction that adds a row, and fails where one with this key is there."""
    return {
        "Put": {
            "TableName": table,
            "Item": item,
            "ConditionExpression": f"attribute_not_exists({key})",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }
