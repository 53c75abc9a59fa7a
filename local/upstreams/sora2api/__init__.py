"""The simulated Sora2API server: its dedicated paths as our dialect has them, and its chat route, which streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from local.upstreams.files import Files
from local.upstreams.jobs import Job
from local.upstreams.mirror import Mirror
from local.upstreams.misbehave import Streamed
from local.upstreams.paths import Path
from local.upstreams.settings import Settings
from local.upstreams.sora2api import lines
from relay.families.sora2api.messages import read_chat
from relay.families.sora2api.read import asks_async, read_character_film
from relay.families.sora2api.words import CHARACTER_FILM, CHAT
from relay.nouns.catalog import Catalog, Upstream
from relay.nouns.draft import Draft, Kind
from relay.nouns.wire import Inbound, Json, Reply


class Sora2api(Mirror):
    """With `dedicated` False it has the chat route alone, as servers of another make."""

    def __init__(self, upstream: Upstream, settings: Settings, files: Files) -> None:
        super().__init__(upstream, settings, files)
        self.dedicated = True

    def paths(self) -> Sequence[Path]:
        streamed = Path("POST", CHARACTER_FILM, self._character_film, lambda inbound: not asks_async(inbound), "submit")
        own = (streamed, *super().paths()) if self.dedicated else ()
        return (Path("POST", CHAT, self._chat, verb="submit"), *own)

    def facts(self, job: Job) -> Mapping[str, Json]:
        if job.request.kind is not Kind.CHARACTER:
            return super().facts(job)
        number = job.task_id[-3:]
        return {
            "character": {
                "username": f"paperboat{number}",
                "display_name": "Paper Boat",
                "character_id": f"ch_{number}",
            }
        }

    def _chat(self, inbound: Inbound) -> Reply:
        return self._stream(inbound, read_chat)

    def _character_film(self, inbound: Inbound) -> Reply:
        return self._stream(inbound, read_character_film)

    def _stream(self, inbound: Inbound, read: Callable[[Inbound, Catalog], Draft]) -> Reply:
        """Raises Streamed, or RelayError."""
        self.authorise(inbound)
        draft = read(inbound, self.catalog)
        return self.submit(draft.platform, draft.prompt, lambda: self.job(draft), self._answer_slowly)

    def _answer_slowly(self, job: Job) -> Reply:
        fault = self.fault_at("stream", job)
        raise Streamed(lines.of(job, self.facts(job), fault), cut=fault is not None and fault.name == "cut")


SIMULATOR = Sora2api
