"""What staff did is named after what they did it to."""

import re

import pytest

from domain.staff_action import StaffAction

SUBJECTS = {"plan", "promo_code", "gift_card_batch", "webhook_endpoint", "webhook", "user"}


@pytest.mark.parametrize("action", StaffAction)
def test_an_action_names_its_subject(action: StaffAction) -> None:
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", action)
    assert action.subject_kind in SUBJECTS
    assert action.startswith(f"{action.subject_kind}.")
