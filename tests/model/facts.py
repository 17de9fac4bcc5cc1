"""What is compared: the same facts, told by the model and read from the product."""

from copy import deepcopy
from datetime import datetime
from typing import Any

from tests.clock_turn import instant
from tests.model.bill import Bill, Payment
from tests.model.purse import Purse
from tests.model.subscription import Subscription
from tests.model.terms import Plan

Facts = dict[str, Any]
VAT_PERCENT = 22
AMOUNTS = (
    "charge_cents",
    "credit_cents",
    "discount_cents",
    "gift_cents",
    "balance_cents",
    "to_balance_cents",
    "amount_due_cents",
)


def facts_of(subscription: Subscription, at: datetime) -> Facts:
    now, promo, until = subscription.now, subscription.promo, subscription.access_until
    allowed = until is not None and at < until
    due = subscription.upcoming()
    change = subscription.open.time.plan.code if subscription.is_changing and subscription.open else None
    return {
        "status": subscription.status,
        "plan": now.plan.code,
        "period": (now.start, now.end),
        "ending": subscription.ending,
        "next_action": due and due.what,
        "next_action_at": due and due.at,
        "ended_at": subscription.ended_at,
        "trial_ends_at": now.end if subscription.status == "trialing" else None,
        "frozen_until": subscription.frozen and subscription.frozen.until,
        "promo": promo and (promo.code, promo.periods),
        "chosen": subscription.chosen and subscription.chosen.code,
        "pending_change": change,
        "access": (allowed, until if allowed else None, None if allowed else subscription.why_no_access()),
    }


def shown_facts(body: Facts) -> Facts:
    """Of `GET /subscriptions/{id}`."""
    pending, access = body["pending_change"], body["access"]
    return {
        "status": body["status"],
        "plan": body["plan_code"],
        "period": (instant(body["current_period_start"]), instant(body["current_period_end"])),
        "ending": body["cancel_at_period_end"],
        "next_action": body["next_action"],
        "next_action_at": _instant(body["next_action_at"]),
        "ended_at": _instant(body["ended_at"]),
        "trial_ends_at": _instant(body["trial_ends_at"]),
        "frozen_until": _instant(body["frozen_until"]),
        "promo": (body["promo_code"], body["promo_periods_left"]) if body["promo_code"] else None,
        "chosen": body["scheduled_plan_code"],
        "pending_change": pending and pending["plan_code"],
        "access": (access["allowed"], _instant(access["until"]), access["reason"]),
    }


def facts_of_bill(bill: Bill) -> Facts:
    net = (200 * bill.total + 100 + VAT_PERCENT) // (2 * (100 + VAT_PERCENT))
    return {
        "reason": bill.reason,
        "status": bill.status,
        "time": (bill.start, bill.end),
        "subtotal": bill.total + bill.discount,
        "discount": bill.discount,
        "net and VAT": (net, bill.total - net),
        "paid by gift cards": bill.paid.gift,
        "paid by balance": bill.paid.balance,
        "due": bill.due,
        "promo": bill.promo_code,
        "payments": [_facts_of_payment(payment) for payment in bill.payments],
        "late, and back": [payment.refunded for payment in bill.payments if payment.refunded],
        "credit notes": sorted(bill.notes),
    }


def _facts_of_payment(payment: Payment) -> tuple[str, str, int]:
    return "sandbox" if payment.card else "mock", payment.status, payment.cents


def shown_facts_of_bill(body: Facts) -> Facts:
    """Of `GET /invoices`."""
    return {
        "reason": body["billing_reason"],
        "status": body["status"],
        "time": (instant(body["period_start"]), instant(body["period_end"])),
        "subtotal": body["subtotal_cents"],
        "discount": body["discount_cents"],
        "net and VAT": (body["net_cents"], body["vat_cents"]),
        "paid by gift cards": body["gift_cents"],
        "paid by balance": body["balance_cents"],
        "due": body["amount_due_cents"],
        "promo": body["promo_code"],
        "payments": [
            (payment["provider"], payment["status"], payment["amount_cents"]) for payment in body["payments"]
        ],
        "late, and back": [
            refund["amount_cents"] for refund in body["refunds"] if refund["reason"] == "late_payment"
        ],
        "credit notes": sorted(
            (note["reason"], *(note[f"{part}_cents"] for part in ("amount", "card", "gift", "balance")))
            for note in body["credit_notes"]
        ),
    }


def facts_of_offer(subscription: Subscription, wanted: Plan, when: str | None, at: datetime) -> Facts:
    """What a change of plan would bill, of which nothing is done."""
    subscription = deepcopy(subscription)
    way = subscription.check_change(wanted, when, at)
    if way == "on_trial":
        return {"when": "now", "time": (at, subscription.now.end), **dict.fromkeys(AMOUNTS, 0)}
    subscription.drop_open(at)
    if way == "now":
        bill = subscription.bill_of_change(wanted, at)
    else:
        subscription.chosen = wanted
        bill = subscription.bill_of("subscription_cycle", subscription.next_time(at))
    return {
        "when": "now" if way == "now" else "period_end",
        "time": (bill.time.start if way == "period_end" else bill.start, bill.end),
        "charge_cents": bill.charge - bill.discount,
        "credit_cents": bill.credit,
        "discount_cents": bill.discount,
        "gift_cents": bill.paid.gift,
        "balance_cents": bill.paid.balance,
        "to_balance_cents": bill.to_balance,
        "amount_due_cents": bill.due,
    }


def shown_facts_of_offer(body: Facts) -> Facts:
    """Of `POST /subscriptions/{id}/change-plan/preview`."""
    time = (instant(body["period_start"]), instant(body["period_end"]))
    return {"when": body["when"], "time": time, **{name: body[name] for name in AMOUNTS}}


def facts_of_purse(purse: Purse) -> Facts:
    return {"gift cards": [card.left for card in purse.gifts], "balance": purse.balance}


def shown_facts_of_purse(body: Facts) -> Facts:
    """Of `GET /me/purse`."""
    return {
        "gift cards": [card["balance_cents"] for card in body["gift_cards"]],
        "balance": sum(total["balance_cents"] for total in body["totals"]),
    }


def _instant(rendered: str | None) -> datetime | None:
    return instant(rendered) if rendered else None
