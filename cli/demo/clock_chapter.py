"""The last chapter of the story: the subscription's own time passes, and everybody else stays in today."""

from cli.demo.caller import Caller
from cli.dev.status import Status

ADVANCE = "P31D"


def turn_the_clock(caller: Caller, stack: Status, subscription_id: int) -> None:
    """Ends the subscription at its period's end. Raises `NotAsToldError`."""
    caller.chapter("It is canceled, and its clock is turned past its end")
    caller.call("POST", f"/subscriptions/{subscription_id}/cancel", 200, json={"at_period_end": True})
    _advance(caller, stack, subscription_id)
    ended = caller.call("GET", "/me/subscription", 200).json()
    caller.tell(f"{ended['status']} since {ended['ended_at']}, the end of its period")
    caller.check(ended["ended_at"] == ended["current_period_end"], "it did not end with its period")


def _advance(caller: Caller, stack: Status, subscription_id: int) -> None:
    """As the stack's administrator."""
    student = caller.bearer
    credentials = {"email": stack.admin_email, "password": stack.admin_password}
    session = caller.call("POST", "/auth/login", 200, json=credentials).json()
    caller.bearer = {"Authorization": f"Bearer {session['access_token']}"}
    path = f"/admin/subscriptions/{subscription_id}/clock"
    turned = caller.call("POST", path, 200, json={"advance": ADVANCE}).json()
    caller.bearer = student
    for entry in turned["happened"]:
        caller.tell(f"{entry['occurred_at']}: {entry['event']}")
    events = [entry["event"] for entry in turned["happened"]]
    caller.check(events == ["ended"], f"this happened instead of its end: {events}")
