"""Turns what the paths used into US dollars: per million tasks by path, and per month for fixed costs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks import prices
from benchmarks.cloud import SHARDS, TEMPLATE
from benchmarks.path_use import PathUse
from benchmarks.paths import AllPaths
from local.loops import read_template
from relay.effects.secret_store import CACHE_SECONDS
from relay.flow.clock import MAX_PAUSE

MONTH_MINUTES = 30 * 24 * 60
MONTH_SECONDS = MONTH_MINUTES * 60
ENDPOINTS = ("submit", "status", "account", "callback", "media")
EXPRESS_GB = 64 / 1024
LEAST_PAUSE = 1  # seconds the poller rests between two laps at its busiest
# Event source mappings poll an idle queue with five long polls of 20 s.
IDLE_POLLS_A_MINUTE = 5 * 3

_S3_PUTS = {f"s3.{verb}" for verb in ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")}

# How long the access log's variables are in an ordinary request.
_ACCESS_LOG = {"requestId": 16, "requestTimeEpoch": 13, "routeKey": 32, "status": 3, "responseLatency": 3}
_ACCESS_LOG |= {"responseLength": 4, "sourceIp": 13, "integrationErrorMessage": 1}


@dataclass(frozen=True)
class Template:
    """What of the template costs money by its size or number."""

    memory: Mapping[str, int]  # MB, by function
    access_log: int
    alarms: int
    queues: int
    result_days: int

    @classmethod
    def read(cls) -> Template:
        whole = read_template(TEMPLATE)
        resources = whole["Resources"].values()
        common = whole["Globals"]["Function"]["MemorySize"]
        line = whole["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"]
        named = re.sub(r"\$context\.(?:identity\.)?(\w+)", lambda found: "x" * _ACCESS_LOG[found[1]], line)
        return cls(
            {
                each["Properties"]["Handler"].partition(".")[0]: each["Properties"].get("MemorySize", common)
                for each in resources
                if each["Type"] == "AWS::Serverless::Function"
            },
            len(named),
            sum(resource["Type"] == "AWS::CloudWatch::Alarm" for resource in resources),
            sum(resource["Type"] == "AWS::Lambda::EventSourceMapping" for resource in resources),
            whole["Parameters"]["ResultDays"]["Default"],
        )


@dataclass(frozen=True)
class Archived:
    """One path with archiving on and off, the download of its result, and the result's bytes."""

    size: int
    on: PathUse
    off: PathUse
    fetch: PathUse


def tally(use: PathUse, template: Template) -> prices.Tally:
    """One use as amounts."""
    endpoints = sum(ran.function in ENDPOINTS for ran in use.invocations)
    logged = sum(ran.log_bytes + (ran.log_lines + 3) * prices.LOG_EVENT_BYTES for ran in use.invocations)
    gb_seconds = sum(
        prices.billed_seconds(ran.wall, ran.cpu, template.memory[ran.function]) * template.memory[ran.function] / 1024
        for ran in use.invocations
    )
    return prices.Tally(
        http=endpoints,
        invocations=len(use.invocations),
        gb_seconds=gb_seconds,
        writes=use.writes + use.index_writes,
        reads=use.reads,
        messages=use.calls.get("sqs.SendMessage", 0),
        log_bytes=logged
        + len(use.invocations) * prices.PLATFORM_LOG_BYTES
        + endpoints * (template.access_log + prices.LOG_EVENT_BYTES),
        puts=sum(number for call, number in use.calls.items() if call in _S3_PUTS),
    )


def million(use: PathUse, template: Template) -> dict[str, float]:
    """US dollars by service for a million such runs."""
    return {service: usd * 1e6 for service, usd in tally(use, template).bill().items()}


def archiving(archived: Archived, template: Template) -> dict[str, float]:
    """US dollars by service that archiving adds to a million tasks with one result each, fetched once by its client."""
    copied = tally(archived.on, template).minus(tally(archived.off, template))
    download = tally(archived.fetch, template)
    kept = prices.Tally(gets=1, byte_months=archived.size * template.result_days / 30)
    return {service: usd * 1e6 for service, usd in copied.plus(download).plus(kept).bill().items()}


def slow_result(template: Template) -> float:
    """US dollars for a million results that each take a second longer to arrive."""
    return prices.LAMBDA_ARM.of(template.memory["archive"] / 1024) * 1e6


def row_storage(use: PathUse) -> float:
    """US dollars a month for keeping the rows of a million tasks."""
    # a second ledger entry, and the 100 bytes DynamoDB adds to each row
    rows = [size for name, size in use.rows.items() if name in ("task", "request", "entry", "event", "delivery")]
    size = sum(rows) + use.rows["entry"] + 100 * (len(rows) + 1)
    return prices.DYNAMODB_STORED.of(size * 1e6)


def idle(measured: AllPaths, template: Template) -> dict[str, float]:
    """US dollars a month for an idle deployment."""
    sweeps = sum(tally(measured.sweep, template).bill().values()) * MONTH_MINUTES
    return {
        "sweep": sweeps,
        "idle queues": prices.SQS.of(IDLE_POLLS_A_MINUTE * template.queues * MONTH_MINUTES),
        "alarms": prices.ALARM.of(template.alarms),
    }


def clock(measured: AllPaths, template: Template) -> tuple[float, float]:
    """US dollars a month for a poller that never stops: with the longest pauses between laps, and the shortest."""
    return _poller(measured, template, MAX_PAUSE), _poller(measured, template, LEAST_PAUSE)


def _poller(measured: AllPaths, template: Template, pause: float) -> float:
    lap = measured.lap.invocations[0]
    seconds = prices.billed_seconds(lap.wall, lap.cpu, template.memory[lap.function]) + pause
    laps = SHARDS * MONTH_SECONDS / seconds
    express = prices.EXPRESS_REQUEST.of(MONTH_MINUTES) + prices.EXPRESS_TIME.of(MONTH_SECONDS * EXPRESS_GB)
    return express + laps * sum(tally(measured.lap, template).bill().values())


def metrics(measured: AllPaths) -> float:
    """US dollars a month for the published custom metrics: each name under each set of dimension values is one."""
    return prices.METRIC.of(len(measured.metrics))


def secrets(containers: int, each: int) -> float:
    """US dollars a month for reading `each` secrets every five minutes in so many containers: KMS decrypts each."""
    return prices.KMS.of(containers * each * MONTH_SECONDS / CACHE_SECONDS)


def cold_starts(cpu_ms: float) -> float:
    """US dollars for a million starts of a function: their computing is billed, and costs the same at any memory."""
    return prices.LAMBDA_ARM.of(cpu_ms / 1000 * prices.MB_PER_VCPU / 1024) * 1e6
