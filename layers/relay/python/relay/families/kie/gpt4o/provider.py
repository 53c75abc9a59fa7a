"""KIE's 4o image API as we call it."""

from __future__ import annotations

from relay.families.kie.gpt4o import words
from relay.families.kie.records import Wire, read_urls
from relay.families.kie.write import chosen_options, filled, images_of
from relay.families.provider import Carries
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.shapes import nearest


def _write(draft: Draft, source: Source) -> dict[str, object]:
    # optional fields only where they say something: the current schema has dropped most of them
    said = filled(
        size=nearest(source.sizes, draft.ratio, draft.size) or "1:1",
        prompt=draft.prompt,
        filesUrl=images_of(draft, words.MAX_FILES, (MediaRole.IMAGE,)),
        maskUrl=draft.url(MediaRole.MASK),
        nVariants=draft.count if draft.count > 1 else None,
    )
    return said | chosen_options(draft, words.OPTIONS)


WIRE = Wire(
    create=words.CREATE_PATH,
    query=words.QUERY_PATH,
    word_fields=("status", "successFlag"),
    words=words.STATES,
    carries={Kind.IMAGE: Carries(media=(MediaRole.IMAGE, MediaRole.MASK), options=words.OPTIONS)},
    write=_write,
    read_assets=read_urls("response", "resultUrls"),
)
