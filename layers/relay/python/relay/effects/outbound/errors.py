"""The three errors of a request without an answer; this package raises no others."""

from __future__ import annotations


class EgressRefused(ValueError):
    """We do not connect there; the message says why and may be shown to the caller."""


class NotSent(Exception):
    """Not one byte of the request was written, so the other side cannot have acted."""


class NoAnswer(Exception):
    """At least part of the request was written and no whole answer came back: the other side may have acted."""
