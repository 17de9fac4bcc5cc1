"""The dashboards are as Grafana loads them: every panel has a unit, a question, and a place of its own."""

from itertools import combinations

import pytest
import yaml

from tests.monitoring.written import DASHBOARDS, ROOT, panels

WIDTH = 24
DATASOURCE = ROOT / "ops/grafana/provisioning/datasources/prometheus.yml"


def test_one_is_for_the_business_and_one_for_the_machine_room() -> None:
    assert DASHBOARDS.keys() == {"business", "machine-room"}
    assert len({dashboard["uid"] for dashboard in DASHBOARDS.values()}) == len(DASHBOARDS)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_each_panel_asks_the_datasource_that_is_provisioned(name: str) -> None:
    [provisioned] = yaml.safe_load(DATASOURCE.read_text())["datasources"]
    for panel in panels(DASHBOARDS[name]):
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
        for asks in (panel, *panel["targets"]):
            assert asks["datasource"] == {"type": provisioned["type"], "uid": provisioned["uid"]}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_no_panel_lies_on_another(name: str) -> None:
    places = [panel["gridPos"] for panel in panels(DASHBOARDS[name])]

    assert all(place["x"] + place["w"] <= WIDTH for place in places)
    assert not [pair for pair in combinations(places, 2) if overlap(*pair)]


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )
