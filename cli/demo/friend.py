"""Somebody who starts with codes: one takes off, one pays, the rest is charged. And who gets it back."""

import secrets
from typing import Any

import httpx2

from cli.demo.caller import Caller
from cli.demo.money import money
from cli.demo.staff import Staff
from cli.demo.student import Student, sign_up

PERCENT_OFF = 25
GIFT_CENTS = 1_000
CURRENCY = "EUR"
SETTLED_SECONDS = 30.0


class Friend:
    def __init__(self, caller: Caller, staff: Staff, plan_code: str, key: str) -> None:
        """`key` is the first student's: the friend's own key, and test token, are named after it."""
        self._caller = caller
        self._staff = staff
        self._plan_code = plan_code
        self._key = f"{key}-friend"
        self._promo_code = f"AMICI-{secrets.token_hex(4).upper()}"
        self._order: dict[str, Any] = {}  # what the start answered

    def tell(self) -> tuple[Student, int]:
        """Returns who it was, and their subscription. Raises `NotAsToldError`."""
        self._caller.chapter("Staff make a promo code and two gift cards; a friend starts with them")
        first, second = self._make_codes()
        friend = sign_up(self._caller)
        with self._caller.speaking_as(friend.bearer):
            self._start(first)
            self._redeem(second)
            self._get_it_back()
        return friend, self._order["subscription_id"]

    def _make_codes(self) -> list[str]:
        promo = {"code": self._promo_code, "percent_off": PERCENT_OFF, "duration": "once"}
        made = self._staff.post("/promo-codes", 201, promo)
        self._caller.tell(f"{made['code']}: {made['percent_off']} % off the first invoice")
        cards = {"amount_cents": GIFT_CENTS, "currency": CURRENCY, "count": 2}
        codes: list[str] = self._staff.post("/gift-cards", 201, cards)["codes"]
        self._caller.tell(f"{' and '.join(codes)}: {money(GIFT_CENTS, CURRENCY)} each, shown only here")
        return codes

    def _start(self, gift_code: str) -> None:
        wanted = {
            "plan_code": self._plan_code,
            "promo_code": self._promo_code,
            "gift_code": gift_code,
            "payment_method": {"provider": "sandbox", "token": f"tok_ok-{self._key}"},
        }
        headers = {"Idempotency-Key": self._key}
        order = self._caller.call("POST", "/subscriptions/start", 201, json=wanted, headers=headers).json()
        self._order = order
        parts = [order[f"{part}_cents"] for part in ("discount", "gift", "amount")]
        price, off, gift, rest = (money(cents, order["currency"]) for cents in (sum(parts), *parts))
        self._caller.tell(f"{price}: {off} off, {gift} from the gift card, {rest} charged to the stored card")
        self._caller.call_until("/content/modules", SETTLED_SECONDS)
        self._caller.tell("the charge has succeeded, and the lessons are open")

    def _redeem(self, gift_code: str) -> None:
        path = f"/subscriptions/{self._order['subscription_id']}/redeem"
        card = self._caller.call("POST", path, 200, json={"gift_code": gift_code}).json()
        self._caller.tell(f"{money(card['balance_cents'], card['currency'])} for the invoices to come")

    def _get_it_back(self) -> None:
        self._caller.chapter("Staff give that invoice back: to the card and to the gift card, as it was paid")
        invoice_id, currency = self._order["invoice_id"], self._order["currency"]
        reason = {"reason": "the first month is on us"}
        given = self._staff.post(f"/invoices/{invoice_id}/refund", 202, reason)
        whole, card, gift = (money(given[f"{part}_cents"], currency) for part in ("amount", "card", "gift"))
        self._caller.tell(f"{whole}: {card} to the card, {gift} to the gift card")
        self._caller.check(
            (given["card_cents"], given["gift_cents"])
            == (self._order["amount_cents"], self._order["gift_cents"]),
            "it goes back otherwise than it was paid",
        )
        path = f"/invoices/{invoice_id}"
        self._caller.call_until(path, SETTLED_SECONDS, lambda shown: _noted(shown) == given["amount_cents"])
        for note in self._caller.call("GET", path, 200).json()["credit_notes"]:
            total, net, vat = (money(note[f"{part}_cents"], currency) for part in ("amount", "net", "vat"))
            self._caller.tell(f"{note['number']}: {total} = {net} + {vat} VAT")
        totals = self._caller.call("GET", "/me/purse", 200).json()["totals"]
        left_cents = sum(total["gift_cents"] for total in totals)
        self._caller.tell(f"{money(left_cents, currency)} on gift cards for the invoices to come")
        self._caller.check(left_cents == 2 * GIFT_CENTS, "the gift cards are not whole again")


def _noted(invoice: httpx2.Response) -> int:
    return sum(note["amount_cents"] for note in invoice.json()["credit_notes"])
