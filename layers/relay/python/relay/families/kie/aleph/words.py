"""What both sides of the Runway Aleph API call things."""

from __future__ import annotations

from relay.nouns.task import State

PLATFORM = "aleph"
CREATE_PATH, QUERY_PATH = "/api/v1/aleph/generate", "/api/v1/aleph/record-info"
STATES = {"0": State.PROCESSING, "1": State.SUCCEEDED}  # a failure keeps 0, and names an error
OPTIONS = {"seed": "seed", "upload_cn": "uploadCn"}
