"""The family of Sora2API servers, which make Sora's pictures and films from ChatGPT accounts: a module for each API."""

HOMES = (
    *(f"/v1/images/{what}" for what in ("generate", "transform")),
    *(f"/v1/videos/{what}" for what in ("generate", "transform", "remix", "storyboard")),
    "/v1/characters",
    "/v1/tasks",
)
