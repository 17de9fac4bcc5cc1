"""Carries one delivery to its endpoint, and writes down what came of it. The activities of `DeliverEvent`.

Cut off between the endpoint's answer and ours in the database, the same message is sent again under its id.
"""

from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.event_contracts import GiveUpEvent, PostEvent
from db.database import Connection, Database
from db.queries import event_deliveries, webhook_endpoints
from db.queries.event_deliveries import ToSend
from db.queries.event_publishing import hold_publishing
from db.queries.webhook_endpoints import By
from domain.delivery import Answer, DeliveryStatus, DisabledReason
from domain.endpoint_secrets import EndpointSecrets
from domain.reset_tokens import ResetTokens
from ops.tracing import bind_to_logs, new_trace_id
from upkeep.events.completing import completed
from upkeep.events.message import Message
from upkeep.events.sending import EventSender

NOT_DELIVERED = "event_not_delivered"
"""The type of the error that an endpoint's refusal travels as, to be tried again."""

log = structlog.get_logger(__name__)


class DeliverEventActivities:
    def __init__(
        self, database: Database, sender: EventSender, secrets: EndpointSecrets, tokens: ResetTokens
    ) -> None:
        self._database = database
        self._sender = sender
        self._secrets = secrets
        self._tokens = tokens

    @activity.defn
    async def post_event(self, command: PostEvent) -> str:
        async with self._database.read() as connection:
            found = await event_deliveries.find_to_send(connection, command.delivery_id, command.round)
        if found is None:
            return DeliveryStatus.STOPPED
        bind_to_logs(subscription_id=found.subscription_id, trace_id=new_trace_id())
        event = await completed(self._database, self._tokens, found, datetime.now(UTC))
        if event is None:
            return await self._stop(command)
        answer = await self._send(event)
        _count("delivered" if answer.is_delivered else "gone" if answer.is_gone else "not_delivered")
        await self._record(command, event, answer)
        if answer.is_delivered:
            return DeliveryStatus.DELIVERED
        if answer.is_gone:
            return DeliveryStatus.FAILED
        raise ApplicationError(
            f"{answer.status_code or answer.error}",
            type=NOT_DELIVERED,
            next_retry_delay=answer.retry_after,
            category=ApplicationErrorCategory.BENIGN,
        )

    @activity.defn
    async def give_up_event(self, command: GiveUpEvent) -> str:
        async with self._database.transaction() as connection:
            await hold_publishing(connection)
            endpoint_id = await event_deliveries.give_up(connection, command.delivery_id, command.round)
            if endpoint_id is None:
                return DeliveryStatus.STOPPED
            silent_for = timedelta(seconds=command.after_seconds)
            is_dead = await webhook_endpoints.is_dead(connection, endpoint_id, silent_for)
            disabled = is_dead and await webhook_endpoints.stop(
                connection, endpoint_id, DisabledReason.UNREACHABLE
            )
            if disabled:
                await _note_disabled(connection, endpoint_id, DisabledReason.UNREACHABLE)
        _count("given_up")
        log.error("event_given_up", delivery_id=command.delivery_id, endpoint_id=endpoint_id)
        return DeliveryStatus.FAILED

    async def _stop(self, command: PostEvent) -> str:
        async with self._database.transaction() as connection:
            await event_deliveries.stop_delivery(connection, command.delivery_id, command.round)
        log.info("event_outdated", delivery_id=command.delivery_id)
        return DeliveryStatus.STOPPED

    async def _send(self, event: ToSend) -> Answer:
        now = datetime.now(UTC)
        secrets = self._secrets.in_force(event.endpoint_id, event.secret_version, event.old_secret_until, now)
        message = Message.of(event)
        return await self._sender.send(event.url, message.headers(secrets, now), message.body)

    async def _record(self, command: PostEvent, event: ToSend, answer: Answer) -> None:
        log.info(
            "event_sent",
            event_name=event.event,
            delivery_id=command.delivery_id,
            endpoint_id=event.endpoint_id,
            status_code=answer.status_code,
            error=answer.error,
        )
        async with self._database.transaction() as connection:
            if answer.is_gone:
                await hold_publishing(connection)
            await event_deliveries.record_attempt(connection, command.delivery_id, command.round, answer)
            if answer.is_delivered:
                await event_deliveries.note_delivered(connection, event.endpoint_id)
            elif answer.is_gone:
                await event_deliveries.give_up(connection, command.delivery_id, command.round)
                if await webhook_endpoints.stop(connection, event.endpoint_id, DisabledReason.GONE):
                    await _note_disabled(connection, event.endpoint_id, DisabledReason.GONE)


async def _note_disabled(connection: Connection, endpoint_id: int, reason: DisabledReason) -> None:
    """An alert: nobody is told of anything there until staff enable it again."""
    by = By(None, new_trace_id())
    await webhook_endpoints.note_change(connection, endpoint_id, "disabled", by, {"reason": reason})
    log.error("webhook_endpoint_disabled", endpoint_id=endpoint_id, reason=reason)


def _count(outcome: str) -> None:
    meter = activity.metric_meter().with_additional_attributes({"outcome": outcome})
    meter.create_counter("billing_event_deliveries", "Attempts to deliver events, by outcome").add(1)
