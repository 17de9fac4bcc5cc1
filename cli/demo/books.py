"""The last chapter: every invoice of the year, and what the provider's own book says of it."""

import httpx2

from cli.demo.caller import Caller, NotAsToldError
from cli.demo.money import money
from cli.dev.status import Status


def compare_books(caller: Caller, stack: Status, subscription_id: int) -> None:
    """Raises `NotAsToldError` when they do not agree to the cent."""
    caller.chapter("Its invoices, and the provider's own book")
    invoices = caller.call("GET", "/invoices?limit=100", 200).json()["items"]
    for invoice in reversed(invoices):
        period = f"{invoice['period_start'][:10]} to {invoice['period_end'][:10]}"
        amount = money(invoice["total_cents"], invoice["currency"])
        attempts = ", ".join(f"{payment['provider']} {payment['status']}" for payment in invoice["payments"])
        caller.tell(f"{invoice['number']}  {period}  {amount:>10}  {invoice['status']}: {attempts}")
    ours = {
        payment["id"]: (payment["amount_cents"], payment["status"])
        for invoice in invoices
        for payment in invoice["payments"]
        if payment["provider"] == "sandbox"
    }
    theirs = _charges(stack, subscription_id)
    caller.check(ours == theirs, f"the provider has {theirs} and we have {ours}")
    received = sum(cents for cents, status in theirs.values() if status == "succeeded")
    caller.tell(f"{len(theirs)} charges in the provider's book, {received / 100:.2f} received: as in ours")


def _charges(stack: Status, subscription_id: int) -> dict[int, tuple[int, str]]:
    """Amount and status by our payment."""
    headers = {"Authorization": f"Bearer {stack.psp_api_key}"}
    with httpx2.Client(base_url=stack.psp_url, headers=headers, trust_env=False) as psp:
        answer = psp.get("/v1/charges", params={"subscription_id": subscription_id, "limit": 1_000})
    if not answer.is_success:
        raise NotAsToldError(f"the provider answered {answer.status_code}: {answer.text}")
    return {
        charge["payment_id"]: (charge["amount_cents"], charge["status"])
        for charge in answer.json()["charges"]
    }
