"""The media bucket: what clients sent in under uploads/, what was made for them under results/."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PART = 8 << 20  # bytes of one part of a streamed copy; memory is a few of these whatever the file's size
READ = 1 << 20
_STREAM = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=2, max_io_queue=4)
_STREAM.max_in_memory_upload_chunks = 2  # of a source that cannot be read twice; ten by default


# Links and forms must be signed the current way and name the bucket's own region: by the global name S3 redirects for
# the first hours of a bucket, and what was signed for one host does not open the other.
SIGNING = Config(
    signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
)


class Bucket:
    """`connect` must make a client configured with SIGNING."""

    def __init__(self, connect: Callable[[], S3Client], name: str) -> None:
        self._connect, self._name = connect, name

    def put(self, key: str, body: bytes, content_type: str) -> None:
        self._client.put_object(Bucket=self._name, Key=key, Body=body, ContentType=content_type)

    def copy_in(self, key: str, source: IO[bytes], content_type: str) -> None:
        """Stream `source` into the bucket; what it raises while being read ends the copy and leaves nothing."""
        self._client.upload_fileobj(source, self._name, key, {"ContentType": content_type}, Config=_STREAM)

    def read(self, key: str) -> Iterator[bytes]:
        """An object in chunks. Raises LookupError where there is none."""
        try:
            body = self._client.get_object(Bucket=self._name, Key=key)["Body"]
        except ClientError as error:
            if _absent(error):
                raise LookupError(key) from error
            raise
        with closing(body):
            yield from body.iter_chunks(READ)

    def has(self, key: str) -> bool:
        try:
            self._client.head_object(Bucket=self._name, Key=key)
        except ClientError as error:
            if _absent(error):
                return False
            raise
        return True

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._name, Key=key)

    def link(self, key: str, seconds: int) -> str:
        """A link that reads one object for so long, or as long as our own credentials live."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._name, "Key": key}, ExpiresIn=seconds
        )

    def form(self, key: str, content_type: str, limit: int, seconds: int) -> dict[str, Any]:
        """A form with which a client may put one object under this key, of this type, of at most `limit` bytes."""
        return self._client.generate_presigned_post(
            self._name,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, limit]],
            ExpiresIn=seconds,
        )

    @cached_property
    def _client(self) -> S3Client:
        return self._connect()


def _absent(error: ClientError) -> bool:
    # whoever may not list a bucket is told 403 where there is nothing; a throttle or a fault says nothing about it
    return error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404)
