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
    """Signed up, declined, charged, canceled with a reason, refunded, locked out, and let in again."""

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
        await _is_locked_out_and_let_in(canary, mail)
        await _cancel_and_refund(canary, admin.through(http))
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
