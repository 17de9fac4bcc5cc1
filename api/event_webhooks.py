"""The `webhooks` section of `/openapi.json`: what those are sent who are told of events."""

from collections.abc import Mapping
from typing import Any

from api.schemas.events import DATA_OF
from domain.events import OF_USERS, EventName

WHAT_HAPPENED: Mapping[EventName, str] = {
    EventName.SUBSCRIPTION_CREATED: "A subscription was started; it waits for its payment, or is on trial.",
    EventName.SUBSCRIPTION_ACTIVATED: "The first invoice was paid, or nothing was due.",
    EventName.SUBSCRIPTION_RENEWED: "The next period has begun.",
    EventName.SUBSCRIPTION_PAST_DUE: "The renewal was not paid in time; it is asked for again.",
    EventName.SUBSCRIPTION_RECOVERED: "What was past due was paid.",
    EventName.SUBSCRIPTION_UNPAID: "What was past due was never paid, and nothing more is billed.",
    EventName.SUBSCRIPTION_REACTIVATED: "An unpaid one was paid after all, and begins anew.",
    EventName.SUBSCRIPTION_FROZEN: "Paid time stands still.",
    EventName.SUBSCRIPTION_UNFROZEN: "Paid time goes on.",
    EventName.SUBSCRIPTION_CANCEL_SCHEDULED: "It ends with its period.",
    EventName.SUBSCRIPTION_UNCANCELED: "It does not end with its period after all.",
    EventName.SUBSCRIPTION_CANCELED: "It has ended; `change` says how.",
    EventName.SUBSCRIPTION_EXPIRED: "A start was given up unpaid.",
    EventName.PLAN_CHANGE_SCHEDULED: "The next period is of another plan.",
    EventName.PLAN_CHANGE_TAKEN_BACK: "The next period is of the same plan after all.",
    EventName.PLAN_CHANGED: "The plan was changed at once.",
    EventName.RENEWAL_UPCOMING: "A renewal is coming, and what it will cost if nothing changes.",
    EventName.PAYMENT_REMINDER: "An invoice is still unpaid, and somebody has to do something about it.",
    EventName.PRICE_CHANGE_NOTICE: "The next renewal has another price.",
    EventName.INVOICE_FINALIZED: "An invoice got its number.",
    EventName.INVOICE_PAID: "An invoice was paid.",
    EventName.INVOICE_VOIDED: "An invoice is no longer owed.",
    EventName.INVOICE_UNCOLLECTIBLE: "An invoice was written off.",
    EventName.PAYMENT_FAILED: "A payment was declined.",
    EventName.PAYMENT_ACTION_REQUIRED: "A charge waits for its customer to confirm it.",
    EventName.PAYMENT_CHARGED_BACK: "The bank took a payment back.",
    EventName.REFUND_SUCCEEDED: "Money went back.",
    EventName.REFUND_FAILED: "Money did not go back: the provider refused.",
    EventName.CREDIT_NOTE_ISSUED: "A credit note corrects an invoice.",
    EventName.PASSWORD_RESET_REQUESTED: "Somebody forgot the password; the token sets another, once.",
    EventName.USER_ERASED: "A user was erased: whoever keeps something about them is to forget it.",
}

DESCRIPTION = (
    "Signed as Standard Webhooks has it, delivered at least once and in no particular order: `webhook-id`"
    " names the event, `sequence` is its place among those of its subscription. Any 2xx within 10 s takes it;"
    " anything else is tried again for three days, but 410, which disables the endpoint."
)

SIGNATURE = (
    "`v1,` and the base64 of an HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`; two of them,"
    " separated by a space, while a secret is rotated."
)

HEADERS = {
    "webhook-id": ("The event: the same at each attempt.", "evt_1042"),
    "webhook-timestamp": ("When it was sent, in seconds since 1970; signed.", "1772443800"),
    "webhook-signature": (SIGNATURE, "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
}

_SEQUENCE = {"type": "integer", "description": "1, 2, 3 and so on for each subscription."}
_SEQUENCE_OF_A_USER = {"type": "null", "description": "It belongs to no subscription."}


def describe_webhooks() -> dict[str, Any]:
    return {name.value: {"post": _operation(name)} for name in EventName}


def _operation(name: EventName) -> dict[str, Any]:
    schema = _schema_of(name)
    return {
        "tags": ["Events"],
        "summary": WHAT_HAPPENED[name],
        "description": DESCRIPTION,
        "operationId": name.value.replace(".", "_"),
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "schema": {"type": "string"},
                "description": description,
                "example": example,
            }
            for header, (description, example) in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": _example_of(name, schema)}},
        },
        "responses": {"2XX": {"description": "Taken: it is not sent again."}},
    }


def _schema_of(name: EventName) -> dict[str, Any]:
    properties = {
        "id": {"type": "string", "description": "As in `webhook-id`."},
        "type": {"const": name.value},
        "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
        "sequence": _SEQUENCE_OF_A_USER if name in OF_USERS else _SEQUENCE,
        "subscription_id": {"type": "null" if name in OF_USERS else "integer"},
        "data": DATA_OF[name].model_json_schema(mode="serialization"),
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _example_of(name: EventName, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": "evt_1042",
        "type": name.value,
        "timestamp": "2026-03-02T09:30:00Z",
        "sequence": None if name in OF_USERS else 5,
        "subscription_id": None if name in OF_USERS else 11,
        "data": schema["properties"]["data"]["examples"][0],
    }
