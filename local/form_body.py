"""Owns reading an upload form as it arrives: its fields, then one file of bounded size, on disk when it is large."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from tempfile import SpooledTemporaryFile

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

_IN_MEMORY = 4 << 20
_FIELDS = 20_000  # bytes before the file, as S3 has it
_READ = 1 << 20


class Refused(Exception):
    """An answer in S3's own words; `details` are the further elements of its error."""

    def __init__(self, status: int, code: str, message: str, **details: object) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details = status, code, message, details


class FormBody:
    """Fields before the file are kept by their names in lower case; what follows the file is dropped, as S3 does."""

    def __init__(self, content_type: str, limit: Callable[[Mapping[str, str]], int]) -> None:
        """`limit` sees the fields when the file begins, and says how many bytes it may have; both may raise Refused."""
        self.fields: dict[str, str] = {}
        self.filename = ""
        self.size = 0
        self._limit, self._allowed = limit, -1  # not asked for yet
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by close()
        self._read = 0
        self._header, self._headers = [b"", b""], dict[bytes, bytes]()
        self._name, self._value = "", bytearray()
        self._take: Callable[[bytes], None] = self._drop
        self._whole = False
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary:
            raise _malformed()
        try:
            self._parser = MultipartParser(boundary, self._callbacks())  # type: ignore[arg-type]
        except FormParserError as error:
            raise _malformed() from error

    def feed(self, data: bytes) -> None:
        """Raises Refused as soon as it is known that this form will not do."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _malformed() from error

    def finish(self) -> None:
        """Raises Refused unless a whole form with a file was fed."""
        if not self._whole:
            raise _malformed()
        if self._allowed < 0:
            raise Refused(400, "InvalidArgument", "POST requires exactly one file upload per request.")

    def file(self) -> Iterator[bytes]:
        """The file from its beginning, in chunks."""
        self._file.seek(0)
        while chunk := self._file.read(_READ):
            yield chunk

    def close(self) -> None:
        self._file.close()

    def _callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_header_begin": self._header_begin,
            "on_header_field": lambda data, start, end: self._header_part(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._header_part(1, data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._part_begin,
            "on_part_data": lambda data, start, end: self._take(data[start:end]),
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _header_begin(self) -> None:
        self._header = [b"", b""]

    def _header_part(self, index: int, data: bytes) -> None:
        self._count(len(data))
        self._header[index] += data

    def _header_end(self) -> None:
        self._headers[self._header[0].lower()] = self._header[1]

    def _part_begin(self) -> None:
        options = parse_options_header(self._headers.pop(b"content-disposition", b""))[1]
        self._headers.clear()
        self._name = options.get(b"name", b"").decode("utf-8", "replace").lower()
        if self._allowed >= 0:
            self._take = self._drop
        elif self._name == "file":
            self.filename = options.get(b"filename", b"").decode("utf-8", "replace")
            self._allowed = self._limit(self.fields)
            self._take = self._keep
        else:
            self._value.clear()
            self._take = self._collect

    def _part_end(self) -> None:
        if self._take == self._collect:
            try:
                self.fields[self._name] = self._value.decode()
            except UnicodeDecodeError as error:
                raise _malformed() from error

    def _end(self) -> None:
        self._whole = True

    def _collect(self, data: bytes) -> None:
        self._count(len(data))
        self._value += data

    def _keep(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self._allowed:
            raise Refused(
                400,
                "EntityTooLarge",
                "Your proposed upload exceeds the maximum allowed size",
                ProposedSize=self.size,
                MaxSizeAllowed=self._allowed,
            )
        self._file.write(data)

    def _drop(self, data: bytes) -> None:
        pass

    def _count(self, size: int) -> None:
        self._read += size if self._allowed < 0 else 0
        if self._read > _FIELDS:
            message = "Your POST request fields preceding the upload file was too large."
            raise Refused(400, "MaxPostPreDataLengthExceeded", message)


def _malformed() -> Refused:
    message = "The body of your POST request is not well-formed multipart/form-data."
    return Refused(400, "MalformedPOSTRequest", message)
