"""The family of the AI Studio platform (ten platforms under /api)."""

HOMES = ("",)  # every path that lies below no other family's, unknown ones too
