"""The media bucket: uploads/ (clients' files), incoming/ (files not inspected yet), results/ (copies of results)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from shutil import copyfileobj
from typing import IO, TYPE_CHECKING, Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from relay.nouns.media import by_name

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PART_BYTES = 8 << 20  # bytes of one part of a streamed copy, of which a few are in memory at once
READ_BYTES = 1 << 20
_STREAM = TransferConfig(
    multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=2, max_io_queue=4
)
_STREAM.max_in_memory_upload_chunks = 2  # parts in memory for a source that cannot be rewound; boto3's default is ten


# Links and forms must be signed with version 4 for the bucket's regional host: in a bucket's first hours S3 redirects
# from the global host name to the regional one, where a signature for the other host is not valid.
SIGNING = Config(
    signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
)


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of `size` bytes; `body` is None where it is larger than the reader's limit."""

    size: int
    body: bytes | None


class Bucket:
    """`connect` must make a client configured with SIGNING."""

    def __init__(self, connect: Callable[[], S3Client], name: str) -> None:
        self._connect, self._name = connect, name

    def put(self, key: str, body: bytes, content_type: str) -> None:
        self._client.put_object(Bucket=self._name, Key=key, Body=body, ContentType=content_type)

    def copy_in(self, key: str, source: IO[bytes], content_type: str) -> None:
        """Stream `source` into the bucket. An error it raises is passed on, and no object is left behind."""
        self._client.upload_fileobj(source, self._name, key, {"ContentType": content_type}, Config=_STREAM)

    def copy_out(self, key: str, into: IO[bytes]) -> str:
        """Write an object into a file and return the ETag of these bytes. Raises LookupError where there is none."""
        with self._open_object(key) as found:
            copyfileobj(found["Body"], into, READ_BYTES)
            return str(found["ETag"])

    def copy(self, source: str, etag: str, key: str, content_type: str) -> bool:
        """Copy an object inside the bucket, if it still has this ETag; False where it is gone or was replaced."""
        try:
            self._client.copy_object(
                Bucket=self._name,
                Key=key,
                CopySource={"Bucket": self._name, "Key": source},
                CopySourceIfMatch=etag,
                MetadataDirective="REPLACE",  # drop the metadata the client sent
                ContentType=content_type,
            )
        except ClientError as error:
            if _is_absent(error) or error.response["ResponseMetadata"]["HTTPStatusCode"] == 412:
                return False
            raise
        return True

    def read(self, key: str, most: int) -> Stored:
        """An object; its body only if it has at most `most` bytes. Raises LookupError where there is none."""
        with self._open_object(key) as found:
            size = found["ContentLength"]
            return Stored(size, found["Body"].read() if size <= most else None)

    def has(self, key: str) -> bool:
        try:
            self._client.head_object(Bucket=self._name, Key=key)
        except ClientError as error:
            if _is_absent(error):
                return False
            raise
        return True

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._name, Key=key)

    def link(self, key: str, seconds: int, method: str = "GET") -> str:
        """A presigned link to read one object by GET or HEAD; it also ends when the signing function's credentials do.

        S3 cannot send `nosniff`, so the link makes it send the type we detected and `attachment`; web pages can
        still show the file in an <img> or <video>.
        """
        found = by_name(key)
        params = {
            "Bucket": self._name,
            "Key": key,
            "ResponseContentType": found.content_type if found else "application/octet-stream",
            "ResponseContentDisposition": f'attachment; filename="{key.rpartition("/")[2]}"',
        }
        operation = {"GET": "get_object", "HEAD": "head_object"}[method]
        return self._client.generate_presigned_url(operation, Params=params, ExpiresIn=seconds)

    def form(self, key: str, content_type: str, limit: int, seconds: int) -> dict[str, Any]:
        """A presigned POST form for one object under this key, of this type, of 1 to `limit` bytes."""
        return self._client.generate_presigned_post(
            self._name,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, limit]],
            ExpiresIn=seconds,
        )

    @contextmanager
    def _open_object(self, key: str) -> Iterator[Any]:
        try:
            found = self._client.get_object(Bucket=self._name, Key=key)
        except ClientError as error:
            if _is_absent(error):
                raise LookupError(key) from error
            raise
        with closing(found["Body"]):
            yield found

    @cached_property
    def _client(self) -> S3Client:
        return self._connect()


def _is_absent(error: ClientError) -> bool:
    # without the right to list, S3 answers 403 for an object that does not exist
    return error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404)
