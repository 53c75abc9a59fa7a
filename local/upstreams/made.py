"""What a simulated upstream sells and makes, in terms of what a dialect of ours reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

from local.upstreams.fault_table import UNKNOWN_NUMBER, UNKNOWN_WORD
from local.upstreams.jobs import FOREVER, Job, Order
from local.upstreams.media import SOUND_TYPES
from local.upstreams.media import Kind as Media
from relay.catalog.file import shipped
from relay.families.dialect import AnyRoute
from relay.families.uses import ANSWER, CREATE_RECORD, MANY_FACTS, RECORD, RECORD_FACTS, Record
from relay.nouns.catalog import Catalog, Model, Offer
from relay.nouns.draft import KINDS, Draft, Kind, MediaRole
from relay.nouns.errors import BadKey, InsufficientBalance, InvalidParameter, RateLimited, RelayError, UpstreamError
from relay.nouns.faults import Fault
from relay.nouns.songs import sung
from relay.nouns.task import Asset, Role, State, Task
from relay.nouns.wire import Json

FILES: Mapping[str | None, Media] = {"image": "image", "video": "video", "audio": "music"}
SONG_SECONDS = 20.0
LETTERS = 15  # spoken in a second
FAILURES = {"refuse": "CONTENT_POLICY_VIOLATION", "fail": "GENERATION_FAILED", "bad-input": "INPUT_FETCH_FAILED"}
REFUSALS: Mapping[str, Callable[[], RelayError]] = {
    "rate-limit": lambda: RateLimited("too many requests in this minute", "请求过于频繁", 3),
    "unauthorized": BadKey,
    "refuse": lambda: InvalidParameter("prompt", "was refused: content policy", "违反内容政策"),
    "no-credits": InsufficientBalance,
}


shipped_catalog = cache(shipped)


def sold_by(catalog: Catalog, family: str) -> Catalog:
    """What an upstream of this family sells: our own menu of its dialect, and our sources there by their names."""
    menu = {platform: dict(kinds) for platform, kinds in catalog.menus.get(family, {}).items()}
    for model in catalog.models.values():
        for source in model.sources:
            if catalog.upstreams[source.upstream].family == family:
                wanted = (
                    [source.label] if source.label else [name for name, kinds in menu.items() if model.kind in kinds]
                )
                for platform in wanted:
                    _add(menu.setdefault(platform, {}), source.model, model)
    return replace(catalog, menus={family: menu})


def _add(kinds: dict[Kind, Offer], name: str, model: Model) -> None:
    offer = kinds.get(model.kind, Offer(name, {}))
    kinds[model.kind] = replace(offer, models={**offer.models, name: model})


def unknown_word(running: Json, *ends: Json) -> Json:
    """A document that tells its state, which is what differs at each end, by a word or number nobody knows."""
    if isinstance(running, dict):
        return {
            name: unknown_word(value, *(end.get(name) if isinstance(end, dict) else None for end in ends))
            for name, value in running.items()
        }
    told = {(type(value), str(value)) for value in (running, *ends)}
    if len(told) <= len(ends) or len({kind for kind, _ in told}) > 1:
        return running
    if isinstance(running, str) and running.isidentifier():
        return UNKNOWN_WORD.upper() if running.isupper() else UNKNOWN_WORD
    return UNKNOWN_NUMBER if type(running) is int else running


def strange(running: Json, done: Json, failed: Json) -> Json:
    """The same; some APIs tell a failure by another field than the one that tells what is running."""
    found = unknown_word(running, done, failed)
    return unknown_word(running, done) if found == running else found


def order_of(draft: Draft, model: Model) -> Order:
    kind = FILES.get(KINDS[draft.kind].file)
    seconds = float(draft.duration or model.duration) if draft.kind is Kind.VIDEO else SONG_SECONDS
    spoken = draft.kind is Kind.SPEECH
    return Order(
        kind or "image",
        draft.prompt,
        draft.model,
        draft.size or draft.ratio or "1:1",
        1.0 + len(draft.prompt) / LETTERS if spoken else seconds,
        count=model.most(draft) if kind else 0,
        callback_url=draft.callback.url if draft.callback else None,
        image_url=draft.url(MediaRole.IMAGE) or draft.url(MediaRole.FIRST_FRAME),
        cost=model.cost(draft),
        form=str(draft.options.get("output_format") or "") if spoken else "",
    )


def assets_of(job: Job) -> tuple[Asset, ...]:
    if job.covers:
        return tuple(asset for number in range(len(job.urls)) for asset in _song(job, number))
    seconds = None if job.order.kind == "image" else job.order.seconds
    return tuple(Asset(url, seconds, content_type=SOUND_TYPES.get(job.order.form)) for url in job.urls)


def _song(job: Job, number: int) -> tuple[Asset, Asset]:
    """A song and its picture, which are known by one id."""
    ref = _clip(job, number)
    song = Asset(job.urls[number], job.order.seconds, sung(job.request).title or job.order.prompt[:40], ref=ref)
    return song, Asset(job.covers[number], role=Role.COVER, ref=ref)


def _clip(job: Job, number: int) -> str:
    return f"clip-{job.task_id}-{number + 1}"


def task_of(job: Job, now: float, upstream: str, family: str) -> Task:
    """A job as the task it would be here."""
    draft, stage = job.request, job.stage(now)
    made = Task(upstream, job.task_id, family, draft.platform, draft.kind, draft.model, 1, 0, 0)
    task = replace(
        made,
        state=State(stage),
        created_at=int(job.created * 1000),
        progress=job.progress(now) * 100,
        upstream_task_id=job.task_id,
    )
    if job.done_at < FOREVER and task.terminal:
        task = replace(task, completed_at=int(job.done_at * 1000))
    if stage == "failed":
        return replace(task, fault=fault_of(job))
    return replace(task, assets=assets_of(job)) if stage == "succeeded" else task


def facts_of(job: Job) -> Mapping[str, Json]:
    """What an outcome says in words."""
    text = f"Written for: {job.order.prompt}"
    if not job.covers:
        return {} if job.order.count else {"title": job.order.prompt[:40], "text": text}
    song = sung(job.request)
    said = {"text": song.lyrics or text, "tags": song.style}
    return {"clips": [{"ref": _clip(job, number), **said} for number in range(len(job.urls))]}


def fault_of(job: Job) -> Fault:
    return Fault(FAILURES[job.failure or "fail"])


def refusal(fault: str) -> RelayError:
    """What a named fault is in our error tree, which every dialect can say."""
    return REFUSALS.get(fault, lambda: UpstreamError(f"the upstream has the fault {fault}"))()


def record(job: Job, task: Task, facts: Mapping[str, Json]) -> Record:
    """What its outcome says is there once it is; before, a preview may be."""
    told = task.state is State.SUCCEEDED or (task.state is State.PROCESSING and "preview" in facts)
    return Record(task, job.request, facts if told else {})


def found(route: AnyRoute, job: Job, task: Task, facts: Mapping[str, Json]) -> Task | Record:
    """A job as the route's use case finds it."""
    told_whole = route.use in (CREATE_RECORD, ANSWER, RECORD, RECORD_FACTS, MANY_FACTS)
    return record(job, task, facts) if told_whole else task
