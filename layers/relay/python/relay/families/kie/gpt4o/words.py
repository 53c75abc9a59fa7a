"""What the 4o image API calls what we call otherwise."""

from __future__ import annotations

from relay.families.kie.words import FLAGS
from relay.nouns.task import State

PLATFORM = "gpt4o-image"
CREATE_PATH, QUERY_PATH = "/api/v1/gpt4o-image/generate", "/api/v1/gpt4o-image/record-info"
DOWNLOAD_PATH = "/api/v1/gpt4o-image/download-url"
MAX_FILES = 5  # KIE docs, Generate 4o Image
# KIE docs, Get 4o Image Details; the flag 3 is not listed there but means failed in the sister APIs
STATES = {
    "GENERATING": State.PROCESSING,
    "SUCCESS": State.SUCCEEDED,
    "CREATE_TASK_FAILED": State.FAILED,
    "GENERATE_FAILED": State.FAILED,
    **FLAGS,
}
OPTIONS = {"enhance_prompt": "isEnhance", "upload_cn": "uploadCn"}  # KIE docs, Generate 4o Image
OPTIONS |= {"enable_fallback": "enableFallback", "fallback_model": "fallbackModel"}
FIELDS = {"count": "nVariants", **OPTIONS}
