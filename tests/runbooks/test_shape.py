"""There is a runbook for each alert and for nothing else, and all have the same shape."""

import pytest

from tests.monitoring.written import ALERTS
from tests.runbooks.runbook import FOLDER, SECTIONS, SEE, Runbook

NAMES = sorted({alert["alert"] for alert in ALERTS})


def test_each_alert_has_one_and_the_list_is_complete() -> None:
    listed = (FOLDER / "README.md").read_text()

    assert {page.stem for page in FOLDER.glob("*.md")} == {*NAMES, "README"}
    for alert in ALERTS:
        [line] = [line for line in listed.splitlines() if line.startswith(f"| [{alert['alert']}]")]
        assert f"`{alert['labels']['severity']}`" in line


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_means_and_how_to_see_mend_and_end_it(name: str) -> None:
    runbook = Runbook(name)

    assert runbook.text.startswith(f"# {name}: ")
    assert list(runbook.sections) == SECTIONS
    assert all(text.strip() for text in runbook.sections.values())
    assert runbook.blocks(SEE)
