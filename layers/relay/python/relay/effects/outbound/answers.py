"""One request on a connection, and the ways to read its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from urllib3 import BaseHTTPResponse, HTTPHeaderDict, PoolManager, Timeout

from relay.effects.outbound.connections import Attempt
from relay.effects.outbound.errors import EgressRefused, NoAnswer, NotSent
from relay.nouns.wire import Call

TOO_SLOW = "the answer is too slow"
_DEFAULT_HEADERS = {"accept": "*/*", "user-agent": "genrelay"}


def request(made: PoolManager, call: Call, attempt: Attempt, silence: float) -> BaseHTTPResponse:
    """Send the request and read the head of the answer; `silence` is the most seconds between two bytes of it.

    Raises EgressRefused, NotSent or NoAnswer.
    """
    headers = HTTPHeaderDict(_DEFAULT_HEADERS)
    headers.update(call.headers)
    try:
        with attempt.current():
            response = made.urlopen(
                call.method,
                call.url,
                body=call.body or None,
                headers=headers,
                timeout=Timeout(connect=call.timeout, read=min(call.timeout, silence)),
                retries=False,
                redirect=False,
                preload_content=False,
            )
    except (EgressRefused, NotSent):
        raise
    except Exception as error:
        raise (NoAnswer if attempt.sent else NotSent)(_reason(error, attempt)) from error
    if response.status < 200 or attempt.cut:
        release(response)
        raise NoAnswer(TOO_SLOW if attempt.cut else "the answer is an interim one")
    return response


def _reason(error: Exception, attempt: Attempt) -> str:
    return TOO_SLOW if attempt.cut else type(error).__name__


def release(response: BaseHTTPResponse) -> None:
    """Close the connection, unless the answer was read to its end: then it is back in the pool already."""
    with suppress(OSError):
        response.close()


def chunks(response: BaseHTTPResponse, chunk: int, attempt: Attempt) -> Iterator[bytes]:
    """The body to its end. Raises NoAnswer where it cannot be read or was cut off, which may look like an end."""
    pieces = response.stream(chunk, decode_content=True)
    return _pieces(lambda: next(pieces, b""), attempt)


def arriving(response: BaseHTTPResponse, chunk: int, most: int, attempt: Attempt) -> Iterator[bytes]:
    """The body to its end, in pieces as they come. Raises NoAnswer as `chunks` does, and for more than `most` bytes."""
    taken = 0
    for piece in _pieces(lambda: _next_piece(response, chunk), attempt):
        taken += len(piece)
        if taken > most:
            raise NoAnswer("the answer is too large")
        yield piece


def _next_piece(response: BaseHTTPResponse, chunk: int) -> bytes:
    # a piece may decode to nothing yet, so the end is asked for
    while not (piece := response.read1(chunk, decode_content=True)):
        if response.closed:
            break
    return piece


def _pieces(take: Callable[[], bytes], attempt: Attempt) -> Iterator[bytes]:
    while True:
        try:
            piece = take()
        except Exception as error:
            raise NoAnswer(_reason(error, attempt)) from error
        if attempt.cut:
            raise NoAnswer(TOO_SLOW)
        if not piece:
            return
        yield piece


def read(chunks: Iterator[bytes], most: int) -> bytes:
    """A body of at most so many bytes. Raises NoAnswer for more."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > most:
            raise NoAnswer("the answer is too large")
    return bytes(body)
