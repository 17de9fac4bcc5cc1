"""What a rule can look at: the books, Temporal, the providers; and how young a difference may be."""

from dataclasses import dataclass, field
from datetime import timedelta

from temporalio.client import Client

from db.database import Database
from payments.providers import Providers
from upkeep.lost_workflows import LostWorkflows


@dataclass(frozen=True)
class Bounds:
    """What is younger is on its way, and no finding.

    `starting` is how long a workflow may have no row, `ending` how long it may outlive its row, `settling`
    how long the news of a charge may take. `provider_window` is how far back the providers' books are read.
    """

    starting: timedelta = timedelta(minutes=5)
    ending: timedelta = timedelta(minutes=10)
    settling: timedelta = timedelta(minutes=10)
    provider_window: timedelta = timedelta(days=3)


NOTHING_IS_YOUNG = Bounds(timedelta(), timedelta(), timedelta(minutes=-5))
"""While nobody works: then nothing is on its way. The clock of a provider may be ahead of ours."""


@dataclass(frozen=True)
class Reach:
    """`only` are the ids of the workflows that matter, where others share the cluster; by default all do."""

    database: Database
    temporal: Client
    providers: Providers
    rpc_timeout: timedelta
    bounds: Bounds = field(default_factory=Bounds)
    only: frozenset[str] | None = None

    @property
    def lost_workflows(self) -> LostWorkflows:
        return LostWorkflows(self.database, self.temporal, self.rpc_timeout)

    def concerns(self, workflow_id: str) -> bool:
        return self.only is None or workflow_id in self.only
