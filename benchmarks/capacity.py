"""DynamoDB's published rules of size and consumption, for emulators that do not report what the cloud would charge.

Source: the DynamoDB Developer Guide, "Item sizes and formats", "Read and write operations", "Global secondary
indexes" and "Transactions". Sizes are bytes, consumption is request units.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

Item = Mapping[str, Mapping[str, Any]]

DUE_KEY = ("due_shard", "due_at")
DUE_PROJECTED = ("account_id", "task_id", "state", "upstream", "polls", "expires_at", "sending", "delivery")


def item_size(item: Item | None) -> int:
    """Names and values, as the cloud counts them; 0 for no item."""
    return sum(len(name.encode()) + _value_size(value) for name, value in (item or {}).items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(str(held).encode())
        case "N":
            digits = str(held)
            return ceil(len(digits.lstrip("-").replace(".", "").strip("0")) / 2) + 1 + digits.startswith("-")
        case "B":
            return len(bytes(held))
        case "BOOL" | "NULL":
            return 1
    raise ValueError(f"no size known for a value of type {kind}")


def write_units(before: Item | None, after: Item | None, *, transactional: bool) -> float:
    """One write of a row: the larger of its two images, in whole KB, twice in a transaction."""
    return max(1, ceil(max(item_size(before), item_size(after)) / 1024)) * (2 if transactional else 1)


def index_units(before: Item | None, after: Item | None) -> float:
    """What the `due` index costs with a write: nothing, one write, or a delete and a put where its key changes.

    Indexes follow their table asynchronously, so a transaction does not double them.
    """
    old, new = _projected(before), _projected(after)
    if old == new:
        return 0
    if old and new and any(old[name] != new[name] for name in DUE_KEY):
        return write_units(old, None, transactional=False) + write_units(None, new, transactional=False)
    return write_units(old, new, transactional=False)


def _projected(item: Item | None) -> Item | None:
    if not item or any(name not in item for name in DUE_KEY):
        return None
    return {name: item[name] for name in (*DUE_KEY, *DUE_PROJECTED) if name in item}


def read_units(size: int, *, consistent: bool) -> float:
    """One read of `size` bytes in whole 4 KB, half where it is eventually consistent; a miss costs the least."""
    return max(1, ceil(size / 4096)) * (1 if consistent else 0.5)
