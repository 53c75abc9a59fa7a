"""What Stripe's API refuses, and in which words."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from relay.nouns.wire import Json


class Refusal(Exception):
    """An answer with an error document; `began`: the work had begun, so that an idempotency key repeats the answer."""

    def __init__(self, status: int, kind: str, message: str, *, began: bool = False, **more: Json) -> None:
        super().__init__(message)
        self.status, self.began = status, began
        self.document: Json = {"error": {"type": kind, "message": message, **more}}


def missing(param: str) -> Refusal:
    return Refusal(400, "invalid_request_error", f"{param} is required", code="parameter_missing", param=param)


def invalid(param: str, message: str) -> Refusal:
    return Refusal(400, "invalid_request_error", message, param=param)


def check_known(form: Mapping[str, Json], known: Collection[str]) -> None:
    """Refuse what an API of that version does not read."""
    for name in form:
        if name not in known:
            raise Refusal(
                400, "invalid_request_error", f"{name} is not read here", code="parameter_unknown", param=name
            )


def unknown(kind: str, object_id: str) -> Refusal:
    return Refusal(404, "invalid_request_error", f"No such {kind}: '{object_id}'", code="resource_missing", param="id")


def bad_key() -> Refusal:
    return Refusal(401, "invalid_request_error", "Invalid API Key provided")


def declined(intent: Json, code: str, message: str) -> Refusal:
    """A card that was not charged; the intent stays, and waits for another one."""
    decline = {"decline_code": "generic_decline"} if code == "card_declined" else {}
    return Refusal(402, "card_error", message, began=True, code=code, **decline, payment_intent=intent)
