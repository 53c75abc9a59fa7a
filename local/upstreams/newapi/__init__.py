"""The simulated aggregator: our dialects of it, models, its image host, and the buttons of Midjourney's pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from local.upstreams import inference
from local.upstreams.files import Files
from local.upstreams.inference import SHAPES, google_key
from local.upstreams.jobs import Job
from local.upstreams.mirror import Mirror
from local.upstreams.newapi import audio, midjourney
from local.upstreams.newapi.kling import Kling
from local.upstreams.paths import IMAGE_HOST, Path
from local.upstreams.settings import Settings
from relay.families.forms import read_file
from relay.families.newapi.image_host import UPLOAD
from relay.families.newapi.midjourney.words import HOME, MODES, SUBMIT, TASK
from relay.nouns.catalog import Upstream
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import InvalidParameter, RelayError
from relay.nouns.wire import Inbound, Json, Reply

_SUBMISSIONS = tuple(home + SUBMIT for home in (HOME, *MODES))


class Newapi(Mirror):
    def __init__(self, upstream: Upstream, settings: Settings, files: Files) -> None:
        super().__init__(upstream, settings, files)
        self._models = inference.paths(self, SHAPES)

    def paths(self) -> Sequence[Path]:
        seeds = [Path("GET", f"{home}{TASK}/{{task_id}}/image-seed", self._seed) for home in (HOME, *MODES)]
        host = Path("POST", IMAGE_HOST + UPLOAD, self._host, verb="upload")
        return (*self._models, *seeds, *super().paths(), host)

    def read_key(self, inbound: Inbound) -> str:
        return google_key(inbound) or super().read_key(inbound)

    def _seed(self, inbound: Inbound) -> Reply:
        """The seed of a picture, which its task does not tell."""
        self.authorise(inbound)
        job = self.ended(inbound.params["task_id"], midjourney.PLATFORM)
        return Reply.json({"code": 1, "description": "success", "result": midjourney.seed(job), "properties": {}})

    def write_refusal(self, error: RelayError, trace_id: str, path: str) -> Reply:
        if "content policy" in error.message and path.startswith(_SUBMISSIONS):
            return midjourney.banned(error, trace_id)
        reply = super().write_refusal(error, trace_id, path)
        return inference.in_shape(SHAPES, reply, error, path)

    def _host(self, inbound: Inbound) -> Reply:
        """What is uploaded to the image host."""
        self.authorise(inbound)
        url, _ = self.files.keep(read_file(inbound).body)
        return Reply.json({"url": url, "created": int(self.now())})

    def facts(self, job: Job) -> Mapping[str, Json]:
        if job.request.kind is Kind.TRANSCRIPT:
            return audio.facts(job)
        if job.api != midjourney.PLATFORM:
            return super().facts(job)
        if job.stage(self.now()) == "processing":
            return midjourney.preview(job, int(100 * job.progress(self.now())))
        return midjourney.facts(job) or super().facts(job)

    def job(self, draft: Draft) -> Job:
        if draft.parent and draft.platform == midjourney.PLATFORM:
            buttons = self.facts(self.ended(draft.parent.task_id, draft.platform)).get("buttons", [])
            if buttons and draft.parent.ref not in [each["ref"] for each in buttons]:
                raise InvalidParameter(draft.parent.ref_field, "is no button of that task", "不是该任务的按钮")
        return super().job(draft)


def simulator(upstream: Upstream, settings: Settings, files: Files) -> Mirror:
    """An aggregator, or Kling itself, whose paths and key are its own."""
    made = Kling if upstream.credential == "kling-jwt" else Newapi
    return made(upstream, settings, files)


SIMULATOR = simulator
