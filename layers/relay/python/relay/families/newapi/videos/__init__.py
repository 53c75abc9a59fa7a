"""OpenAI's videos API, as OpenAI and new-api serve it under /v1/videos.

OpenAI itself announced its end for 2026-09-24; it stays a shape that aggregators speak and clients have SDKs for.
"""
