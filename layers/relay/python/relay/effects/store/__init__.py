"""Everything kept in DynamoDB, as one value; each part owns some row types of the three tables."""

from __future__ import annotations

from dataclasses import dataclass

from relay.effects.store.accounts import Accounts
from relay.effects.store.audits import Audits
from relay.effects.store.booking import Booking
from relay.effects.store.checkouts import Checkouts
from relay.effects.store.deliveries import Deliveries
from relay.effects.store.directory import Directory
from relay.effects.store.jobs import Jobs
from relay.effects.store.keys import Keys
from relay.effects.store.line_leases import LineLeases
from relay.effects.store.lines import Lines
from relay.effects.store.listings import Listings
from relay.effects.store.logins import Logins
from relay.effects.store.submit import Submissions
from relay.effects.store.subscriptions import Subscriptions
from relay.effects.store.table import Tables
from relay.effects.store.tasks import Tasks
from relay.effects.store.upload_counts import UploadCounts
from relay.effects.store.usages import Usages


@dataclass(frozen=True, slots=True)
class Store:
    tasks: Tasks
    accounts: Accounts
    directory: Directory
    jobs: Jobs
    submissions: Submissions
    audits: Audits
    lines: Lines
    upload_counts: UploadCounts
    listings: Listings
    deliveries: Deliveries
    line_leases: LineLeases
    keys: Keys
    checkouts: Checkouts
    logins: Logins
    subscriptions: Subscriptions
    usages: Usages

    @classmethod
    def over(cls, tables: Tables, *, shards: int, utc_offset: int) -> Store:
        booking = Booking(tables, utc_offset)
        tasks = Tasks(tables, shards, booking)
        submissions = Submissions(tables, tasks, booking)
        counts = UploadCounts(tables)
        named = Accounts(tables), Directory(tables), Jobs(tables)
        told = Listings(tables), Deliveries(tables, tasks), LineLeases(tables)
        own = Keys(tables), Checkouts(tables, shards), Logins(tables)
        known = tasks, *named, submissions, Audits(tables), Lines(tables), counts, *told, *own
        return cls(*known, Subscriptions(tables, shards), Usages(tables))
