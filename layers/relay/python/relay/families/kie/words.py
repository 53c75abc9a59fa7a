"""What KIE calls what we call otherwise; both sides use it."""

from __future__ import annotations

OPTIONS = {"enhance_prompt": "isEnhance", "upload_cn": "uploadCn"}  # KIE docs, Generate 4o Image
OPTIONS |= {"enable_fallback": "enableFallback", "fallback_model": "fallbackModel"}
FIELDS = {"count": "nVariants", **OPTIONS}
