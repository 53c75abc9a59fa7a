"""Host name look-ups with a time limit, which getaddrinfo does not have."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from relay.effects.outbound.errors import EgressRefused, NotSent

AT_ONCE = 64  # look-ups at once: a hanging resolver occupies at most this many threads

Resolve = Callable[[str, int], list[str]]

_NO_SUCH_NAME = (socket.EAI_NONAME, socket.EAI_NODATA)


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name. Raises what getaddrinfo does: OSError, or UnicodeError for what cannot be a name."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Lookups:
    """Runs `resolve`, which cannot be interrupted, in a daemon thread that is abandoned when the time is up."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def addresses(self, host: str, port: int, seconds: float) -> list[str]:
        """Every address of a name. EgressRefused where it does not exist, NotSent where no answer comes in time."""
        ends = time.monotonic() + seconds
        if seconds <= 0 or not self._free.acquire(timeout=seconds):
            raise NotSent("no time to look up the name")
        found = Future[list[str]]()
        self._start(found, host, port)
        try:
            addresses = found.result(max(0.0, ends - time.monotonic()))
        except TimeoutError as error:
            raise NotSent("the name does not resolve in time") from error
        except ValueError as error:  # an empty or too long label fails before a name server is asked
            raise EgressRefused("names a host that does not resolve") from error
        except OSError as error:
            if isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME:
                raise EgressRefused("names a host that does not resolve") from error
            raise NotSent("the name does not resolve now") from error
        if not addresses:
            raise EgressRefused("names a host that does not resolve")
        return addresses

    def _start(self, found: Future[list[str]], host: str, port: int) -> None:
        try:
            threading.Thread(target=self._look_up, args=[found, host, port], daemon=True).start()
        except RuntimeError as error:  # the system cannot start another thread
            self._free.release()
            raise NotSent("no thread to look up the name") from error

    def _look_up(self, found: Future[list[str]], host: str, port: int) -> None:
        try:
            addresses = self._resolve(host, port)
        except BaseException as error:
            found.set_exception(error)
        else:
            found.set_result(addresses)
        finally:
            self._free.release()
