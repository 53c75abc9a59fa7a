"""The jobs of the measured upstream, whichever API they are made and asked by: how each ends, and when that is said."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from itertools import count

from starlette.responses import JSONResponse, Response

# What a job comes to stands in its prompt, or for jobs nobody submitted in their id: "fails", "after-3".
_AFTER = re.compile(r"after-(\d+)")


class Jobs:
    """Every answer takes `seconds`; `result` is the link to each thing made."""

    def __init__(self, seconds: float, result: str) -> None:
        self._seconds, self._result = seconds, result
        self._numbers = count(1)
        self._looks: Counter[str] = Counter()

    def make(self, prompt: str) -> str:
        """The id of a new job."""
        end = "fails" if "fails" in prompt else (_AFTER.search(prompt) or ["works"])[0]
        return f"{end}-{next(self._numbers):024d}"

    def word(self, job: str, running: str, succeeded: str, failed: str) -> str:
        """Which of these the job is, asked once more."""
        self._looks[job] += 1
        wanted = _AFTER.search(job)
        if wanted and self._looks[job] < int(wanted[1]):
            return running
        return failed if job.startswith("fails") else succeeded

    def result(self, job: str) -> str:
        return self._result.format(job)

    async def answer(self, document: object) -> Response:
        await asyncio.sleep(self._seconds)
        return JSONResponse(document)

    async def take(self) -> Response:
        await asyncio.sleep(self._seconds)
        return Response(status_code=204)
