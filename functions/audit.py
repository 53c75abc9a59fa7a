"""Every five minutes: compare some accounts' balances with their ledgers and publish how many differ."""

from relay.edge.shell import Context, Event, gauge, handler
from relay.edge.wiring import services
from relay.flow.audit import audit

here = services()


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    stands = audit(here)
    off = max(
        stands.off, stands.off_before
    )  # a finding stays visible while the next round has not confirmed or cleared it
    gauge("Drift", off)
    gauge("AuditAge", (here.clock() - stands.round_at) // 1000)
    return {"accounts": stands.accounts, "off": off}
