"""The year of one subscription: its own time passes, and everybody else stays in today."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from cli.demo.caller import Caller
from cli.demo.money import money
from cli.demo.staff import Staff

Entry = Mapping[str, Any]

HOLIDAY = timedelta(days=20)
LONGER_PLAN = "P6M"


class Year:
    """Of a subscription that was just paid by hand."""

    def __init__(self, caller: Caller, staff: Staff, subscription_id: int, card: str) -> None:
        """`card` ends the names of the test tokens: each customer has cards of their own."""
        self._caller = caller
        self._staff = staff
        self._address = f"/subscriptions/{subscription_id}"
        self._card = card
        self._own_now = ""

    def tell(self) -> None:
        """Raises `NotAsToldError`."""
        self._store_a_card()
        self._decline_and_recover()
        self._go_on_holiday()
        self._move_up()
        self._cancel()

    def _store_a_card(self) -> None:
        self._caller.chapter("A card is stored, and three months pass: each renewal is charged to it")
        self._staff.log_in()
        self._choose_card("tok_ok")
        self._advance("P91D", ["renewal_opened", "renewed"] * 3)

    def _decline_and_recover(self) -> None:
        self._caller.chapter("The next card is declined once; dunning tries again, and recovers it")
        self._choose_card("tok_decline_1_then_ok")
        self._advance("P30D", ["renewal_opened", "payment_declined", "fell_due"])
        shown = self._shown()
        self._caller.tell(f"{shown['status']}; the lessons stay open until {shown['access']['until']}")
        self._caller.check(shown["access"]["allowed"], "there is no access in the days of grace")
        self._advance("P2D", ["payment_retried", "recovered"])

    def _go_on_holiday(self) -> None:
        self._caller.chapter("A holiday: frozen for twenty days, which the paid time gets back")
        before = datetime.fromisoformat(self._shown()["current_period_end"])
        until = datetime.fromisoformat(self._own_now) + HOLIDAY
        frozen = self._caller.call(
            "POST", f"{self._address}/freeze", 200, json={"until": until.isoformat()}
        ).json()
        self._caller.tell(f"{frozen['status']} until {frozen['frozen_until']}")
        refusal = self._caller.call("GET", "/content/modules", 403).json()
        self._caller.tell(f"{refusal['code']}, {refusal['reason']}: {refusal['detail']}")
        self._advance("P21D", ["unfrozen"])
        after = datetime.fromisoformat(self._shown()["current_period_end"])
        self._caller.tell(f"paid until {after:%Y-%m-%d} instead of {before:%Y-%m-%d}")
        self._caller.check(abs(after - before - HOLIDAY) < timedelta(minutes=1), "frozen time was lost")

    def _move_up(self) -> None:
        self._caller.chapter("A month later it moves up to six months, for what the preview says")
        self._advance("P30D", ["renewal_opened", "renewed"])
        path = f"{self._address}/change-plan"
        wanted = {"plan_code": LONGER_PLAN}
        preview = self._caller.call("POST", f"{path}/preview", 200, json=wanted).json()
        for line in preview["lines"]:
            self._caller.tell(
                f"{money(line['amount_cents'], preview['currency']):>11}  {line['description']}"
            )
        due = money(preview["amount_due_cents"], preview["currency"])
        self._caller.tell(f"{due:>11}  is due now, as this quote says: {preview['quote'][:24]}…")
        quoted = wanted | {"quote": preview["quote"]}
        changed = self._caller.call("POST", path, 200, json=quoted).json()
        paid_cents = changed["payment"]["amount_cents"]
        self._caller.tell(
            f"{changed['plan_code']} until {changed['current_period_end']}; "
            f"{money(paid_cents, preview['currency'])} were charged"
        )
        self._caller.check(changed["plan_code"] == LONGER_PLAN, f"it is on {changed['plan_code']}")
        self._caller.check(
            paid_cents == preview["amount_due_cents"], "another amount was charged than quoted"
        )

    def _cancel(self) -> None:
        self._caller.chapter("It is canceled, and ends with its six months")
        self._caller.call("POST", f"{self._address}/cancel", 200, json={"at_period_end": True})
        self._advance("P185D", ["ended"])
        ended = self._shown()
        self._caller.tell(f"{ended['status']} since {ended['ended_at']}, the end of its period")
        self._caller.check(ended["ended_at"] == ended["current_period_end"], "it did not end with its period")

    def _choose_card(self, token: str) -> None:
        offered = {"provider": "sandbox", "token": f"{token}-{self._card}"}
        method = self._caller.call("POST", "/me/payment-methods", 201, json=offered).json()
        self._caller.tell(f"{method['brand']} …{method['last4']} ({offered['token']})")

    def _shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = self._caller.call("GET", "/me/subscription", 200).json()
        return shown

    def _advance(self, length: str, expected: list[str]) -> None:
        turned = self._staff.post(f"{self._address}/clock", 200, {"advance": length})
        self._own_now = turned["advanced_to"]
        entries: list[Entry] = turned["happened"]
        for day, of_day in groupby(entries, key=lambda entry: str(entry["occurred_at"])[:10]):
            self._tell_day(day, list(of_day))
        events = [entry["event"] for entry in entries]
        self._caller.check(events == expected, f"{events} happened instead of {expected}")

    def _tell_day(self, day: str, entries: list[Entry]) -> None:
        events = ", ".join(entry["event"] for entry in entries)
        amounts = [entry["details"] for entry in entries if "amount_cents" in entry["details"]]
        amount = money(amounts[-1]["amount_cents"], amounts[-1]["currency"]) if amounts else ""
        self._caller.tell(f"{day}  {amount:>10}  {events}".rstrip())
