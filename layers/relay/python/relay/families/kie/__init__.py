"""The family of KIE AI."""

HOMES = ("/api/v1", "/api/file-base64-upload", "/api/file-stream-upload", "/api/file-url-upload")
