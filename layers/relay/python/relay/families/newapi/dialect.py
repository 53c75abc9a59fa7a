"""How clients of new-api aggregators speak to us: the routes of its APIs, joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from relay.families.dialect import Dialect, Session, Told, WriteError
from relay.families.newapi import account, models
from relay.families.newapi.audio import dialect as audio
from relay.families.newapi.generations import dialect as generations
from relay.families.newapi.images import dialect as images
from relay.families.newapi.inference import dialect as inference
from relay.families.newapi.inference.errors import write_claude_error, write_google_error
from relay.families.newapi.kling import dialect as kling
from relay.families.newapi.midjourney import dialect as midjourney
from relay.families.newapi.suno import dialect as suno
from relay.families.newapi.system import dialect as system
from relay.families.newapi.system.read import read_session
from relay.families.newapi.system.words import HOMES as SYSTEM
from relay.families.newapi.system.words import write_refusal
from relay.families.newapi.video import dialect as video
from relay.families.newapi.videos import dialect as videos
from relay.families.newapi.words import FAMILY, LANGUAGE, write_openai_error
from relay.families.uses import Record
from relay.nouns.errors import RelayError
from relay.nouns.wire import Inbound, Reply

# How each API tells of a task's end, by its platform word; one that is not here takes no callback address.
CALLBACKS: Mapping[str, Callable[[Told[Record]], bytes]] = {
    **images.CALLBACKS,
    **audio.CALLBACKS,
    **videos.CALLBACKS,
    **kling.CALLBACKS,
    **midjourney.CALLBACKS,
}


ERROR_HOMES: Mapping[str, WriteError] = {
    "/v1beta": write_google_error,
    "/v1/messages": write_claude_error,
    **dict.fromkeys(SYSTEM, write_refusal),
}


class NewapiDialect(Dialect):
    family = FAMILY
    language = LANGUAGE
    hooked = videos.HOOKED
    routes = (
        *inference.ROUTES,
        *models.ROUTES,
        *account.ROUTES,
        *images.ROUTES,
        *audio.ROUTES,
        *video.ROUTES,
        *videos.ROUTES,
        *kling.ROUTES,
        *generations.ROUTES,
        *midjourney.ROUTES,
        *suno.ROUTES,
        *system.ROUTES,
    )
    # Anthropic's, Midjourney's and Google's clients send the key in places of their own, some send it bare
    key_places = (
        ("authorization", "Bearer +"),
        ("authorization", ""),
        ("x-api-key", ""),
        ("mj-api-secret", ""),
        ("x-goog-api-key", ""),
        ("?key", ""),
    )
    key_prefix = "sk-"
    access_tokens = True
    unserved = ("/v1/files", "/v1/fine-tunes", "/v1/images/variations")

    def read_session(self, inbound: Inbound) -> Session:
        return read_session(inbound)

    def write_error(self, error: RelayError, trace_id: str) -> Reply:
        return write_openai_error(error, trace_id)

    def error_at(self, path: str) -> WriteError:
        """Below these paths errors are another maker's, also where no route lies."""
        written = (write for home, write in ERROR_HOMES.items() if f"{path}/".startswith(f"{home}/"))
        return next(written, None) or super().error_at(path)

    def write_callback(self, told: Told[Record]) -> bytes:
        return CALLBACKS[told.found.task.platform](told)


DIALECT = NewapiDialect()
