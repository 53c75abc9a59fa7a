"""What goes wrong with payments by card alone; branches of the tree in `errors`."""

from __future__ import annotations

from relay.nouns.errors import Refused
from relay.nouns.line_errors import Unavailable


class PaymentsUnavailable(Unavailable):
    """The payment service did not do as it was asked; nothing was charged."""

    default = "payments by card cannot be taken at the moment; nothing was charged", "暂时无法使用银行卡支付，未扣款"


class RenewalUnknown(Unavailable):
    """The payment service does not say whether it took a renewal's money, so nothing may take the renewal's place."""

    default = (
        "whether the last renewal was paid is not known yet; try again",
        "上次续费结果尚未确定，请稍后再试",
    )


class Declined(Refused):
    """A card was not charged, by its bank's decision; `upstream_code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the card was declined: {code}", elsewhere=False, upstream_code=code)
