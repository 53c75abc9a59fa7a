"""What looks like an API key. Providers mask it wherever an upstream says it, so the mirror laws do not draw it."""

from __future__ import annotations

import re

_KEY = re.compile(r"sk-[A-Za-z0-9_-]{6,}")


def keyless(text: str) -> bool:
    """For strategies: whether a provider reads this text as it stands."""
    return not _KEY.search(text)
