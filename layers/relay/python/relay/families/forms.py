"""Reading a file out of a multipart body: exactly one part, named `file`."""

from __future__ import annotations

import unicodedata
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header

from relay.nouns.account import FilePart
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.wire import Inbound

MAX_FILENAME = 255  # characters; longer ones are cut in uploads, for they are only shown again


def read_file(inbound: Inbound) -> FilePart:
    """The one part named `file`. Raises InvalidParameter or MissingField for any other body."""
    content_type = inbound.headers.get("content-type", "")
    if content_type.split(";")[0].strip().lower() != "multipart/form-data":
        raise InvalidParameter("Content-Type", "must be multipart/form-data", "必须是 multipart/form-data")
    fields, files = list[Field](), list[File]()
    try:
        boundary = parse_options_header(content_type.encode())[1].get(b"boundary")
        in_memory: Any = {"MAX_MEMORY_FILE_SIZE": len(inbound.body) + 1}
        parser = FormParser("multipart/form-data", fields.append, files.append, boundary=boundary, config=in_memory)
        parser.write(inbound.body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise _broken() from error
    # the parser calls an unfinished part a part; only the closing boundary says that nothing was cut off
    if not inbound.body.rstrip(b"\r\n").endswith(b"--" + (boundary or b"") + b"--"):
        raise _broken()
    if len(fields) + len(files) > 1:
        raise InvalidParameter("file", "must be the only part", "必须且只能有一个 file 部分")
    if not files or files[0].field_name != b"file":
        raise MissingField("file", " as a part with a filename", "（须为带文件名的部分）")
    part = files[0]
    part.file_object.seek(0)
    name = (part.file_name or b"").decode("utf-8", "replace")
    return FilePart(clean_name(name), part.file_object.read())


def clean_name(name: str) -> str:
    """A hostile file name as it may be shown: the last of its path, without what does not print, of bounded length."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(each for each in last if unicodedata.category(each)[0] != "C").strip(" .")
    return shown[-MAX_FILENAME:] or "file"


def _broken() -> InvalidParameter:
    return InvalidParameter(
        "file", "is in a multipart body that is broken or cut short", "所在的请求体不完整或格式错误"
    )
