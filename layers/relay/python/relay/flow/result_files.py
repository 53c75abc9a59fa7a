"""Result files in the media bucket: where they lie, what they have to be, and those that came inside an answer."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from relay.flow.services import Services
from relay.nouns.draft import KINDS
from relay.nouns.media import PCM, MediaType, sniff
from relay.nouns.task import Asset, Role, Task

EXTRAS = {Role.COVER: "image", Role.THUMBNAIL: "image"}  # a preview may be any kind of media


class NotStored(Exception):
    """A result could not be stored; the message says why."""


def expected_media(task: Task, asset: Asset) -> str | None:
    """The kind of media a file has to be; None where any will do."""
    return KINDS[task.kind].file if asset.role is Role.MAIN else EXTRAS.get(asset.role)


def check_type(task: Task, asset: Asset, found: MediaType | None) -> MediaType:
    """Raises NotStored for what is no media, or another kind of it. That a file is bare samples its maker says."""
    wanted = expected_media(task, asset)
    if asset.content_type == PCM.content_type and wanted == PCM.kind:
        return PCM
    if found is None or wanted not in (None, found.kind):
        raise NotStored(f"the result has no {wanted or 'media'}")
    return found


def result_key(task: Task, number: int, found: MediaType) -> str:
    """Where the task's file of this number, from 1, lies; links read the task's id from it."""
    return f"results/{task.account_id}/{task.task_id}-{number}.{found.extension}"


def store_inline(services: Services, task: Task) -> Task:
    """The task with the files that came as bytes put into the bucket: no row could hold them. To be done before the
    commit: a crash in between leaves a file that nobody sees and that expires. Raises NotStored."""
    assets = list(task.assets)
    for number, asset in enumerate(assets, 1):
        if asset.data is not None:
            found = check_type(task, asset, sniff(asset.data))
            key = result_key(task, number, found)
            services.bucket.put(key, asset.data, found.content_type)
            assets[number - 1] = mark_stored(asset, key, found, len(asset.data), sha256(asset.data).hexdigest())
    return replace(task, assets=tuple(assets))


def mark_stored(asset: Asset, key: str, found: MediaType, size: int, digest: str) -> Asset:
    """The asset as it is kept: by its key, without the address or the bytes it came with."""
    kept = replace(asset, url="", data=None, private=False)
    return replace(kept, key=key, content_type=found.content_type, size=size, sha256=digest)
