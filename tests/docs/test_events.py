"""docs/events.md lists the events; what each carries is held against real ones in tests/activities."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from api.event_webhooks import describe_webhooks
from api.schemas.events import DATA_OF
from domain.endpoint_secrets import EndpointSecrets
from domain.events import EventName
from tests.activities.announced import CARRIED
from tests.docs.tables import DOCS, tables_of

SECRET = EndpointSecrets(b"k" * 32).of(7, 1)
BODY = b'{"id":"evt_1","type":"invoice.paid"}'


def test_every_event_is_on_the_page() -> None:
    assert [row["event"] for row in tables_of("events.md")["Events"]] == list(EventName)


def test_the_page_and_the_api_tell_of_the_same_events() -> None:
    described = describe_webhooks()

    assert list(described) == list(EventName)
    assert {name: set(model.model_fields) for name, model in DATA_OF.items()} == CARRIED


def verified(body: bytes, headers: dict[str, str], secret: str) -> Any:
    """By the snippet of the page."""
    [snippet] = re.findall(
        r"^```python\n(.*?)^```", (DOCS / "events.md").read_text(), re.MULTILINE | re.DOTALL
    )
    names: dict[str, Any] = {}
    exec(snippet, names)  # noqa: S102 - it is ours
    return names["event_in"](body, headers, secret)


def signed(secret: str, at: datetime) -> dict[str, str]:
    signature = Webhook(secret).sign("evt_1", at, BODY.decode())
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def test_a_signature_is_checked_as_the_page_says() -> None:
    headers = signed(SECRET, datetime.now(UTC))

    assert verified(BODY, headers, SECRET) == {"id": "evt_1", "type": "invoice.paid"}
    for body, secret in ((BODY + b" ", SECRET), (BODY, EndpointSecrets(b"k" * 32).of(7, 2))):
        with pytest.raises(WebhookVerificationError):
            verified(body, headers, secret)
