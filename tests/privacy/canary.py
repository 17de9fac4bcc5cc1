"""A person who can be told among all others: whatever is personal about them has the same letters in it."""

import random
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.api_description import check_answer
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.lives import Life, World
from tests.reset_mail import ResetMail

LETTERS = "ghjkmnpqrstvwxyz"  # in no hexadecimal id
HTTP_SECONDS = 60


@dataclass
class Canary:
    """Signed up, declined, charged, canceled with a reason, refunded, locked out, and let in again.

    Staff name them in all that they write meanwhile.
    """

    life: Life
    marker: str
    refused: list[str] = field(default_factory=list)
    """The bodies of all problems that they and staff were told."""

    @property
    def student(self) -> Student:
        return self.life.student

    @property
    def marks(self) -> tuple[str, ...]:
        """What is searched for: a language has less room than the rest."""
        return self.marker, self.marker[:8]

    @property
    def why(self) -> dict[str, str]:
        """What staff say of all that they do to them."""
        return {"reason": f"{self.marker} has called"}

    async def has_done_to(self, admin: Student, what: str) -> httpx2.Response:
        """To their account, under the same key each time."""
        path = f"/admin/users/{self.student.id}/{what}"
        return await admin.post(path, self.why, key=f"{what} {self.student.id}")


async def live_through(world: World, admin: Student, mail: ResetMail) -> Canary:
    marker = "".join(random.choices(LETTERS, k=24))  # noqa: S311 - no secret: it has to be nobody else's
    refused: list[str] = []

    async def keep_refusals(response: httpx2.Response) -> None:
        await check_answer(response)
        if response.is_error:
            refused.append(response.text)

    hooks = {"response": [keep_refusals]}
    async with httpx2.AsyncClient(
        base_url=world.stack.api_url, timeout=HTTP_SECONDS, event_hooks=hooks
    ) as http:
        student = await _sign_up(http, marker)
        canary = Canary(await _start_and_pay(world, student, marker), marker, refused)
        staff = admin.through(http)
        await _is_locked_out_and_let_in(canary, mail)
        await _is_looked_after(canary, staff)
        await _cancel_and_refund(canary, staff)
        await _has_a_report_judged_again(world, canary, staff)
        await _is_shut_out_and_let_in(canary, staff)
    canary.life.student = student.through(world.http)
    return canary


async def _sign_up(http: httpx2.AsyncClient, marker: str) -> Student:
    student = Student(http, email=f"{marker}@italiano.example", password=f"tre tigri {marker}")
    body = {"email": student.email, "password": student.password, "locale": f"it-{marker[:8]}"}
    made = await http.post("/auth/signup", json=body)
    student.id = made.json()["id"]
    assert refusal(await http.post("/auth/signup", json=body)) == (409, "email_taken")
    await student.login()
    return student


async def _start_and_pay(world: World, student: Student, marker: str) -> Life:
    life = await Life.begin(world, student=student, card=f"tok_insufficient_funds-{marker}")

    async def was_declined() -> bool:
        return "failed" in (await life.book()).payments

    await eventually(was_declined)
    await student.add_card(f"tok_3ds-{marker}")  # never charged
    [invoice] = (await student.get("/invoices")).json()["items"]
    card: dict[str, Any] = {"payment_method": {"provider": "sandbox", "token": f"tok_ok-{marker}"}}
    await student.post(f"/invoices/{invoice['id']}/pay", card, key=f"pay {student.id}")
    await life.becomes("active")
    await student.post("/me/payment-methods", {"provider": "sandbox", "token": f"no-{marker}"})
    return life


async def _is_locked_out_and_let_in(canary: Canary, mail: ResetMail) -> None:
    student = canary.student
    wrong = {"email": student.email, "password": f"wrong {canary.marker}"}
    for _ in range(11):
        await student.http.post("/auth/login", json=wrong)
    token = await mail.token_for(student)
    student.password = f"sette nani {canary.marker}"
    for _ in range(2):  # once it works
        await student.http.post("/auth/password/reset", json={"token": token, "new": student.password})
    await student.post("/auth/password", {"current": wrong["password"], "new": student.password})
    await student.login()


async def _is_looked_after(canary: Canary, admin: Student) -> None:
    """By staff who say more than they should, also of what is refused then."""
    on_behalf = f"/admin/subscriptions/{canary.life.subscription_id}"
    for command in ("freeze", "unfreeze"):
        done = await admin.post(f"{on_behalf}/{command}", canary.why, key=f"{command} {canary.student.id}")
        assert done.is_success, done.text
    assert refusal(await admin.post(f"{on_behalf}/uncancel", canary.why)) == (409, "not_canceling")


async def _has_a_report_judged_again(world: World, canary: Canary, admin: Student) -> None:
    """A cent came for another subscription, which they give up."""
    life = await Life.begin(world, student=canary.student)
    await life.report(amount_cents=1)
    await life.applies_reports(1)
    [report] = (await admin.get("/admin/webhooks", payment_id=life.payment_id)).json()["items"]
    judged = await admin.post(f"/admin/webhooks/{report['id']}/replay", canary.why)
    assert judged.is_success, judged.text
    assert (await life.post("cancel", {"at_period_end": False})).is_success
    await life.closes()


async def _is_shut_out_and_let_in(canary: Canary, admin: Student) -> None:
    """Each under a key, whose answer has their address."""
    for what in ("disable", "enable"):
        done = await canary.has_done_to(admin, what)
        assert done.json()["email"] == canary.student.email
    await canary.student.login()


async def _cancel_and_refund(canary: Canary, admin: Student) -> None:
    life = canary.life
    canceled = await life.post("cancel", {"at_period_end": False, "reason": f"perché {canary.marker}"})
    assert canceled.status_code == 200, canceled.text
    await life.closes()
    [invoice] = (await canary.student.get("/invoices")).json()["items"]
    order = {"amount_cents": 100, "reason": f"{canary.marker} has asked"}
    refunded = await admin.post(f"/admin/invoices/{invoice['id']}/refund", order)
    assert refunded.is_success, refunded.text
    too_much = {"amount_cents": 10**9, "reason": f"{canary.marker} has asked for more"}
    await admin.post(f"/admin/invoices/{invoice['id']}/refund", too_much)

    async def it_went_back() -> bool:
        [again] = (await canary.student.get("/invoices")).json()["items"]
        return [refund["status"] for refund in again["refunds"]] == ["succeeded"]

    await eventually(it_went_back)
