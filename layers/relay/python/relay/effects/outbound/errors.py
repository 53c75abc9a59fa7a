"""The three ways in which a request of ours gives no answer. Nothing else is raised by this package."""

from __future__ import annotations


class EgressRefused(ValueError):
    """We do not go there; the message says why, in words fit for the caller."""


class NotSent(Exception):
    """Not one byte of the request was written: the other side has seen nothing of it."""


class NoAnswer(Exception):
    """The request left, or part of it, and no whole answer came back: the other side may or may not have acted."""
