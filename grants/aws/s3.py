"""The journal as objects in a bucket, which may keep them from being changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from grants.aws.clients import Clients
from grants.aws.faults import in_our_words
from grants.lines import jsonl
from grants.records import Row


@dataclass(frozen=True, slots=True)
class Bucket:
    """An object for each batch. How long it is kept, and whether locked, is the bucket's default."""

    clients: Clients
    bucket: str
    prefix: str = ""
    """Empty, or ending with a slash."""

    @property
    def name(self) -> str:
        """As it is set."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def send(self, rows: Sequence[Row]) -> None:
        """Named for its first line: the same batch, sent again, is the same object.

        A bucket with object lock takes no object without a checksum.
        """
        with in_our_words():
            self.clients.s3.put_object(
                Bucket=self.bucket,
                Key=f"{self.prefix}{rows[0]['seq']:012}.jsonl",
                Body="".join(map(jsonl, rows)).encode(),
                ContentType="application/x-ndjson",
                ChecksumAlgorithm="SHA256",
            )
