"""Multipart bodies: a form of fields and files is read and written; an upload is exactly one part, named `file`."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header

from relay.families.bodies import INLINE
from relay.nouns.account import FilePart
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.wire import Call, Inbound

MAX_PARTS = 64  # of one form; far above what any API takes
MAX_FILENAME = 255  # characters; longer ones are cut in uploads, for they are only shown again


class MultipartForm(NamedTuple):
    """A form's parts by their names, each as often as it was sent, in order."""

    fields: Mapping[str, tuple[str, ...]]
    files: Mapping[str, tuple[FilePart, ...]]

    @property
    def document(self) -> dict[str, object]:
        """The fields as a JSON object would hold them: a text, or the list of texts where there are several."""
        return {name: texts[0] if len(texts) == 1 else list(texts) for name, texts in self.fields.items()}


def is_form(inbound: Inbound) -> bool:
    return inbound.headers.get("content-type", "").split(";")[0].strip().lower() == "multipart/form-data"


def read_form(inbound: Inbound) -> MultipartForm:
    """All parts of a multipart body. Raises InvalidParameter for a body that is none, or is broken."""
    found, sent = _parts(inbound, "body")
    fields, files = dict[str, tuple[str, ...]](), dict[str, tuple[FilePart, ...]]()
    if len(found) + len(sent) > MAX_PARTS:
        raise InvalidParameter("body", f"has more than {MAX_PARTS} parts", f"超过 {MAX_PARTS} 个部分")
    for each in found:
        name = (each.field_name or b"").decode("utf-8", "replace")
        try:
            fields[name] = (*fields.get(name, ()), (each.value or b"").decode())
        except UnicodeDecodeError as error:
            raise InvalidParameter(name, "must be UTF-8 text", "必须是 UTF-8 文本") from error
    for part in sent:
        name = (part.field_name or b"").decode("utf-8", "replace")
        files[name] = (*files.get(name, ()), _file(part))
    return MultipartForm(fields, files)


def as_data_uri(part: FilePart) -> str:
    """A file of a form as the medium of a draft: it is judged by its bytes and becomes an upload of the account."""
    return INLINE + base64.b64encode(part.body).decode()


def write_form(method: str, url: str, fields: Mapping[str, str], files: Mapping[str, str | Sequence[str]]) -> Call:
    """A call whose body is a form of texts, and of files given as data URIs, one or several of a name; of any other
    address the file is empty."""
    parts = [(f'name="{name}"', text.encode()) for name, text in fields.items()]
    given = [(name, uri) for name, uris in files.items() for uri in ([uris] if isinstance(uris, str) else uris)]
    for name, uri in given:
        content_type, data = _read_data_uri(uri)
        filename = f"{name.partition('[')[0]}.{content_type.rpartition('/')[2]}"
        about = f'name="{name}"; filename="{filename}"\r\nContent-Type: {content_type}'
        parts.append((about, data))
    # a digest of the parts stands in none of them by chance, and equal requests give equal bytes
    boundary = sha256(b"".join(data for _, data in parts)).hexdigest()[:32].encode()
    written = (
        b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (boundary, about.encode(), data)
        for about, data in parts
    )
    headers = {"content-type": f"multipart/form-data; boundary={boundary.decode()}"}
    return Call(method, url, headers, b"".join(written) + b"--%b--\r\n" % boundary)


def _read_data_uri(uri: str) -> tuple[str, bytes]:
    """The type and the bytes of `data:TYPE;base64,…`."""
    about, _, text = uri.removeprefix("data:").partition(";base64,")
    return (about, base64.b64decode(text)) if text else ("application/octet-stream", b"")


def read_file(inbound: Inbound) -> FilePart:
    """The one part named `file`. Raises InvalidParameter or MissingField for any other body."""
    fields, files = _parts(inbound, "file")
    if len(fields) + len(files) > 1:
        raise InvalidParameter("file", "must be the only part", "必须且只能有一个 file 部分")
    if not files or files[0].field_name != b"file":
        raise MissingField("file", " as a part with a filename", "（须为带文件名的部分）")
    return _file(files[0])


def _file(part: File) -> FilePart:
    part.file_object.seek(0)
    name = (part.file_name or b"").decode("utf-8", "replace")
    return FilePart(clean_name(name), part.file_object.read())


def _parts(inbound: Inbound, about: str) -> tuple[list[Field], list[File]]:
    """The parts as they were sent; errors say that they are about this field."""
    if not is_form(inbound):
        raise InvalidParameter("Content-Type", "must be multipart/form-data", "必须是 multipart/form-data")
    content_type = inbound.headers.get("content-type", "")
    fields, files = list[Field](), list[File]()
    try:
        boundary = parse_options_header(content_type.encode())[1].get(b"boundary")
        in_memory: Any = {"MAX_MEMORY_FILE_SIZE": len(inbound.body) + 1}
        parser = FormParser("multipart/form-data", fields.append, files.append, boundary=boundary, config=in_memory)
        parser.write(inbound.body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise _broken(about) from error
    # the parser calls an unfinished part a part; only the closing boundary says that nothing was cut off
    if not inbound.body.rstrip(b"\r\n").endswith(b"--" + (boundary or b"") + b"--"):
        raise _broken(about)
    return fields, files


def clean_name(name: str) -> str:
    """A hostile file name as it may be shown: the last of its path, without what does not print, of bounded length."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(each for each in last if unicodedata.category(each)[0] != "C").strip(" .")
    return shown[-MAX_FILENAME:] or "file"


def _broken(about: str) -> InvalidParameter:
    said = "is in a multipart body that is broken or cut short" if about == "file" else "is broken or cut short"
    return InvalidParameter(about, said, "所在的请求体不完整或格式错误")
