"""The endpoint of clients who hold the line open: one ASGI application on the routes and operations of the others.

It knows nothing of Lambda: there the Lambda Web Adapter speaks HTTP to it, and any container can serve it as well.
"""
