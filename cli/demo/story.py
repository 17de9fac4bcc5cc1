"""From signing up to the lessons, and then a year of it: each chapter checks what it tells."""

import json
import secrets
import time
from typing import Any
from urllib.parse import quote

import httpx2

from cli.demo.books import Books
from cli.demo.caller import Caller
from cli.demo.friend import Friend
from cli.demo.money import money
from cli.demo.staff import Staff
from cli.demo.student import sign_up
from cli.demo.watched_metrics import WatchedMetrics
from cli.demo.year import Year
from cli.dev.status import Status
from payments.signed_webhook import sign
from workflows.messages import workflow_id

PLAN = "P30D"
ACCESS_SECONDS = 10.0


class Story:
    def __init__(self, caller: Caller, stack: Status) -> None:
        self._caller = caller
        self._stack = stack
        self._key = f"demo-{secrets.token_hex(8)}"
        self._user_id = 0
        self._order: dict[str, Any] = {}  # what the start answered

    def tell(self) -> str:
        """Returns the id of the subscription's workflow. Raises `NotAsToldError`."""
        metrics = WatchedMetrics(self._caller)
        self._sign_up()
        self._choose_a_plan()
        self._start()
        self._pay()
        metrics.tell_growth()
        self._read_the_invoice()
        self._change_the_mind()
        self._repeat_the_start()
        staff = Staff(self._caller, self._stack)
        Year(self._caller, staff, self._order["subscription_id"], self._key).tell()
        self._lessons_are_closed("expired")
        friend, subscription_id = Friend(self._caller, staff, PLAN, self._key).tell()
        Books(self._caller, self._stack).compare(
            {self._order["subscription_id"]: self._caller.bearer, subscription_id: friend.bearer}
        )
        return workflow_id(self._user_id, self._key)

    def _sign_up(self) -> None:
        self._caller.chapter("A student signs up and logs in")
        student = sign_up(self._caller)
        self._user_id = student.user_id
        self._caller.bearer = student.bearer

    def _choose_a_plan(self) -> None:
        self._caller.chapter("The plans, and lessons that are still closed")
        plans = self._caller.call("GET", "/plans", 200).json()
        for plan in plans:
            self._caller.tell(
                f"{plan['code']:<11}{money(plan['price_cents'], plan['currency']):>11}  {plan['name']}"
            )
        self._caller.check(PLAN in {plan["code"] for plan in plans}, f"the plan {PLAN} is not on sale")
        self._lessons_are_closed("none")

    def _start(self) -> None:
        self._caller.chapter("A subscription starts, and waits for its payment")
        self._order = self._send_start().json()
        order = self._order
        self._caller.tell(f"Idempotency-Key: {self._key}")
        self._caller.tell(
            f"subscription {order['subscription_id']} is {order['status']}: payment {order['payment_id']} of "
            f"{money(order['amount_cents'], order['currency'])} on invoice {order['invoice_id']}"
        )
        self._lessons_are_closed("payment_required")

    def _pay(self) -> None:
        self._caller.chapter("The payment provider reports success by a signed webhook")
        report = {"payment_id": self._order["payment_id"], "status": "SUCCEEDED", "provider": "mock"}
        body = json.dumps(report, separators=(",", ":")).encode()
        signature = sign(self._stack.webhook_secret, body)
        headers = {"Content-Type": "application/json", "X-Signature": signature}
        sent_at = time.perf_counter()
        self._caller.call("POST", "/payments/webhook", 200, content=body, headers=headers)
        self._caller.call_until("/content/modules", ACCESS_SECONDS)
        milliseconds = (time.perf_counter() - sent_at) * 1_000
        self._caller.tell(f"{body.decode()}  X-Signature: {signature[:19]}…")
        modules = self._caller.call("GET", "/content/modules", 200).json()
        self._caller.tell(f"the lessons are open, {milliseconds:.0f} ms after the webhook was sent:")
        self._caller.tell(" · ".join(module["title"] for module in modules))
        self._caller.check(modules, "there are no lessons")

    def _read_the_invoice(self) -> None:
        self._caller.chapter("The invoice")
        invoice = self._caller.call("GET", f"/invoices/{self._order['invoice_id']}", 200).json()
        total, net, vat = (
            money(invoice[f"{part}_cents"], invoice["currency"]) for part in ("total", "net", "vat")
        )
        percent = invoice["vat_rate_bp"] / 100
        self._caller.tell(
            f"{invoice['number']}, {invoice['status']}: {total} = {net} + {vat} VAT at {percent:g} %"
        )
        self._caller.check(invoice["status"] == "paid", f"the invoice is {invoice['status']}, not paid")
        self._caller.check(
            invoice["net_cents"] + invoice["vat_cents"] == invoice["total_cents"],
            "net and VAT are not the total",
        )

    def _change_the_mind(self) -> None:
        self._caller.chapter("A change of mind, and another")
        address = f"/subscriptions/{self._order['subscription_id']}"
        canceled = self._caller.call("POST", f"{address}/cancel", 200, json={"at_period_end": True}).json()
        self._caller.tell(f"{canceled['status']} until {canceled['current_period_end']}, and then it ends")
        self._caller.check(canceled["cancel_at_period_end"], "the subscription does not end")
        resumed = self._caller.call("POST", f"{address}/uncancel", 200).json()
        self._caller.tell(f"{resumed['status']}, and not canceled any more")
        self._caller.check(not resumed["cancel_at_period_end"], "the subscription still ends")

    def _repeat_the_start(self) -> None:
        self._caller.chapter("The first request once more, under the same key")
        repeated = self._send_start()
        self._caller.check(repeated.json() == self._order, f"another answer came: {repeated.text}")
        is_marked = repeated.headers.get("Idempotency-Replayed") == "true"
        self._caller.check(is_marked, "the answer is not marked as replayed")
        self._caller.tell(
            "Idempotency-Replayed: true, and the same answer: nothing was started or billed twice"
        )

    def _send_start(self) -> httpx2.Response:
        return self._caller.call(
            "POST",
            "/subscriptions/start",
            201,
            json={"plan_code": PLAN},
            headers={"Idempotency-Key": self._key},
        )

    def _lessons_are_closed(self, reason: str) -> None:
        refusal = self._caller.call("GET", "/content/modules", 403).json()
        self._caller.tell(f"{refusal['code']}, {refusal['reason']}: {refusal['detail']}")
        self._caller.check(
            refusal["reason"] == reason, f"the reason is {refusal['reason']} instead of {reason}"
        )


def workflow_page(temporal_ui_url: str, workflow: str) -> str:
    return f"{temporal_ui_url}/namespaces/default/workflows/{quote(workflow, safe='')}"
