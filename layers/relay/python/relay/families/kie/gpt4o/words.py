"""What the 4o image API calls what we call otherwise."""

from __future__ import annotations

PLATFORM = "gpt4o-image"
OPTIONS = {"enhance_prompt": "isEnhance", "upload_cn": "uploadCn"}  # KIE docs, Generate 4o Image
OPTIONS |= {"enable_fallback": "enableFallback", "fallback_model": "fallbackModel"}
FIELDS = {"count": "nVariants", **OPTIONS}
