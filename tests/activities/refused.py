"""A business refusal as it leaves an activity."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.refusal import Refusal
from domain.refusals import RefusalCode
from tests.activities.customer import STARTED_AT


@contextmanager
def refused(code: RefusalCode, **facts: int) -> Iterator[None]:
    """It is never retried, no fault, and carries the rule's code and facts."""
    with pytest.raises(ApplicationError) as refusal:
        yield
    error = refusal.value
    [detail] = error.details
    assert error.type == code
    assert error.non_retryable
    assert error.category is ApplicationErrorCategory.BENIGN
    assert detail == Refusal(error.message, STARTED_AT, facts)
