"""Owns the simulated upstream providers: they speak each family's wire, make real files and misbehave on demand."""

from local.upstreams.fault_table import ALIASES, FAULTS
from local.upstreams.faults import Fault, UnknownFault, Visit
from local.upstreams.server import Upstreams
from local.upstreams.settings import Pace, Settings, Stages

__all__ = ["ALIASES", "FAULTS", "Fault", "Pace", "Settings", "Stages", "UnknownFault", "Upstreams", "Visit"]
