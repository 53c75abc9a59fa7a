"""List prices and the bill they make of what was counted. One region, no free tier, no discount, no tax."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

REGION, AS_OF = "us-east-1", "January 2026"


class Price(NamedTuple):
    """US dollars for so many of a unit."""

    usd: float
    per: float
    unit: str

    def of(self, amount: float) -> float:
        return self.usd * amount / self.per


# From each service's public pricing page, first tier. Read them again before you rely on the dollars.
HTTP_API = Price(1.00, 1e6, "requests of up to 512 KB")
LAMBDA_REQUEST = Price(0.20, 1e6, "requests")
LAMBDA_ARM = Price(0.0000133334, 1, "GB-seconds on arm64")
DYNAMODB_WRITE = Price(0.625, 1e6, "write request units, on demand")
DYNAMODB_READ = Price(0.125, 1e6, "read request units, on demand")
DYNAMODB_STORED = Price(0.25, 1e9, "bytes kept a month")
SQS = Price(0.40, 1e6, "requests to a standard queue")
S3_PUT = Price(5.00, 1e6, "PUT and POST requests to S3 Standard, each part of a large object among them")
S3_GET = Price(0.40, 1e6, "GET requests to S3 Standard")
S3_STORED = Price(0.023, 1 << 30, "bytes kept in S3 Standard a month of 30 days")
INTERNET = Price(0.09, 1 << 30, "bytes sent to the internet")
EXPRESS_REQUEST = Price(1.00, 1e6, "executions of an Express workflow")
EXPRESS_TIME = Price(0.00001667, 1, "GB-seconds of an Express workflow, in steps of 64 MB")
LOGS = Price(0.50, 1e9, "bytes ingested")
ALARM = Price(0.10, 1, "standard alarms a month")
METRIC = Price(0.30, 1, "custom metrics a month")
KMS = Price(0.03, 1e4, "requests to KMS")
# The same of Fargate, Elastic Load Balancing and CloudFront; compared with two published summaries of March 2026.
FARGATE_VCPU = Price(0.03238, 3600, "vCPU-seconds, Linux on arm64")
FARGATE_GB = Price(0.00356, 3600, "GB-seconds, Linux on arm64")
BALANCER = Price(0.0225, 3600, "seconds of an Application Load Balancer")
BALANCER_UNIT = Price(0.008, 3600, "seconds of one of its capacity units")
CLOUDFRONT = Price(0.0100, 1e4, "HTTPS requests in North America")

# What a queue costs for one message taken alone: send, receive, delete. A batch shares the last two.
SQS_REQUESTS = 3
# What Lambda itself logs of an invocation (START, END and REPORT, as text), and what every event weighs besides.
PLATFORM_LOG_BYTES = 95 + 52 + 175
LOG_EVENT_BYTES = 26
# At this memory a function gets one whole vCPU; with less it gets that part of one.
MB_PER_VCPU = 1769


@dataclass
class Tally:
    """What one task, or one month of standing, used."""

    http: float = 0.0
    invocations: float = 0.0
    gb_seconds: float = 0.0
    writes: float = 0.0
    reads: float = 0.0
    messages: float = 0.0
    log_bytes: float = 0.0
    puts: float = 0.0
    gets: float = 0.0
    byte_months: float = 0.0

    def minus(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, part.name) - getattr(other, part.name) for part in fields(Tally)))

    def plus(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(Tally)))

    def bill(self) -> dict[str, float]:
        """US dollars by service."""
        return {
            "HTTP API": HTTP_API.of(self.http),
            "Lambda": LAMBDA_REQUEST.of(self.invocations) + LAMBDA_ARM.of(self.gb_seconds),
            "DynamoDB": DYNAMODB_WRITE.of(self.writes) + DYNAMODB_READ.of(self.reads),
            "SQS": SQS.of(self.messages * SQS_REQUESTS),
            "Logs": LOGS.of(self.log_bytes),
            "S3 requests": S3_PUT.of(self.puts) + S3_GET.of(self.gets),
            "S3 storage": S3_STORED.of(self.byte_months),
        }


def billed_seconds(wall: float, cpu: float, memory: int) -> float:
    """How long an invocation would take in the cloud: waiting as here, computing at the speed its memory buys."""
    return max(wall - cpu, 0.0) + cpu * max(MB_PER_VCPU / memory, 1.0)
