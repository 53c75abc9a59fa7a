"""Owns the list of what can go wrong at a simulated upstream, endpoint by endpoint; data, no logic."""

from __future__ import annotations

from typing import Literal

Endpoint = Literal["submit", "query", "outcome", "stream", "inference", "callback", "file"]

# What a fault's number means: how many times it happens (none given: always), seconds, or a plain count.
Unit = Literal["times", "seconds", "count"]

_WIRE: dict[str, Unit] = {
    "rate-limit": "times",
    "server-error": "times",
    "error-in-200": "times",
    "unauthorized": "times",
    "http-500": "times",
    "http-502": "times",
    "empty": "times",
    "bad-json": "times",
    "drop": "times",
    "hang": "seconds",
}

FAULTS: dict[Endpoint, dict[str, Unit]] = {
    "submit": {
        **_WIRE,
        "refuse": "times",  # content policy, before a job exists
        "no-credits": "times",
        "maintenance": "times",
        "queue-full": "times",
        "lost-answer": "times",  # the job exists, the connection breaks
        "lost-answer-hang": "seconds",  # the job exists, the answer never comes
    },
    "query": {**_WIRE, "not-found": "times", "unknown-status": "times"},
    "outcome": {
        "refuse": "count",  # content policy, found while working
        "fail": "count",
        "bad-input": "count",  # the input picture could not be had
        "never": "count",
        "slow": "seconds",  # done this long after acceptance; ten times the pace if not told
    },
    "stream": {
        "cut": "count",  # in the middle of a line
        "endless": "count",  # news for ever, and never an outcome
        "html": "count",  # a page with status 200
        "busy": "count",  # a failure that looks like a success, with a malformed end
        "malformed": "count",  # a success whose end is malformed
    },
    "inference": {  # the answer of a model, streamed or whole; what comes before it is asked for at "submit"
        "status": "count",  # an error with this HTTP status, 503 if not told
        "html": "times",  # a page with status 200
        "error-first": "times",  # an error as the only event; of a whole answer, an error
        "error": "times",  # an error in the middle
        "cut": "times",  # in the middle of an event
        "malformed": "times",  # an event that is no JSON, in the middle
        "endless": "times",  # half of it, then heartbeats for ever
        "silence": "seconds",  # the headers, and nothing more
        "no-usage": "times",
        "huge": "times",  # an event of 2 MB in one line
        "slow": "seconds",  # before each event
    },
    "callback": {
        "lost": "count",
        "duplicate": "count",  # this many copies at once
        "delay": "seconds",
        "reorder": "count",  # a second late, after those of other tasks
        "forged": "count",  # two forged bodies under a stale signature, before the genuine one
        "tampered": "count",  # two forged bodies under the genuine callback's signature, after it
        "unsigned": "count",
        "stale": "count",  # signed for an hour ago
    },
    "file": {
        "dead": "count",
        "dies": "seconds",  # 404 this long after the job was done
        "html": "count",  # a login page with status 200
        "cut": "count",  # half the bytes, then the connection breaks
        "busy": "times",  # 503
    },
}

# Short markers for the faults people try first, by hand.
ALIASES = {
    "refuse": "outcome:refuse",
    "fail": "outcome:fail",
    "never": "outcome:never",
    "slow": "outcome:slow",
    "lost": "callback:lost",
    "duplicate": "callback:duplicate",
    "forged": "callback:forged",
    "dead": "file:dead",
    "429": "submit:rate-limit",
    "hang": "submit:hang",
    "lost-answer": "submit:lost-answer",
}

# A status word and a number no document lists, for clients that must not stumble over them.
UNKNOWN_WORD, UNKNOWN_NUMBER = "reviewing", 7
