"""The family of new-api aggregators: one sub-package for each API they serve, which dialect.py and provider.py join."""

HOMES = (
    *("/v1", "/v1beta", "/mj", "/mj-fast", "/mj-relax", "/mj-turbo", "/suno", "/kling"),
    *("/api/user", "/api/token", "/api/usage"),
)
