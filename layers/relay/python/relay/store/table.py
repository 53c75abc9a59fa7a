"""What all of the store's parts share: the table names, the client, and DynamoDB's refusals in our words."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

CONFLICT_TRIES = 12  # 12 tries with doubling, jittered pauses bear about 5 s of contention on one row
CONFLICT_PAUSE = 0.02  # seconds, the first pause


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


@dataclass(frozen=True, slots=True)
class Tables:
    client: DynamoDBClient
    tasks: str
    accounts: str
    directory: str

    def update(self, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - the SDK's own arguments
        """One conditional UpdateItem; its new or old attributes. Raises LostRace."""
        try:
            return dict(self.client.update_item(**arguments).get("Attributes", {}))
        except self.client.exceptions.ConditionalCheckFailedException as error:
            row = error.response.get("Item")
            raise LostRace([{"Code": "ConditionalCheckFailed", "Item": row}]) from error

    def put(self, **arguments: Any) -> None:  # noqa: ANN401 - the SDK's own arguments
        """One conditional PutItem. Raises LostRace."""
        try:
            self.client.put_item(**arguments)
        except self.client.exceptions.ConditionalCheckFailedException as error:
            row = error.response.get("Item")
            raise LostRace([{"Code": "ConditionalCheckFailed", "Item": row}]) from error

    def transact(self, *steps: dict[str, Any]) -> None:
        """All of the steps or none. Raises LostRace when a condition fails.

        Two transactions that touch one row at the same instant cancel each other without either being wrong,
        and the SDK does not retry that; so it is retried here.
        """
        for attempt in range(CONFLICT_TRIES):
            if self._transacted(steps, last=attempt == CONFLICT_TRIES - 1):
                return
            time.sleep(random.uniform(0, CONFLICT_PAUSE * 2 ** min(attempt, 5)))  # noqa: S311 - jitter, not a secret

    def _transacted(self, steps: tuple[dict[str, Any], ...], *, last: bool) -> bool:
        """Whether the transaction went through; False where it only ran into another one and may be tried again."""
        try:
            self.client.transact_write_items(TransactItems=list(steps))  # type: ignore[arg-type]
        except self.client.exceptions.TransactionCanceledException as error:
            reasons: list[dict[str, Any]] = list(error.response.get("CancellationReasons", []))  # type: ignore[arg-type]
            codes = {reason.get("Code") for reason in reasons}
            if "ConditionalCheckFailed" in codes:
                raise LostRace(reasons) from error
            if last or not codes & CONTENTION:
                raise
            return False
        return True


CONTENTION = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
