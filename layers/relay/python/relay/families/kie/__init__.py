"""The family of KIE AI."""

HOMES = ("/api/v1",)
