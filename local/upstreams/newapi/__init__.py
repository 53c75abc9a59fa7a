"""The simulated aggregator: our dialects of it, its image host, and the buttons of Midjourney's pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from local.upstreams.files import Files
from local.upstreams.jobs import Job
from local.upstreams.mirror import Mirror
from local.upstreams.newapi import midjourney
from local.upstreams.newapi.kling import Kling
from local.upstreams.paths import IMAGE_HOST, Path
from local.upstreams.settings import Settings
from relay.families.forms import read_file
from relay.families.newapi.image_host import UPLOAD
from relay.nouns.catalog import Upstream
from relay.nouns.draft import Draft
from relay.nouns.errors import InvalidParameter
from relay.nouns.wire import Inbound, Json, Reply


class Newapi(Mirror):
    def paths(self) -> Sequence[Path]:
        return (*super().paths(), Path("POST", IMAGE_HOST + UPLOAD, self._host))

    def _host(self, inbound: Inbound) -> Reply:
        """What is uploaded to the image host."""
        self.authorise(inbound)
        url, _ = self.files.keep(read_file(inbound).body)
        return Reply.json({"url": url, "created": int(self.now())})

    def facts(self, job: Job) -> Mapping[str, Json]:
        return midjourney.facts(job) or super().facts(job) if job.api == midjourney.PLATFORM else super().facts(job)

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
