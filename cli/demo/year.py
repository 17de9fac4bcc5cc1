"""The year of one subscription: its own time passes, and everybody else stays in today."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from cli.demo.caller import Caller
from cli.demo.money import money
from cli.dev.status import Status

Entry = Mapping[str, Any]

HOLIDAY = timedelta(days=20)


class Year:
    """Of a subscription that was just paid by hand."""

    def __init__(self, caller: Caller, stack: Status, subscription_id: int, card: str) -> None:
        """`card` ends the names of the test tokens: each customer has cards of their own."""
        self._caller = caller
        self._stack = stack
        self._address = f"/subscriptions/{subscription_id}"
        self._card = card
        self._admin: dict[str, str] = {}
        self._own_now = ""

    def tell(self) -> None:
        """Raises `NotAsToldError`."""
        self._store_a_card()
        self._decline_and_recover()
        self._go_on_holiday()
        self._cancel()

    def _store_a_card(self) -> None:
        self._caller.chapter("A card is stored, and three months pass: each renewal is charged to it")
        self._log_in_as_admin()
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

    def _cancel(self) -> None:
        self._caller.chapter("Half a year on it is canceled, and ends with its period")
        self._advance("P180D", ["renewal_opened", "renewed"] * 6)
        self._caller.call("POST", f"{self._address}/cancel", 200, json={"at_period_end": True})
        self._advance("P31D", ["ended"])
        ended = self._shown()
        self._caller.tell(f"{ended['status']} since {ended['ended_at']}, the end of its period")
        self._caller.check(ended["ended_at"] == ended["current_period_end"], "it did not end with its period")

    def _log_in_as_admin(self) -> None:
        """Only staff turn clocks."""
        credentials = {"email": self._stack.admin_email, "password": self._stack.admin_password}
        session = self._caller.call("POST", "/auth/login", 200, json=credentials).json()
        self._admin = {"Authorization": f"Bearer {session['access_token']}"}

    def _choose_card(self, token: str) -> None:
        offered = {"provider": "sandbox", "token": f"{token}-{self._card}"}
        method = self._caller.call("POST", "/me/payment-methods", 201, json=offered).json()
        self._caller.tell(f"{method['brand']} …{method['last4']} ({offered['token']})")

    def _shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = self._caller.call("GET", "/me/subscription", 200).json()
        return shown

    def _advance(self, length: str, expected: list[str]) -> None:
        path = f"/admin{self._address}/clock"
        turned = self._caller.call("POST", path, 200, json={"advance": length}, headers=self._admin).json()
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
