"""Midjourney as midjourney-proxy and new-api serve it: pictures, and what goes on from them by their buttons."""
