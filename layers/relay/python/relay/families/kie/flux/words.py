"""What both sides of the Flux Kontext API call things."""

from __future__ import annotations

PLATFORM = "flux-kontext"
CREATE_PATH, QUERY_PATH = "/api/v1/flux/kontext/generate", "/api/v1/flux/kontext/record-info"
USUAL_MODEL = "flux-kontext-pro"
FORMATS = ("png", "jpeg")
SAFEST_EDIT = 2  # the highest tolerance where a picture is edited
OPTIONS = {
    "output_format": "outputFormat",
    "enhance_prompt": "promptUpsampling",
    "safety": "safetyTolerance",
    "translate_prompt": "enableTranslation",
}
