"""KIE's file upload: a file in a form, as base64, or at an address. Files are ours for a while, whatever their path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from relay.families.bodies import Picture, Url, read_body, read_data_uri, read_json
from relay.families.dialect import AnyRoute, Route, Told
from relay.families.forms import clean_name, read_form
from relay.families.kie.replies import CamelBody, write_error
from relay.families.reading import as_object
from relay.families.uses import UPLOAD, UPLOAD_FROM, UPLOAD_MANY
from relay.nouns.account import FileLink, FilePart, Upload
from relay.nouns.catalog import Catalog
from relay.nouns.errors import MissingField, RelayError
from relay.nouns.wire import Inbound, Reply

Name = Annotated[str, Field(max_length=255)]


class _Place(CamelBody):
    """Where the client wants the file: shown again and nothing more."""

    upload_path: Annotated[str, Field(min_length=1, max_length=255)]
    file_name: Name = ""

    def called(self, usual: str) -> str:
        """The path and the name by which the file is shown again."""
        parts = [*self.upload_path.split("/"), self.file_name or usual]
        return "/".join(clean_name(part) for part in parts if part.strip(" ."))


class _Base64(_Place):
    base64_data: Picture


class _Address(_Place):
    file_url: Url


def read_base64(inbound: Inbound, catalog: Catalog) -> Mapping[str, FilePart]:
    body = read_body(_Base64, read_json(inbound))
    return {"base64Data": FilePart(body.called("file"), read_data_uri("base64Data", body.base64_data))}


def read_stream(inbound: Inbound, catalog: Catalog) -> FilePart:
    form = read_form(inbound)
    place = read_body(_Place, {name: texts[-1] for name, texts in form.fields.items()})
    if len(form.files.get("file", ())) != 1:
        raise MissingField("file", " as one part with a filename", "（须为一个带文件名的部分）")
    (part,) = form.files["file"]
    return FilePart(place.called(part.filename), part.body)


def read_address(inbound: Inbound, catalog: Catalog) -> FileLink:
    body = read_body(_Address, read_json(inbound))
    return FileLink(body.file_url, "fileUrl", body.called(body.file_url.partition("?")[0].rpartition("/")[2]))


def write_upload(told: Told[Upload]) -> Reply:
    return _written(told.found, told.now)


def write_first(told: Told[Sequence[Upload]]) -> Reply:
    return _written(told.found[0], told.now)


def _written(upload: Upload, now: int) -> Reply:
    data = {
        "fileName": upload.filename.rpartition("/")[2],
        "filePath": upload.filename,
        "downloadUrl": upload.url,
        "fileSize": upload.size,
        "mimeType": upload.content_type,
        "uploadedAt": datetime.fromtimestamp(now // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return Reply.json({"success": True, "code": 200, "msg": "File uploaded successfully", "data": data})


def write_upload_error(error: RelayError, trace_id: str) -> Reply:
    reply = write_error(error, trace_id)
    return Reply.json({"success": False, **as_object(reply.body)}, reply.status, reply.headers)


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", "/api/file-base64-upload", UPLOAD_MANY, read_base64, write_first, error=write_upload_error),
    Route("POST", "/api/file-stream-upload", UPLOAD, read_stream, write_upload, error=write_upload_error),
    Route("POST", "/api/file-url-upload", UPLOAD_FROM, read_address, write_upload, error=write_upload_error),
)
