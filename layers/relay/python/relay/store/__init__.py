"""Everything kept in DynamoDB, as one value with a part for each table."""

from __future__ import annotations

from dataclasses import dataclass

from relay.store.accounts import Accounts
from relay.store.audits import Audits
from relay.store.booking import Booking
from relay.store.directory import Directory
from relay.store.files import Files
from relay.store.lines import Lines
from relay.store.submit import Submissions
from relay.store.table import Tables
from relay.store.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Store:
    tasks: Tasks
    accounts: Accounts
    directory: Directory
    submissions: Submissions
    audits: Audits
    lines: Lines
    files: Files

    @classmethod
    def over(cls, tables: Tables, *, shards: int, utc_offset: int) -> Store:
        booking = Booking(tables, utc_offset)
        tasks = Tasks(tables, shards, booking)
        submissions = Submissions(tables, tasks, booking)
        parts = Accounts(tables), Directory(tables), submissions, Audits(tables), Lines(tables), Files(tables)
        return cls(tasks, *parts)
