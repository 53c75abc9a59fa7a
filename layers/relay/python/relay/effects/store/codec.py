"""Between our records and DynamoDB's attribute values, and a builder that keeps reserved words out of the way."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from relay.nouns.draft import Callback, Draft, Kind, MediaRole, Medium, Parent
from relay.nouns.faults import Fault
from relay.nouns.money import Entry, EntryKind
from relay.nouns.task import Asset, Delivery, Role, State, Task
from relay.nouns.usage import Calls
from relay.nouns.wire import Json

Item = dict[str, Any]  # DynamoDB's own shape: {"attribute": {"S": "text"}}

# Told once: asking a class for its fields, or copying deeply what is only read, costs more than the translation.
_TASK, _ENTRY = (tuple(each.name for each in fields(kind)) for kind in (Task, Entry))
# Without the client's words for its fields (`compare=False`), which only refusals at submit need.
_ASKED = {kind: tuple(each.name for each in fields(kind) if each.compare) for kind in (Draft, Medium, Parent, Callback)}
_LISTED: Mapping[str, Callable[..., object]] = {"fault": Fault, "calls": Calls}  # kept as lists
_ASSET = {each.name: each.default for each in fields(Asset)}  # what an asset says of itself beyond these is kept


def pack(value: object) -> dict[str, Any]:
    """One attribute value: text, bytes, number and truth as themselves, anything else as JSON text."""
    if isinstance(value, str):
        return {"S": str(value)}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": repr(value)}
    return {"S": json.dumps(value, ensure_ascii=False, separators=(",", ":"))}


def unpack(item: Item) -> dict[str, Any]:
    """Plain values: numbers as int where they are whole as written, float otherwise."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the reader knows each attribute's type
    (kind, held), *_ = value.items()
    if kind != "N":
        return held
    return int(held) if held.lstrip("-").isdigit() else float(held)


def _values(record: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def task_values(task: Task) -> dict[str, object]:
    """The attributes of a task's hot row, absent ones left out. `due_shard` is the store's to add."""
    values: dict[str, object] = {}
    for name in _TASK:
        value = getattr(task, name)
        if name == "assets":
            value = [_asset_values(asset) for asset in value] or None
        elif isinstance(value, Fault):
            value = [value.code, "", value.upstream_code]  # the words are for the log
        elif name in ("attempts", "copies", "hidden", "tokens"):
            value = value or None  # absent until there is one
        if value is not None and value != "":
            values[name] = value
    return values


def _asset_values(asset: Asset) -> dict[str, object]:
    if asset.data is not None:
        raise ValueError("bytes do not go into a row: store them in the bucket first")
    return {name: value for name, usual in _ASSET.items() if (value := getattr(asset, name)) != usual}


def _read_asset(words: Mapping[str, Any]) -> Asset:
    return Asset(**{**words, "role": Role(words.get("role", Role.MAIN))})


def read_task(item: Item) -> Task:
    row = unpack(item)
    known = {name: row[name] for name in _TASK if name in row}
    known |= {"kind": Kind(row["kind"]), "state": State(row["state"]), "delivery": Delivery(row["delivery"])}
    known["progress"] = float(row["progress"])
    known["assets"] = tuple(map(_read_asset, json.loads(row.get("assets", "[]"))))
    known["attempts"] = tuple((at, outcome) for at, outcome in json.loads(row.get("attempts", "[]")))
    known |= {name: kind(*json.loads(row[name])) for name, kind in _LISTED.items() if name in row}
    return Task(**known)


def write_facts(facts: Mapping[str, Json]) -> bytes:
    """Compressed, for words may be many; escaped, for an upstream may say what is no valid UTF-8."""
    return zlib.compress(json.dumps(facts, separators=(",", ":")).encode())


def read_facts(body: bytes) -> Mapping[str, Json]:
    facts: dict[str, Json] = json.loads(zlib.decompress(body))
    return facts


def write_draft(draft: Draft) -> str:
    return json.dumps(_asked(draft), ensure_ascii=False, separators=(",", ":"), default=_asked)


def _asked(record: Draft | Medium | Parent | Callback) -> dict[str, Any]:
    """What is empty is left out."""
    return {name: value for name in _ASKED[type(record)] if (value := getattr(record, name))}


def read_draft(text: str) -> Draft:
    words = json.loads(text)
    words["kind"] = Kind(words["kind"])
    words["media"] = tuple(Medium(MediaRole(each["role"]), each["url"]) for each in words.get("media", ()))
    if "parent" in words:
        words["parent"] = Parent(**words["parent"])
    if "callback" in words:
        words["callback"] = Callback(**words["callback"] | {"also": tuple(words["callback"].get("also", ()))})
    return Draft(**words)


# All of a ledger lies between these: $ follows #. Statement lines lie in blocks by the day, the others by reference.
ENTRY_PREFIX, ENTRY_END = "ENTRY#", "ENTRY$"
LINE_PREFIX, CAPTURE_PREFIX, PAYMENT_PREFIX = "ENTRY#line#", "ENTRY#capture#", "ENTRY#payment#"


def line_key(entry: Entry, day: int, block: int) -> str:
    """The sort key of a statement line in the block that began with line number `block` on local day `day`."""
    return f"{LINE_PREFIX}{day:06}#{block:012}#{entry.at:013}#{entry.reference}#{entry.kind}"


def entry_item(entry: Entry, key: str = "") -> Item:
    """A ledger entry's row, under `key` or else under its reference."""
    prefix = CAPTURE_PREFIX if entry.kind is EntryKind.CAPTURE else PAYMENT_PREFIX
    values = {name: value for name, value in _values(entry, _ENTRY).items() if value != ""}
    if not entry.tokens:
        del values["tokens"]
    values["sk"] = key or f"{prefix}{entry.reference}#{entry.kind}"
    return {name: pack(value) for name, value in values.items()}


def new_entry(table: str, item: Item) -> dict[str, Any]:
    """The step of a transaction that adds a line to the ledger, and fails where that very line is there already."""
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(sk)"}}


def read_entry(item: Item) -> Entry:
    row = unpack(item)
    row.pop("sk")
    return Entry(**row | {"kind": EntryKind(row["kind"])})


class Expression:
    """Names and values of one DynamoDB request. Every name is aliased: half of ours are reserved words."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: Item = {}

    def name(self, attribute: str) -> str:
        # a counter's name has a platform's or a key's in it, and a placeholder takes letters and digits alone
        plain = attribute.isascii() and attribute.isidentifier()
        placeholder = f"#{attribute}" if plain else f"#x{attribute.encode().hex()}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: object) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = pack(value)
        return placeholder

    def equals(self, attribute: str, value: object) -> str:
        return f"{self.name(attribute)} = {self.value(value)}"

    def below(self, attribute: str, value: object) -> str:
        return f"{self.name(attribute)} < {self.value(value)}"

    def update(
        self,
        *,
        put: Mapping[str, object] | None = None,
        add: Mapping[str, object] | None = None,
        drop: tuple[str, ...] = (),
    ) -> str:
        parts = []
        if put:
            parts.append("SET " + ", ".join(self.equals(name, value) for name, value in put.items()))
        if add:
            parts.append("ADD " + ", ".join(f"{self.name(name)} {self.value(value)}" for name, value in add.items()))
        if drop:
            parts.append("REMOVE " + ", ".join(self.name(name) for name in drop))
        return " ".join(parts)

    @property
    def arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {"ExpressionAttributeNames": self.names}
        return arguments | ({"ExpressionAttributeValues": self.values} if self.values else {})
