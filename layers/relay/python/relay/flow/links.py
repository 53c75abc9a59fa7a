"""Links to files in the media bucket: signed for every answer, recognised when a client sends one as an input.

They lead to our own media endpoint, not to S3: an S3 link dies with the credentials of the function that signed it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from relay.flow.services import Services
from relay.nouns.errors import NotFound, TaskNotFound
from relay.nouns.signing import same
from relay.nouns.task import Task

LINK_SECONDS = 24 * 3600
S3_LINK_SECONDS = 300  # life of the S3 link we redirect to; a download that has begun goes on after it
UPSTREAM_LINK_SECONDS = 3600  # life of the S3 link given to an upstream, which may queue the job before it fetches

MAX_INLINE_BYTES = 4 << 20  # bytes answered directly: an HTTP API takes 6 MB from a function, base64 included

TASK_ID_LENGTH = 36  # characters

_KEY = re.compile(r"(uploads|results)/[0-9a-z]+/[0-9a-z.-]+")


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """What a link leads to: the file's bytes, or (`body` is None) `location`, an S3 link to redirect to."""

    key: str
    body: bytes | None
    location: str = ""


def sign_links(services: Services, task: Task, base_url: str) -> Task:
    """The task with a fresh link for each result stored in our bucket, as its client is shown it."""
    expires = services.clock() // 1000 + LINK_SECONDS
    assets = (
        replace(asset, url=sign_link(services, asset.key, base_url, expires), expires_at=expires * 1000)
        if asset.key
        else asset
        for asset in task.assets
    )
    return replace(task, assets=tuple(assets))


def sign_link(services: Services, key: str, base_url: str, expires: int) -> str:
    """A link to `key` that works until `expires` (Unix seconds)."""
    return f"{base_url}/media/{key}?expires={expires}&signature={_signature(services, key, expires)}"


def refer(services: Services, task: Task) -> str:
    """A reference by which anybody may see a task's results, as long as they are kept: it is shown to its client."""
    return f"{task.account_id}.{task.task_id}.{_sign_reference(services, task.account_id, task.task_id)}"


def open_reference(services: Services, reference: str) -> Task:
    """The task that a reference of ours leads to. Raises TaskNotFound for a forged one, before anything is read."""
    account_id, task_id, signature = (*reference.split("."), "", "", "")[:3]
    if not same(signature, _sign_reference(services, account_id, task_id)):
        raise TaskNotFound
    task = services.store.tasks.get(account_id, task_id)
    if task is None or task.hidden:
        raise TaskNotFound
    return task


def _sign_reference(services: Services, account_id: str, task_id: str) -> str:
    return _signature(services, f"task|{account_id}|{task_id}", 0)


def key_of(services: Services, url: str) -> str | None:
    """The key a link of ours leads to, even when it has expired; None for a URL we did not sign."""
    parts = urlsplit(url)
    key = parts.path.removeprefix("/media/")
    words = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    expires, signature = words.get("expires", ""), words.get("signature", "")
    return None if _signed_until(services, key, expires, signature) is None else key


def task_id_of(key: str) -> str | None:
    """The id of the task whose result lies at `key` (`results/<account>/<task id>-…`); None for an upload."""
    area, _, name = key.split("/")
    return name[:TASK_ID_LENGTH] if area == "results" else None


def open_link(
    services: Services, key: str, expires: str, signature: str, *, method: str = "GET", part: bool = False
) -> LinkedFile:
    """Check a link and read its file. Raises NotFound where the link is forged or expired, or the file does not exist.

    At most MAX_INLINE_BYTES are answered directly, for clients that follow no redirect. Larger files, and parts of
    files (`part`: the request has a Range header), are served by S3.
    """
    ends = _signed_until(services, key, expires, signature)
    if ends is None or ends < services.clock() // 1000:
        raise NotFound("this link is not valid, or has expired; ask for the task again", "链接无效或已过期")
    try:
        found = services.bucket.read(key, 0 if part else MAX_INLINE_BYTES)
    except LookupError as error:
        raise NotFound("this file is not ready, or is not kept any more", "文件尚未就绪或已过期") from error
    if found.body is None:
        return LinkedFile(key, None, services.bucket.link(key, S3_LINK_SECONDS, method))
    return LinkedFile(key, found.body)


def _signed_until(services: Services, key: str, expires: str, signature: str) -> int | None:
    """When a link with these query values expires (Unix seconds, may be past); None where we did not sign it."""
    if not _KEY.fullmatch(key) or not re.fullmatch("[0-9]{1,12}", expires):
        return None
    return int(expires) if same(signature, _signature(services, key, int(expires))) else None


def _signature(services: Services, key: str, expires: int) -> str:
    secret = services.secrets.need("media-secret").encode()
    return hmac.new(secret, f"{key}|{expires}".encode(), hashlib.sha256).hexdigest()[:40]
