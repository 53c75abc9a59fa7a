"""Calls that hold the line open: an ASGI application, which uvicorn serves in a function or a container."""

from relay.edge.stream.wiring import stream_app

app = stream_app()
