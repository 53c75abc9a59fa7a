"""The archive worker's copy in a process of its own: its peak memory, and its speed beside a plain copy.

`python -m benchmarks.copying RESULTS SINK memory BYTES | race BYTES` prints what it found as JSON. It imports no more
than the copying needs, so that the memory is the copying's.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import boto3
import urllib3
from botocore import UNSIGNED
from botocore.config import Config

from relay.effects.bucket import SIGNING, Bucket
from relay.effects.outbound import Outbound
from relay.flow.archive import SECONDS, ResultStream
from relay.nouns.wire import Call

SMALL, LARGE, RACED = 64 << 20, 1 << 30, 192 << 20
LIMIT = 2 << 30
ROUNDS, PEAKS = 5, 4
# By https the SDK leaves a body unsigned; by http it would hash it once more, in both copies, and hide our own hashing.
_CONFIG = SIGNING.merge(Config(signature_version=UNSIGNED, s3={"addressing_style": "path"}))


@dataclass(frozen=True)
class Copies:
    """Peak bytes copying a small and a large file; MB/s and CPU ms per MB, ours and a plain copy's."""

    small: int
    large: int
    ours: float
    plain: float
    ours_cpu: float
    plain_cpu: float

    @property
    def ratio(self) -> float:
        return self.ours / self.plain


def measure(results: str, sink: str) -> Copies:
    """Each in a fresh interpreter; of the peaks, which vary with how the two ends keep pace, the highest of several."""
    peaks = [max(_apart(results, sink, "memory", size) for _ in range(PEAKS)) for size in (SMALL, LARGE)]
    return Copies(*peaks, **_apart(results, sink, "race", RACED))


def _apart(results: str, sink: str, what: str, size: int) -> Any:  # noqa: ANN401 - any JSON
    # Linux hands the peak of whoever starts a process on to it: a small shell in between starts it small.
    through_shell = ["/bin/sh", "-c", '"$@"; exit $?', "sh"]
    done = subprocess.run(
        [*through_shell, sys.executable, "-m", "benchmarks.copying", results, sink, what, str(size)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def _ours(bucket: Bucket, outbound: Outbound, url: str) -> None:
    call = Call("GET", url, {"user-agent": "genrelay", "accept-encoding": "identity"}, timeout=SECONDS)
    with outbound.open(call) as incoming:
        source = ResultStream(incoming.chunks, incoming.headers.get("content-length", ""), LIMIT)
        found = source.type()
        if found is None:
            raise RuntimeError("what is copied is no picture")
        bucket.copy_in("results/bench/ours.png", source, found.content_type)  # type: ignore[arg-type]


def _plain(http: urllib3.PoolManager, client: Any, url: str) -> None:  # noqa: ANN401 - a boto3 client
    response = http.request("GET", url, preload_content=False, timeout=60.0)
    client.upload_fileobj(response, "media", "results/bench/plain.png", {"ContentType": "image/png"})
    response.release_conn()


def _peak() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _race(copies: tuple[Callable[[], None], Callable[[], None]], size: int) -> dict[str, float]:
    """Turn about, after one of each that only warms up."""
    found: tuple[list[tuple[float, float]], ...] = ([], [])
    for _ in range(ROUNDS + 1):
        for copy, into in zip(copies, found, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            copy()
            into.append((time.perf_counter() - wall, time.process_time() - cpu))
    megabytes = size / (1 << 20)
    walls, cpus = ([median(one[part] for one in each[1:]) for each in found] for part in (0, 1))
    return {
        "ours": megabytes / walls[0],
        "plain": megabytes / walls[1],
        "ours_cpu": cpus[0] * 1000 / megabytes,
        "plain_cpu": cpus[1] * 1000 / megabytes,
    }


def main() -> None:
    results, sink, what, size = sys.argv[1:]
    client = boto3.client("s3", endpoint_url=sink, region_name="us-east-1", config=_CONFIG)
    url = f"{results}/{size}.png"
    ours = partial(_ours, Bucket(lambda: client, "media"), Outbound("loopback"), url)
    if what == "memory":
        ours()
        print(_peak())
    else:
        print(json.dumps(_race((ours, partial(_plain, urllib3.PoolManager(), client, url)), int(size))))


if __name__ == "__main__":
    main()
