"""What a settlement leaves nothing new in is read with it, so that no workflow is woken for it."""

import pytest

from domain.payment import ReportedStatus
from tests.activities.customer import Customer

SUCCEEDED, FAILED = ReportedStatus.SUCCEEDED, ReportedStatus.FAILED


@pytest.mark.parametrize(
    ("first", "others", "read"),
    [
        (SUCCEEDED, (SUCCEEDED, FAILED), ["applied", "applied"]),
        (FAILED, (FAILED, SUCCEEDED), ["applied", "received"]),
    ],
)
async def test_the_reports_that_still_wait_are_those_that_tell_more(
    customer: Customer, first: ReportedStatus, others: tuple[ReportedStatus, ...], read: list[str]
) -> None:
    started = (await customer.start()).answer
    assert started.payment_id is not None
    report_id, *_ = [await customer.report(started.payment_id, status) for status in (first, *others)]

    await customer.settle(report_id)

    assert (await customer.book(started.subscription_id)).reports == ["applied", *read]
