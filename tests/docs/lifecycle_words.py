"""What docs/lifecycle.md says beside the tables: each status, action, step and refusal in words."""

from datetime import timedelta

from domain.changing import UNPAID_CHANGE_LIVES
from domain.due import Step
from domain.ending import WITHDRAWAL_DAYS
from domain.lifecycle import Action
from domain.refusals import RefusalCode
from domain.subscription import UNPAID_START_LIVES, Status

UNPAID_START_HOURS = UNPAID_START_LIVES // timedelta(hours=1)
UNPAID_CHANGE_HOURS = UNPAID_CHANGE_LIVES // timedelta(hours=1)

MEANS = {
    Status.INCOMPLETE: "started, its first invoice not paid yet",
    Status.INCOMPLETE_EXPIRED: "given up unpaid, or superseded by a newer start",
    Status.TRIALING: "on trial: nothing is billed before its end, which is the anchor",
    Status.ACTIVE: "paid until the end of its period, canceled for then or not",
    Status.PAST_DUE: "its renewal was not paid in time, and is dunned",
    Status.FROZEN: "stopped by its user: no access and no billing, the paid time moves",
    Status.UNPAID: "dunning is over, the invoice stays open, nothing more is billed",
    Status.CANCELED: "ended: at once, with its period, or because it was not paid",
}
COMMANDS = frozenset(
    {
        Action.PAY_NOW,
        Action.SET_PAYMENT_METHOD,
        Action.REDEEM_GIFT,
        Action.CHANGE_PLAN,
        Action.CANCEL_AT_PERIOD_END,
        Action.CANCEL_NOW,
        Action.UNCANCEL,
        Action.WITHDRAW,
        Action.FREEZE,
        Action.UNFREEZE,
        Action.TRANSFER,
        Action.UNPARK,
    }
)
"""What a person can ask for; the others are brought by time or a provider."""

ACCESS = {
    Status.INCOMPLETE: "none",
    Status.INCOMPLETE_EXPIRED: "none",
    Status.TRIALING: "to the trial's end, and days of grace",
    Status.ACTIVE: "to the end of the paid time, and days of grace",
    Status.PAST_DUE: "the same: while the days of grace last",
    Status.FROZEN: "none",
    Status.UNPAID: "none",
    Status.CANCELED: "none",
}
COMES_FROM = {
    Action.PAY: "the provider says that the open invoice is paid",
    Action.PAY_AHEAD: "the same, before the boundary",
    Action.EXPIRE: f"time: {UNPAID_START_HOURS} hours after the start; or a new start of the user",
    Action.OPEN_RENEWAL: "time: the next period's invoice and its first payment are opened",
    Action.BEGIN_PAID_PERIOD: "time: the boundary, with the next period paid ahead",
    Action.FALL_DUE: "time: the boundary, with nobody who paid; or the renewal's charge was declined",
    Action.REMIND_UNPAID: "time: a day of the dunning policy on which nothing can be charged",
    Action.CANCEL_UNCOLLECTED: "time: dunning is over, its final action is `cancel`",
    Action.LEAVE_UNPAID: "time: dunning is over, its final action is `unpaid`",
    Action.PAY_NOW: "the user: `POST /invoices/{id}/pay`",
    Action.SET_PAYMENT_METHOD: "the user: `POST /me/payment-methods`, or `DELETE` of one",
    Action.REDEEM_GIFT: "the user: `POST /subscriptions/{id}/redeem`",
    Action.CHANGE_PLAN: "the user: `POST /subscriptions/{id}/change-plan`",
    Action.SCHEDULE_PRICE: "staff: `italiano plan migrate`, for those who run at an older price",
    Action.CANCEL_AT_PERIOD_END: "the user: `POST /subscriptions/{id}/cancel`",
    Action.CANCEL_NOW: 'the user: the same with `{"at_period_end": false}`',
    Action.UNCANCEL: "the user: `POST /subscriptions/{id}/uncancel`",
    Action.WITHDRAW: f"the user: `POST /subscriptions/{{id}}/withdraw`, within {WITHDRAWAL_DAYS} days",
    Action.END_PERIOD: "time: the end of all paid time, when it was canceled for then",
    Action.FREEZE: "the user: `POST /subscriptions/{id}/freeze`",
    Action.UNFREEZE: "time: the freeze's end; or the user: `POST /subscriptions/{id}/unfreeze`",
    Action.TRANSFER: "the owner of a family: `POST /subscriptions/{id}/transfer`, to one of its members",
    Action.PARK: (
        "a person has to look: the provider can't say what became of a payment (`payment_unknown`), can't"
        " take back one that nobody confirms (`payment_pending`), will never take it (`provider_rejected`),"
        " or charged another amount (`amount_mismatch`); a bank took a payment back (`chargeback`); or a step"
        " failed by a fault of ours (`internal_fault`), which no payment mends"
    ),
    Action.UNPARK: "staff: `POST /admin/subscriptions/{id}/unpark`",
}
WHEN = {
    Step.EXPIRE: f"{UNPAID_START_HOURS} hours after the start; never while a charge is under way",
    Step.OPEN_RENEWAL: "on the reminder's date, without a payment method",
    Step.RENEW: "at the boundary, with a payment method",
    Step.COLLECT: "at once",
    Step.CHARGE_METHOD: "at the boundary, when the payment method came after the invoice",
    Step.LOOK_UP_PAYMENT: "see the look-ups",
    Step.WITHDRAW_PAYMENT: "at once",
    Step.BEGIN_PAID_PERIOD: "at the boundary",
    Step.FALL_DUE: "at the boundary; when we opened the invoice later than that, at once",
    Step.RETRY_PAYMENT: "on the policy's days, never within a day of another charge",
    Step.REMIND_UNPAID: "on the same days, when nothing can be charged",
    Step.CANCEL_UNCOLLECTED: "after the last day, or when the period in question is over",
    Step.LEAVE_UNPAID: "the same",
    Step.UNFREEZE: "at the freeze's end: as asked for, or when the year's days are spent",
    Step.END_PERIOD: "at the end of all paid time",
    Step.DROP_CHANGE: (
        f"{UNPAID_CHANGE_HOURS} hours after it was asked for, or at the period's end; never while a charge is"
        " under way"
    ),
}
REFUSED_WHEN = {
    RefusalCode.SUBSCRIPTION_ENDED: "it has ended",
    RefusalCode.NOT_CANCELING: "no cancellation is scheduled",
    RefusalCode.WITHDRAWAL_PERIOD_OVER: f"{WITHDRAWAL_DAYS} days have passed since the day of the start",
    RefusalCode.WITHDRAWAL_AFTER_TRANSFER: "it was handed on: whoever has it now did not buy it",
    RefusalCode.SEATS_TAKEN: "more seats are taken than the chosen plan has",
    RefusalCode.PAYMENT_IN_PROGRESS: (
        "a charge is under way and money may be moving: `change_plan`, `freeze`, `withdraw`, `transfer` and"
        " `pay_now` wait for it; `cancel` does not"
    ),
    RefusalCode.INVOICE_NOT_PAYABLE: "the invoice does not wait for a payment",
    RefusalCode.FREEZE_ONLY_FROM_ACTIVE: "it is not `active`, or its paid time is over",
    RefusalCode.FREEZE_ALLOWANCE_SPENT: "the plan allows fewer frozen days in this year of the subscription",
    RefusalCode.FREEZE_UNTIL_IS_PAST: "`until` is not in the future",
    RefusalCode.NOT_FROZEN: "it is not frozen",
    RefusalCode.TRANSFER_NOT_POSSIBLE: (
        "it is neither `active` nor `trialing` nor `frozen`, an operator has to look at it, or the member's"
        " account is disabled"
    ),
    RefusalCode.NOT_PARKED: "it is not parked",
    RefusalCode.PLAN_CHANGE_NOT_POSSIBLE: (
        "it is neither `active` nor `trialing`, or canceled for its period's end, or its paid time is over"
    ),
    RefusalCode.PLAN_CHANGE_REPLACED: (
        "a later choice of plan took its place while its payment was waited for"
    ),
    RefusalCode.PLAN_CHANGE_VOIDED: "`cancel`, `freeze` or time ended it while its payment was waited for",
    RefusalCode.PLAN_UNCHANGED: "it is on this plan then, and nothing else was chosen",
    RefusalCode.RENEWAL_ALREADY_PAID: "the next period is paid ahead: a change can only follow on it",
    RefusalCode.CURRENCY_MISMATCH: "the plan is sold in another currency",
    RefusalCode.QUOTE_OUTDATED: "the quote is older than 15 minutes, or something has changed since",
    RefusalCode.DUNNING_WINDOW_TOO_LONG: "a plan's last dunning day would come after its shortest period",
}
BEGINNING = """\
# The life of a subscription

Generated from the rules in [domain/](../domain). A test fails when it is stale: after a change there, run
`.venv/bin/python -m tests.docs.lifecycle_page`.
"""
OUTCOMES = """\
The status after the action, or **the code** that a command is refused with. –: not possible, and nobody can
ask for it.
"""
AFTER_OUTCOMES = """\
What is not paid for has no period to run to its end: it is canceled at once, whatever was asked. `cancel` of
what is canceled already changes nothing and is answered like the first. Money that comes after the end
revives nothing: it goes back by itself, and the timeline says `late_payment_received`. While a charge is
under way a cancellation is recorded at once. The charge stands if it succeeds (`charge_stood`); if it turns
out that it never arrived, it is not made again (`payment_given_up`).
"""
STEPS_INTRODUCTION = """\
One step a turn, and late is right: periods, ends and thaws keep their nominal dates. A period that wholly
elapsed while nobody billed is skipped, and never billed; when its invoice was open already, nobody begins to
charge for it any more, and dunning is over. A payer by hand who is asked late, since we were away, has until
the end of the period that is asked for, however little is left of it. What is due comes before a command,
however late we are; only billing does not, so that a cancellation wins until money was asked for.
"""
DUNNING = """\
A renewal is paid first, then renewed. Days count from the first failure; the policy is the plan's when the
invoice was opened. With the default policy:
"""
AFTER_DUNNING = """\
Declined for good (stolen, closed, revoked …): reminders, until another payment method is chosen; one that was
declined for good before, for the same invoice, is none. A new payment method is charged at once; that, and
`pay_now`, spend no day. Days that passed while we were away are skipped: one attempt, and never two within a
day. After the last day nobody is reminded first. Access lasts for the plan's days of grace (7 by default)
after the paid time, except when the subscription is to end with it.
`cancel` writes the invoice off; `unpaid` keeps it open, and paying it begins a new period at that instant:
its invoice still names the period that was not paid in time.
"""
REMINDERS = """\
Announced before the boundary: whatever moves the renewal moves its reminder, whatever drops it drops that.
"""
LOOK_UPS = """\
Asked by the payment's key, never charged under a second one. After the last time a payment without an answer
parks the subscription, until `unpark`; one that its payer has not confirmed is taken back at its provider.
"""
FREEZE = """\
Paid time that is not over moves later by exactly as long as it was frozen, and its new end is the anchor: a
year that was paid has 365 days, however often it is frozen. The allowance (30 days by default) is counted for
each year from the first start; a freeze that runs into the next year goes on with that year's days. What is
parked does not thaw by itself: when staff or its user let it go on after the freeze's end, the paid time
moves by all of it, and the allowance pays for what was asked for.
"""
PLAN_CHANGE = """\
More seats are up, then a longer interval, then a higher price. Up is at once: a credit for the unused part of
what was really paid, the new plan's share of the same period or, with another interval, a fresh period from
now on. It is in effect as of its invoice's instant once that is paid, and until then nothing has changed: one
that is declined, or not paid in time, is dropped; `cancel` and `freeze` void it, another change replaces it.
A credit above the charge goes to the customer's balance and is used on the next invoice. Down is at the
period's end. `when` asks for the other way; the plan that it is on takes an earlier choice back. On trial a
change is free of charge. A renewal that was opened ahead makes way, and is opened anew on the new terms.

A new price is for new starts. `italiano plan migrate` moves those who run at an older one, each at their next
renewal that was not announced yet, with a notice of its own; what was frozen before that moves too, and its
notice names the date after the freeze. Only who is on another plan by then leaves it behind: another plan
that was chosen for the period's end, before or after, does not take it away, and whoever takes that back
renews at the new price. So they get the notice too; its `chosen_plan` names what they chose.
"""
