"""Bugs of `api/`: who is let in, what is answered, and when."""

from tests.seeded_bugs.bug import Bug

OF_API = (
    Bug(
        name="answered-before-stored",
        file="api/routes/stripe_webhook.py",
        old="""\
    return webhook.answered(await receive(context, report, stripe_webhook.without_personal_data(body)))\
""",
        new="""\
    import asyncio

    kept = stripe_webhook.without_personal_data(body)
    webhook.storing = asyncio.create_task(receive(context, report, kept))
    return webhook.answered(AcceptedBody())\
""",
        cost="Stripe hears 200 and never sends the event again; when the database is away, it is lost",
        near=(
            "tests/api/test_stripe_webhook.py",
            "tests/api/test_stripe_life.py",
        ),
    ),
    Bug(
        name="command-without-its-key",
        file="api/idempotency.py",
        old="""\
    named = json.dumps([claim.user_id, claim.key, claim.request_hash])\
""",
        new="""\
    named = json.dumps([claim.user_id, claim.request_hash])\
""",
        cost="the same thing wanted a second time, under a new key, is taken for the first time and not done",
        near=(
            "tests/api/test_cancel_idempotency.py",
            "tests/api/test_staff_refunds.py",
        ),
    ),
    Bug(
        name="invitation-not-looked-at-again",
        file="api/families.py",
        old="""\
        invitation = await self._find_invitation(token)  # as it is, now that nobody else can use it
""",
        new="",
        cost="of two who accept one invitation at once, the second is told of a fault of ours",
        near=(
            "tests/races/test_last_seat.py",
            "tests/attack/test_races.py",
            "tests/api/test_family.py",
        ),
    ),
    Bug(
        name="page-without-its-first",
        file="api/routes/invoices.py",
        old="""\
        next_cursor=encode_cursor(shown[-1].id) if len(found) > page.limit else None,\
""",
        new="""\
        next_cursor=encode_cursor(found[-1].id) if len(found) > page.limit else None,\
""",
        cost="a customer who turns the page never sees one of their invoices",
        near=(
            "tests/api/test_invoices.py",
            "tests/api/test_paging.py",
        ),
    ),
    Bug(
        name="staff-s-words-told",
        file="api/on_behalf.py",
        old="""\
        return Cause(self.by.actor, ASKED_FOR, current_trace_id(), note_id)\
""",
        new="""\
        return Cause(self.by.actor, text, current_trace_id(), note_id)\
""",
        cost="what staff write of a customer is in the workflow's history for ever, and they read it",
        near=(
            "tests/api/test_staff_commands.py",
            "tests/privacy",
        ),
    ),
    Bug(
        name="ready-for-an-old-schema",
        file="api/readiness.py",
        old="""\
    return OK, OK if is_recent_enough(revision) else f"at {revision or 'none'}, run the migrations"\
""",
        new="""\
    return OK, OK if revision else "at none, run the migrations"\
""",
        cost="a release whose migrations were not run takes customers, and fails each of them",
        near=("tests/api/test_plumbing_health.py",),
    ),
)
