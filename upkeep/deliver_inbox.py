"""The step of the schedule that delivers the inbox: the same relay as every API has."""

from temporalio import activity

from upkeep.inbox_relay import InboxRelay


class DeliverInboxActivity:
    def __init__(self, relay: InboxRelay) -> None:
        self._relay = relay

    @activity.defn
    async def deliver_inbox(self) -> int:
        return await self._relay.deliver_all_due()
