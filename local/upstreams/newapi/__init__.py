"""The simulated aggregator: our dialects of it, and the buttons that Midjourney's pictures come with."""

from __future__ import annotations

from collections.abc import Mapping

from local.upstreams.files import Files
from local.upstreams.jobs import Job
from local.upstreams.mirror import Mirror
from local.upstreams.newapi import midjourney
from local.upstreams.newapi.kling import Kling
from local.upstreams.settings import Settings
from relay.nouns.catalog import Upstream
from relay.nouns.draft import Draft
from relay.nouns.errors import InvalidParameter
from relay.nouns.wire import Json


class Newapi(Mirror):
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
