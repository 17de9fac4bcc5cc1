"""An event as its receivers get it: a body by Standard Webhooks, signed anew at each attempt."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from db.queries.event_deliveries import ToSend
from domain.instant import rfc3339

PING = "endpoint.ping"
"""What staff send to see whether an endpoint takes anything."""


@dataclass(frozen=True)
class Message:
    """`id` is the same at each attempt and each replay: a receiver knows by it what it has had."""

    id: str
    body: str

    @classmethod
    def of(cls, event: ToSend) -> "Message":
        message_id = message_id_of(event.event_id)
        body = {
            "id": message_id,
            "type": event.event,
            "timestamp": rfc3339(event.due_at),
            "sequence": event.sequence,
            "subscription_id": event.subscription_id,
            "data": event.details,
        }
        return cls(message_id, _as_json(body))

    @classmethod
    def ping(cls, message_id: str, endpoint_id: int, now: datetime) -> "Message":
        """Belongs to no subscription, and has no number."""
        body = {
            "id": message_id,
            "type": PING,
            "timestamp": rfc3339(now),
            "sequence": None,
            "subscription_id": None,
            "data": {"endpoint_id": endpoint_id},
        }
        return cls(message_id, _as_json(body))

    def headers(self, secrets: tuple[str, ...], now: datetime) -> dict[str, str]:
        """One signature for each secret that is in force."""
        return {
            "content-type": "application/json",
            "webhook-id": self.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(
                Webhook(secret).sign(self.id, now, self.body) for secret in secrets
            ),
        }


def message_id_of(event_id: int) -> str:
    return f"evt_{event_id}"


def _as_json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, allow_nan=False, separators=(",", ":"))
