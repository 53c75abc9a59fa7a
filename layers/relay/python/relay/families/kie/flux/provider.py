"""KIE's Flux Kontext API as we call it."""

from __future__ import annotations

from relay.families.kie.flux import words
from relay.families.kie.records import Wire, read_urls
from relay.families.kie.words import FLAGS
from relay.families.kie.write import IMAGES, chosen_options, filled, image_of
from relay.families.provider import Carries
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import Unfit
from relay.nouns.shapes import nearest


def _write(draft: Draft, source: Source) -> dict[str, object]:
    image, options = image_of(draft), draft.options
    if options.get("output_format", "png") not in words.FORMATS:
        raise Unfit("output_format", f"must be one of: {', '.join(words.FORMATS)}", "取值不受支持")
    safety = options.get("safety", 0)
    if not isinstance(safety, int) or not 0 <= safety <= (words.SAFEST_EDIT if image else 6):
        raise Unfit("safety", "is at most 6, and 2 where a picture is edited", "最大为 6，编辑图片时为 2")
    said = filled(inputImage=image, aspectRatio=nearest(source.sizes, draft.ratio, draft.size))
    return {
        "prompt": draft.prompt,
        "model": source.model or words.USUAL_MODEL,
        **said,
        **chosen_options(draft, words.OPTIONS),
    }


WIRE = Wire(
    create=words.CREATE_PATH,
    query=words.QUERY_PATH,
    word_fields=("successFlag",),
    words=FLAGS,
    carries={Kind.IMAGE: Carries(media=IMAGES, options=tuple(words.OPTIONS))},
    write=_write,
    read_assets=read_urls("response", "resultImageUrl"),
)
