"""Every list of the document: a filter that it does not know is refused, and lets nothing through."""

import pytest

from tests.api_description import Operation, operations
from tests.client import Student, refusal

ASKED = [operation for operation in operations() if not operation.is_write and operation.query_names]


@pytest.mark.parametrize("operation", ASKED, ids=str)
async def test_a_filter_that_is_misspelled_is_refused(admin: Student, operation: Operation) -> None:
    for misspelled in ("of_no_list", *(f"{name}s" for name in operation.query_names)):
        answer = await admin.get(operation.at(1), **{misspelled: "1"})

        assert refusal(answer) == (422, "validation_failed"), misspelled
        assert [wrong["field"] for wrong in answer.json()["errors"]] == [misspelled]
