"""What both sides of the Veo API call things."""

from __future__ import annotations

from collections.abc import Mapping

PLATFORM = "veo"
CREATE_PATH, EXTEND_PATH = "/api/v1/veo/generate", "/api/v1/veo/extend"
QUERY_PATH = "/api/v1/veo/record-info"
USUAL_MODEL, USUAL_RESOLUTION = "veo3_fast", "720p"
TEXT, FRAMES, REFERENCES = "TEXT_2_VIDEO", "FIRST_AND_LAST_FRAMES_2_VIDEO", "REFERENCE_2_VIDEO"
MOST_FRAMES, MOST_REFERENCES = 2, 3
# What the models are called where a video is extended.
EXTENDING: Mapping[str, str] = {"fast": "veo3_fast", "quality": "veo3", "lite": "veo3_lite"}
OPTIONS: Mapping[str, str] = {"translate_prompt": "enableTranslation"}
