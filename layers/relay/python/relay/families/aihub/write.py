"""Writing AI Hub's answers: enveloped documents, events that hold little but text, and what each call cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from relay.families.dialect import Told
from relay.families.inference import Completed, EventWriter
from relay.families.reading import as_object, as_objects, as_text
from relay.nouns.catalog import Listed
from relay.nouns.inference import Bill, Tokens
from relay.nouns.money import NANOS
from relay.nouns.wire import Json, Reply, compact

THOUSANDS = 1000  # of tokens, in the million that the catalog's rates are for


def enveloped(data: Json, status: int = 200) -> Reply:
    return Reply.json({"success": True, "data": data}, status)


def instant(at: int) -> str:
    """Of Unix ms."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_completed(told: Told[Completed]) -> Reply:
    document, bill = told.found.document, told.found.bill
    return enveloped(
        {
            "id": as_text(document.get("id")) or f"chat_{told.trace_id}",
            "object": "chat.completion",
            "created": document.get("created") or told.now // 1000,
            "model": told.found.asked.said,
            "choices": [_choice(each) for each in as_objects(document.get("choices"))],
            **_paid(bill),
        }
    )


def _choice(said: Mapping[str, Json]) -> Json:
    message = {name: value for name, value in as_object(said.get("message")).items() if value is not None}
    whole = {"role": "assistant", "content": "", **message}
    return {"index": said.get("index", 0), "message": whole, "finish_reason": said.get("finish_reason")}


def _paid(bill: Bill) -> dict[str, Json]:
    return {"usage": _usage(bill.used), "cost": bill.usd}


def _usage(used: Tokens) -> Json:
    read = used.total - used.output
    return {"prompt_tokens": read, "completion_tokens": used.output, "total_tokens": used.total}


class ChatWriter(EventWriter):
    """Each event has a text, if an empty one, for clients that look for nothing else; the last tells the cost."""

    ending = b"data: [DONE]\n\n"
    _id = ""

    def show(self, document: Mapping[str, Json], bill: Bill | None) -> Mapping[str, Json]:
        self._id = as_text(document.get("id")) or self._id
        choices = [_piece(each) for each in as_objects(document.get("choices"))]
        return {"id": self._id, "choices": choices} if choices else {}

    def end(self, bill: Bill) -> bytes:
        last = {"id": self._id, "choices": [_piece({})], **_paid(bill)}
        return b"data: " + compact(last) + b"\n\n" + self.ending


def _piece(said: Mapping[str, Json]) -> Json:
    delta = {
        name: value for name, value in as_object(said.get("delta")).items() if name != "role" and value is not None
    }
    piece = {"index": said.get("index", 0), "delta": {"content": "", **delta}}
    return piece | ({"finish_reason": said["finish_reason"]} if said.get("finish_reason") else {})


def write_models(told: Told[Sequence[Listed]]) -> Reply:
    return enveloped([_model(each) for each in told.found])


def _model(listed: Listed) -> Json:
    rates = listed.model.paid_rates
    tier = "premium" if listed.model.premium else "basic" if rates.input or rates.output else "free"
    return {
        "id": listed.name,
        "name": listed.model.title or listed.name,
        "description": f"answers of up to {listed.model.output} tokens",
        "tier": tier,
        "price_per_1k_tokens": float(Decimal(rates.input) / THOUSANDS / NANOS / listed.usd),
        "available": listed.allowed,
    }
