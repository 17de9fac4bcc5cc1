"""The last chapter: every invoice, what the provider's own book says of them, and the ledger in sum."""

import asyncio
import secrets
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import httpx2

from cli.demo.caller import Caller, NotAsToldError
from cli.demo.money import money
from cli.dev.stack_settings import stack_settings
from cli.dev.status import Status
from db.database import Database
from db.queries.ledger_reports import AccountTotal, trial_balance
from domain.window import Window

Charge = tuple[int, str, int]
"""Amount, status, and what was given back of it."""


class Books:
    def __init__(self, caller: Caller, stack: Status) -> None:
        self._caller = caller
        self._stack = stack

    def compare(self, customers: Mapping[int, dict[str, str]]) -> None:
        """`customers` are whose bearers, by subscription.

        Raises `NotAsToldError` when the books do not agree to the cent.
        """
        self._caller.chapter("All their invoices, the provider's own book, and the ledger")
        ours: dict[int, Charge] = {}
        theirs: dict[int, Charge] = {}
        for subscription_id, bearer in customers.items():
            with self._caller.speaking_as(bearer):
                ours |= self._tell_invoices()
            theirs |= self._charges_of(subscription_id)
        self._caller.check(ours == theirs, f"the provider has {theirs} and we have {ours}")
        received = sum(cents for cents, status, _ in theirs.values() if status == "succeeded")
        given_back = sum(cents for *_, cents in theirs.values())
        self._caller.tell(
            f"{len(theirs)} charges in the provider's book, {received / 100:.2f} received, "
            f"{given_back / 100:.2f} given back: as in ours"
        )
        self._balance()

    def _tell_invoices(self) -> dict[int, Charge]:
        """By our payment, as far as the provider has to know of them."""
        invoices = self._caller.call("GET", "/invoices?limit=100", 200).json()["items"]
        for invoice in reversed(invoices):
            period = f"{invoice['period_start'][:10]} to {invoice['period_end'][:10]}"
            amount = money(invoice["total_cents"], invoice["currency"])
            self._caller.tell(
                f"{invoice['number']}  {period}  {amount:>10}  {invoice['status']}: {_paid_with(invoice)}"
            )
        return {
            payment["id"]: (payment["amount_cents"], payment["status"], _given_back(invoice, payment["id"]))
            for invoice in invoices
            for payment in invoice["payments"]
            if payment["provider"] == "sandbox"
        }

    def _charges_of(self, subscription_id: int) -> dict[int, Charge]:
        """By our payment."""
        headers = {"Authorization": f"Bearer {self._stack.psp_api_key}"}
        with httpx2.Client(base_url=self._stack.psp_url, headers=headers, trust_env=False) as psp:
            answer = psp.get("/v1/charges", params={"subscription_id": subscription_id, "limit": 1_000})
        if not answer.is_success:
            raise NotAsToldError(f"the provider answered {answer.status_code}: {answer.text}")
        return {
            charge["payment_id"]: (charge["amount_cents"], charge["status"], charge["refunded_cents"])
            for charge in answer.json()["charges"]
        }

    def _balance(self) -> None:
        """Of the whole stack."""
        totals = asyncio.run(_trial_balance(self._stack))
        for currency, accounts in groupby(totals, key=lambda total: total.currency):
            of_currency = list(accounts)
            debit = sum(total.debit_cents for total in of_currency)
            credit = sum(total.credit_cents for total in of_currency)
            left = sum(total.balance_cents for total in of_currency)
            self._caller.tell(
                f"the trial balance: {len(of_currency)} accounts, {money(debit, currency)} "
                f"debited, {money(credit, currency)} credited, {left / 100:.2f} is left"
            )
            self._caller.check(left == 0, f"the ledger's balances in {currency} do not sum to zero")


async def _trial_balance(stack: Status) -> list[AccountTotal]:
    unused = secrets.token_hex(32)  # nobody logs in by these settings
    settings = stack_settings(
        database_url=stack.database_url, jwt_secret=unused, webhook_secret=stack.webhook_secret
    )
    database = Database.from_settings(settings)
    try:
        async with database.read() as connection:
            return await trial_balance(connection, Window())
    finally:
        await database.close()


def _paid_with(invoice: Mapping[str, Any]) -> str:
    attempts = [f"{payment['provider']} {payment['status']}" for payment in invoice["payments"]]
    if invoice["gift_cents"]:
        attempts.insert(0, f"{money(invoice['gift_cents'], invoice['currency'])} by gift card")
    return ", ".join(attempts)


def _given_back(invoice: Mapping[str, Any], payment_id: int) -> int:
    return sum(
        refund["amount_cents"]
        for refund in invoice["refunds"]
        if refund["payment_id"] == payment_id and refund["status"] == "succeeded"
    )
