"""Splitting a URL into parts on which every parser agrees."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def split_url(text: str) -> SplitResult:
    """Raises ValueError for text in which another parser could find another host, and for a port that is none."""
    # urlsplit drops tabs and newlines and accepts backslashes, where other parsers see another host
    if not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("not a URL")
    parts = urlsplit(text)
    _ = parts.port  # read here, because reading it raises
    return parts


def path_at(base: str, url: str) -> str:
    """The path of an address below `base`; what is a path already stays, and what lies elsewhere as well."""
    return url.removeprefix(base) if url.startswith(f"{base}/") else url
