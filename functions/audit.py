"""Every five minutes: hold some more accounts' balances against their ledgers, and say how many are off."""

from relay.flow.audit import audit
from relay.shell import Context, Event, gauge, handler
from relay.wiring import house


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    services = house()
    stands = audit(services)
    off = max(stands.off, stands.off_before)  # or a finding would be forgotten before it was mended
    gauge("Drift", off)
    gauge("AuditAge", (services.clock() - stands.round_at) // 1000)
    return {"accounts": stands.accounts, "off": off}
