"""The API describes itself whole: every route, every refusal, every key of every answer."""

from collections.abc import Iterable
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from domain.events import EventName
from tests.api_description import JSON, Operation, document, examples_in, flaws, operations
from tests.stack import Stack

TOKEN_REFUSALS = {
    (401, "token_missing"),
    (401, "token_expired"),
    (401, "token_invalid"),
    (401, "token_wrong_type"),
}
BODY_REFUSALS = {
    (400, "invalid_json"),
    (408, "request_timeout"),
    (413, "body_too_large"),
    (415, "unsupported_media_type"),
}
WITHOUT_DATABASE = {"GET /healthz", "GET /readyz", "GET /metrics"}
WEBHOOK = "POST /payments/webhook"
STRIPE_WEBHOOK = "POST /payments/webhook/stripe"

KEYED = {
    "POST /subscriptions/start": True,
    "POST /subscriptions/{subscription_id}/cancel": False,
    "POST /subscriptions/{subscription_id}/uncancel": False,
    "POST /subscriptions/{subscription_id}/change-plan": False,
    "POST /me/payment-methods": False,
    "POST /invoices/{invoice_id}/pay": False,
    "POST /subscriptions/{subscription_id}/freeze": False,
    "POST /subscriptions/{subscription_id}/unfreeze": False,
    "POST /subscriptions/{subscription_id}/withdraw": False,
    "POST /subscriptions/{subscription_id}/redeem": False,
    "POST /subscriptions/{subscription_id}/members": False,
    "POST /subscriptions/{subscription_id}/leave": False,
    "POST /subscriptions/{subscription_id}/transfer": False,
    "POST /invitations/{token}/accept": False,
    "POST /admin/gift-cards": False,
    "POST /admin/subscriptions/{subscription_id}/cancel": False,
    "POST /admin/subscriptions/{subscription_id}/uncancel": False,
    "POST /admin/subscriptions/{subscription_id}/freeze": False,
    "POST /admin/subscriptions/{subscription_id}/unfreeze": False,
    "POST /admin/subscriptions/{subscription_id}/withdraw": False,
    "POST /admin/subscriptions/{subscription_id}/change-plan": False,
    "POST /admin/subscriptions/{subscription_id}/redeem": False,
    "POST /admin/subscriptions/{subscription_id}/retry-payment": False,
    "POST /admin/users/{user_id}/disable": False,
    "POST /admin/users/{user_id}/enable": False,
    "POST /admin/users/{user_id}/subscriptions": True,
    "POST /admin/users/{user_id}/erase": False,
    "POST /admin/subscriptions/{subscription_id}/unpark": False,
    "POST /admin/subscriptions/{subscription_id}/clock": False,
    "POST /admin/payments/{payment_id}/refund": False,
    "POST /admin/invoices/{invoice_id}/refund": False,
    "POST /admin/plans": False,
    "POST /admin/plans/{plan_code}/prices": False,
    "POST /admin/plans/{plan_code}/dunning-policies": False,
    "POST /admin/plans/{plan_code}/retire": False,
    "POST /admin/promo-codes": False,
    "POST /admin/webhooks/{webhook_id}/replay": False,
    "POST /admin/webhook-endpoints": False,
    "POST /admin/webhook-endpoints/{endpoint_id}/rotate-secret": False,
    "POST /admin/webhook-endpoints/{endpoint_id}/disable": False,
    "POST /admin/webhook-endpoints/{endpoint_id}/enable": False,
    "POST /admin/webhook-endpoints/{endpoint_id}/replay": False,
    "POST /admin/webhook-endpoints/{endpoint_id}/ping": False,
}
"""Where an Idempotency-Key is taken, and whether it has to be sent."""

ENDPOINT = (
    "id url events description status disabled_at disabled_reason secret_version old_secret_until"
    " last_delivered_at created_by created_at"
)

KEYS_OF_ANSWERS = {
    "AcceptedBody": "ok ignored duplicate",
    "AccessBody": "allowed until reason source",
    "AliveBody": "status",
    "FamilyBody": "seats members invitations",
    "InvitationBody": "id token expires_at",
    "SeatGivenBackBody": "subscription_id left_at",
    "MemberBody": "user_id joined_at",
    "MembershipBody": "subscription_id joined_at",
    "OpenInvitationBody": "id invited_at expires_at",
    "SeatsBody": "taken total",
    "ChangedPlanBody": (
        "status subscription_id plan_code current_period_start current_period_end cancel_at_period_end"
        " canceled_at ended_at next_action next_action_at payment_in_progress trial_ends_at frozen_until"
        " promo_code promo_periods_left scheduled_plan_code pending_change access payment"
    ),
    "PendingChangeBody": "plan_code invoice_id",
    "PlanChangePreviewBody": (
        "when period_start period_end currency charge_cents credit_cents discount_cents gift_cents"
        " balance_cents to_balance_cents to_others_balance_cents amount_due_cents lines quote"
    ),
    "AmountsBody": (
        "subtotal_cents discount_cents total_cents vat_cents gift_cents balance_cents amount_due_cents"
    ),
    "AttemptBody": "payment_id stage method_id since look_ups look_up_at",
    "ClockBody": "now advanced_to happened next_action next_action_at waiting_for",
    "CreditNoteBody": (
        "id number invoice_id refund_id reason amount_cents card_cents gift_cents balance_cents net_cents"
        " vat_cents currency issued_at"
    ),
    "DeliveryBody": (
        "id event_id event subscription_id sequence status round attempts last_attempt_at last_status_code"
        " last_error delivered_at created_at"
    ),
    "DeliveryPage": "items next_cursor",
    "EnabledEndpointBody": ENDPOINT + " event_count",
    "EndpointBody": ENDPOINT,
    "EndpointPage": "items next_cursor",
    "EndpointSecretBody": ENDPOINT + " secret",
    "EventBody": "id message_id event subscription_id sequence timestamp published_at data",
    "EventPage": "items next_cursor",
    "PingedBody": "message_id delivered status_code error",
    "ReplayedBody": "event_count",
    "DunningCaseBody": "policy opened_at last_attempt_at retries_made waits_for_new_method",
    "ErasedBody": "user_id erased_at",
    "ExportBody": "exported_at records",
    "ExplainedBody": "user_id user_flagged_at subscription explanation workflow links",
    "ExplanationBody": (
        "status why next_action next_action_at what_next version open_invoice_id parked_reason attempt"
        " dunning recent_commands plan rules"
    ),
    "InvoiceBody": (
        "id number subscription_id billing_reason status currency promo_code subtotal_cents discount_cents"
        " total_cents gift_cents balance_cents amount_due_cents net_cents vat_cents vat_rate_bp"
        " period_start period_end finalized_at paid_at voided_at lines payments refunds credit_notes"
    ),
    "FindingBody": "id rule subject_kind subject_id details first_seen_at last_seen_at fixed_at",
    "GiftBalanceBody": "balance_cents currency expires_at",
    "RedeemedGiftBody": "balance_cents currency expires_at open_invoice",
    "DueInvoiceBody": "invoice_id amount_due_cents currency",
    "GiftCardBatchBody": (
        "id amount_cents currency card_count redeemed_count expires_at created_by created_at"
    ),
    "GiftCardBatchPage": "items next_cursor",
    "InvoicePage": "items next_cursor",
    "InvoicePaymentBody": "invoice_id invoice_status payment",
    "IssuedBody": "batch_id codes",
    "InvoiceRefundBody": (
        "invoice_id amount_cents card_cents balance_cents gift_cents currency refund credit_note"
    ),
    "LeftBody": "card_cents balance_cents gift_cents",
    "LinksBody": "timeline temporal_ui",
    "LineBody": "kind description period_start period_end amount_cents",
    "ModuleBody": "code title min_tier",
    "OwnedCardBody": "amount_cents balance_cents currency expires_at redeemed_at",
    "PaymentBody": (
        "id attempt_no provider status amount_cents currency failure_code action_url created_at settled_at"
    ),
    "PaymentMethodBody": "id provider brand last4 expiry_month expiry_year is_default",
    "PinnedPlanBody": (
        "code name period_iso price_cents currency vat_rate_bp trial_days grace_days freeze_days_per_year"
    ),
    "PinnedPolicyBody": "version retry_days final_action",
    "PlanBody": "id code name period_iso price_cents currency seats trial_days",
    "PolicyVersionBody": "version retry_days final_action created_at",
    "PreviewInvoiceBody": (
        "subtotal_cents discount_cents total_cents vat_cents gift_cents balance_cents amount_due_cents"
        " billing_reason period_start period_end currency lines"
    ),
    "PreviewedBody": "start_at trial_ends_at ends_at currency invoices totals",
    "PriceVersionBody": "version price_cents currency vat_rate_bp created_at",
    "Problem": "type title status detail code request_id errors",
    "PromoCodeBody": (
        "id code percent_off amount_off_cents currency duration duration_periods max_redemptions"
        " max_redemptions_per_user plan_codes valid_from valid_until redemption_count first_redeemed_at"
        " created_at"
    ),
    "PromoCodePage": "items next_cursor",
    "PurseBody": "totals gift_cards",
    "PurseTotalBody": "currency gift_cents balance_cents",
    "ReadyBody": "status checks",
    "ReconciliationPage": "last_run items next_cursor",
    "ReconciliationRunBody": "id asked_by started_at finished_at rules findings fixed failed_rules",
    "RefundBody": "id payment_id reason status amount_cents currency created_at settled_at",
    "RulesUsedBody": "unpaid_start_hours grace_days dunning_policy_version dunning_retry_days",
    "SessionBody": "access_token refresh_token token_type expires_in",
    "FoundInvoiceBody": (
        "id number user_id subscription_id billing_reason status currency total_cents amount_due_cents"
        " period_start period_end finalized_at paid_at"
    ),
    "FoundInvoicePage": "items next_cursor",
    "FoundPaymentBody": (
        "id invoice_id user_id subscription_id provider status attempt_no dunning_attempt amount_cents"
        " received_cents currency reference failure_code created_at settled_at"
    ),
    "FoundPaymentPage": "items next_cursor",
    "FoundSubscriptionBody": (
        "subscription_id user_id email plan_code status current_period_start current_period_end"
        " cancel_at_period_end next_action next_action_at parked_reason created_at ended_at access"
    ),
    "FoundSubscriptionPage": "items next_cursor",
    "FoundUserBody": "id email role locale created_at flagged_at disabled_at",
    "FoundUserPage": "items next_cursor",
    "StaffActionBody": "id actor action subject_kind subject_id reason trace_id recorded_at",
    "StaffActionPage": "items next_cursor",
    "SeatedMemberBody": "user_id joined_at email disabled_at",
    "SubscriptionLinksBody": "timeline explain",
    "WholeSubscriptionBody": (
        "user seats members subscription parked_reason created_at open_invoice invoices payments links"
    ),
    "WholeUserBody": "id email role locale created_at flagged_at disabled_at subscriptions purse",
    "StaffInvoiceBody": (
        "id number subscription_id billing_reason status currency promo_code subtotal_cents discount_cents"
        " total_cents gift_cents balance_cents amount_due_cents net_cents vat_cents vat_rate_bp"
        " period_start period_end finalized_at paid_at voided_at lines payments refunds credit_notes user_id"
        " left"
    ),
    "StaffPaymentBody": (
        "id invoice_id subscription_id provider status amount_cents received_cents left_cents"
        " disputed_cents currency refunds"
    ),
    "StaffRefundBody": (
        "id payment_id reason status amount_cents currency actor note reference trace_id created_at"
        " settled_at"
    ),
    "StartedBody": (
        "subscription_id invoice_id payment_id promo_code gift_code discount_cents gift_cents amount_cents"
        " currency period_start period_end payment_status provider status"
    ),
    "SubscriptionBody": (
        "status subscription_id plan_code current_period_start current_period_end cancel_at_period_end"
        " canceled_at ended_at next_action next_action_at payment_in_progress trial_ends_at frozen_until"
        " promo_code promo_periods_left scheduled_plan_code pending_change access"
    ),
    "TimelineEntryBody": "id event actor cause note details version occurred_at trace_id",
    "TimelinePage": "items next_cursor",
    "UserBody": "id email role locale",
    "VersionedPlanBody": (
        "id code name period_iso seats trial_days grace_days freeze_days_per_year created_at retired_at"
        " prices dunning_policies"
    ),
    "VersionedPlanPage": "items next_cursor",
    "PastReplayBody": "actor reason was_status was_parked_for replayed_at",
    "WebhookBody": (
        "id provider fact_key payment_id subscription_id reported_status amount_cents currency decline_code"
        " status parked_reason last_failure deliveries next_delivery_at occurred_at received_at applied_at"
        " trace_id"
    ),
    "WebhookPage": "items next_cursor",
    "WholeWebhookBody": (
        "id provider fact_key payment_id subscription_id reported_status amount_cents currency decline_code"
        " status parked_reason last_failure deliveries next_delivery_at occurred_at received_at applied_at"
        " trace_id raw_body replays"
    ),
    "WorkflowBody": "id answered note is_busy unread_report_ids run_began_at",
}
"""A key that is added or gone has to be so on purpose: clients read them, and some must never be shown."""

KEYS_OF_REQUESTS = {
    "TransferBody": "user_id",
    "AdvanceBody": "advance",
    "CancelBody": "at_period_end reason",
    "ChangePlanBody": "plan_code when quote",
    "ChangePlanPreviewBody": "plan_code at when",
    "DunningBody": "retry_days final_action",
    "EraseMeBody": "password",
    "EraseUserBody": "reason",
    "FreezeBody": "until",
    "GiftCodeBody": "code",
    "LoginBody": "email password",
    "EndpointChangesBody": "url events description reason",
    "NewEndpointBody": "url events description reason",
    "ReplayBody": "since event_ids reason",
    "NewGiftCardsBody": "amount_cents currency count expires_at reason",
    "NewPlanBody": (
        "code name period_iso price_cents currency seats trial_days grace_days freeze_days_per_year"
        " vat_rate_bp dunning reason"
    ),
    "NewPriceBody": "price_cents currency vat_rate_bp reason",
    "NewPromoCodeBody": (
        "code percent_off amount_off_cents currency duration duration_periods max_redemptions"
        " max_redemptions_per_user plan_codes valid_from valid_until reason"
    ),
    "PasswordBody": "current new",
    "PromoCodeChangesBody": (
        "percent_off amount_off_cents currency duration duration_periods max_redemptions"
        " max_redemptions_per_user plan_codes valid_from valid_until reason"
    ),
    "ResetBody": "token new",
    "ResetRequestBody": "email",
    "RedeemGiftBody": "gift_code",
    "RefundOrderBody": "amount_cents reason",
    "ReplayOrderBody": "reason",
    "SignupBody": "email password locale",
    "OfferedMethodBody": "provider token",
    "PayBody": "payment_method",
    "PlannedChangeBody": "at plan_code",
    "PlannedFreezeBody": "from until",
    "PreviewBody": "plan_code promo_code gift_code start_at periods changes freezes",
    "StartBody": "plan_code promo_code gift_code payment_method start_at",
    "NewPolicyBody": "retry_days final_action reason",
    "OptionalReasonBody": "reason",
    "ReasonBody": "reason",
    "StaffCancelBody": "reason at_period_end",
    "StaffChangePlanBody": "plan_code when quote reason",
    "StaffFreezeBody": "until reason",
    "StaffRedeemBody": "gift_code reason",
    "StaffStartBody": "plan_code promo_code gift_code payment_method start_at reason",
    "UnparkBody": "reason",
}

KEYS_OF_REPORTS = "payment_id status provider event_id occurred_at amount_cents currency decline_code"


@pytest.fixture(params=operations(), ids=str)
def operation(request: pytest.FixtureRequest) -> Operation:
    described: Operation = request.param
    return described


def header_parameters(operation: Operation) -> dict[str, dict[str, Any]]:
    parameters: Iterable[dict[str, Any]] = operation.described.get("parameters", [])
    return {parameter["name"]: parameter for parameter in parameters if parameter["in"] == "header"}


def body_schema(operation: Operation) -> dict[str, Any]:
    schema: dict[str, Any] = operation.described["requestBody"]["content"][JSON]["schema"]
    return schema


def test_it_says_what_it_does_in_words(operation: Operation) -> None:
    assert operation.described["summary"]
    assert operation.described["description"].endswith(".")
    assert len(operation.described["tags"]) == 1


def test_it_says_what_it_refuses(operation: Operation) -> None:
    expected: set[tuple[int, str]] = set()
    if operation.asks_for:
        expected |= TOKEN_REFUSALS
    if operation.path.startswith("/admin/"):
        expected.add((403, "forbidden"))
    if "requestBody" in operation.described:
        expected |= BODY_REFUSALS
    if str(operation) not in WITHOUT_DATABASE:
        expected.add((503, "database_unavailable"))
    in_path_or_query = [p for p in operation.described.get("parameters", []) if p["in"] != "header"]
    is_read_by_hand = str(operation) in {WEBHOOK, STRIPE_WEBHOOK}
    if in_path_or_query or ("requestBody" in operation.described and not is_read_by_hand):
        expected.add((422, "validation_failed"))
    if str(operation) in KEYED:
        expected |= {(400, "idempotency_key_invalid"), (422, "idempotency_key_reused")}

    assert operation.refusals() >= expected


def test_it_takes_a_key_where_it_should(operation: Operation) -> None:
    parameter = header_parameters(operation).get("Idempotency-Key")

    assert (parameter and parameter["required"]) == KEYED.get(str(operation))
    assert ((400, "idempotency_key_missing") in operation.refusals()) is bool(KEYED.get(str(operation)))


def test_its_body_takes_no_other_field(operation: Operation) -> None:
    if "requestBody" not in operation.described:
        return
    schema = body_schema(operation)
    for part in schema.get("anyOf", [schema]):
        assert part.get("type") == "null" or flaws({"role": "admin"}, part)


def test_a_body_that_has_to_be_sent_has_an_example(operation: Operation) -> None:
    body = operation.described.get("requestBody")
    if body is None or not body.get("required"):
        return
    content = body["content"][JSON]
    name = content["schema"].get("$ref", "").rpartition("/")[2]
    if name:
        fields = document()["components"]["schemas"][name]
        required = fields.get("required", [])
        assert required or fields["examples"]
        assert all(fields["properties"][field].get("examples") for field in required)
    else:
        assert content["example"]


def test_the_webhook_is_described_by_hand() -> None:
    [webhook] = [operation for operation in operations() if str(operation) == WEBHOOK]
    schema = body_schema(webhook)

    assert " ".join(schema["properties"]) == KEYS_OF_REPORTS
    assert schema["required"] == ["payment_id", "status", "provider"]
    assert schema["properties"]["status"]["enum"] == ["SUCCEEDED", "FAILED", "CHARGEBACK"]
    headers = header_parameters(webhook)
    assert {name: header["required"] for name, header in headers.items()} == {
        "X-Signature": True,
        "X-Timestamp": False,
    }
    assert webhook.refusals() >= {
        (401, "signature_missing"),
        (401, "signature_invalid"),
        (401, "signature_expired"),
        (422, "invalid_payload"),
        (422, "unsupported_status"),
    }


def test_the_webhook_of_stripe_is_described_by_hand() -> None:
    [webhook] = [operation for operation in operations() if str(operation) == STRIPE_WEBHOOK]

    assert body_schema(webhook)["required"] == ["id", "type", "created", "livemode", "data"]
    headers = header_parameters(webhook)
    assert {name: header["required"] for name, header in headers.items()} == {"Stripe-Signature": True}
    assert webhook.refusals() >= {
        (401, "signature_missing"),
        (401, "signature_invalid"),
        (401, "signature_expired"),
        (422, "invalid_payload"),
        (503, "payment_provider_unavailable"),
    }


def test_answers_have_these_keys_and_no_others() -> None:
    schemas = document()["components"]["schemas"]
    keys = {
        name: " ".join(schema["properties"]) for name, schema in schemas.items() if "properties" in schema
    }

    assert keys == KEYS_OF_ANSWERS | KEYS_OF_REQUESTS


def test_every_example_is_one() -> None:
    examples = list(examples_in(document()))

    assert len(examples) > 100
    for schema, example in examples:
        assert flaws(example, schema) == [], example


def test_every_schema_is_one() -> None:
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_event_is_described_under_webhooks() -> None:
    webhooks = document()["webhooks"]

    assert list(webhooks) == list(EventName)
    for name, described in webhooks.items():
        content = described["post"]["requestBody"]["content"][JSON]
        Draft202012Validator.check_schema(content["schema"])
        assert content["example"]["type"] == name
        assert flaws(content["example"], content["schema"]) == []
        headers = {parameter["name"] for parameter in described["post"]["parameters"]}
        assert headers == {"webhook-id", "webhook-timestamp", "webhook-signature"}


async def test_what_is_served_is_this_document(stack: Stack, http: httpx2.AsyncClient) -> None:
    answer = await http.get("/openapi.json")

    assert answer.json() == document()
    assert stack.webhook_secret not in answer.text
