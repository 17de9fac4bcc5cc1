"""What the database refuses, and by what."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError


@contextmanager
def refused(by: str) -> Iterator[None]:
    """`by` is the name of a constraint, or a pattern of what a trigger says."""
    with pytest.raises(DBAPIError) as refusal:
        yield
    error = refusal.value.orig
    assert isinstance(error, psycopg.Error)
    reasons = (error.diag.constraint_name, error.diag.message_primary)
    assert any(reason and re.fullmatch(by, reason) for reason in reasons), reasons
