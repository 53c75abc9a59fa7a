"""Every five minutes: hold some more accounts' balances against their ledgers, and say how many are off."""

from relay.edge.shell import Context, Event, gauge, handler
from relay.edge.wiring import services
from relay.flow.audit import audit

here = services()


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    stands = audit(here)
    off = max(stands.off, stands.off_before)  # or a finding would be forgotten before it was mended
    gauge("Drift", off)
    gauge("AuditAge", (here.clock() - stands.round_at) // 1000)
    return {"accounts": stands.accounts, "off": off}
