"""docs/deployment.md: what it has somebody type is there, and so are the files and variables it names."""

import re

import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import app
from tests.docs.test_readme import ROOT
from workflows.options import SUBSCRIPTION_STATUS

PAGE = (ROOT / "docs/deployment.md").read_text()
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
EXAMPLE = (ROOT / ".env.example").read_text()

IN_A_CONTAINER = re.findall(r"docker compose run --rm(?: --no-deps)? ([a-z-]+)((?: [a-z-]+)*)", PAGE)
OURS = re.findall(r"italiano ((?!billing)[a-z][a-z-]+)((?: --[a-z-]+)*)", PAGE)


def test_services_and_files_that_it_names_are_there() -> None:
    files = set(re.findall(r"\b(?:ops|tests)/[a-z/_-]+\.[a-z]+|docker-compose[a-z.-]*\.yml", PAGE))

    assert {service for service, _ in IN_A_CONTAINER} == {"api", "backup", "migrate"}
    assert {service for service, _ in IN_A_CONTAINER} <= SERVICES.keys()
    assert len(files) >= 6
    assert {name for name in files if not (ROOT / name).is_file()} == set()


@pytest.mark.parametrize(("name", "wanted"), OURS, ids=[name for name, _ in OURS])
def test_a_command_has_the_options_that_it_is_given(name: str, wanted: str) -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    known = {option for parameter in group.commands[name].params for option in parameter.opts}

    assert set(wanted.split()) <= known


def test_variables_that_it_sets_are_in_the_example_or_say_where_else() -> None:
    named = set(re.findall(r"\b(?:BILLING|TEMPORAL|STRIPE|JWT|PAYMENTS|TLS)_[A-Z_]+[A-Z]\b", PAGE))
    by_hand = {
        "BILLING_DATABASE_POOL_SIZE",
        "BILLING_CHARGES_PER_SECOND",
        "BILLING_REQUESTS_AT_ONCE",
        "BILLING_CORS_ORIGINS",
        "BILLING_DOCS_ENABLED",
    }

    assert {name for name in named - by_hand if f"{name}=" not in EXAMPLE} == set()


def test_search_attributes_for_a_cluster_of_others_are_those_of_ours() -> None:
    script = (ROOT / "ops/temporal/create-namespace.sh").read_text()
    ours = set(re.findall(r"--name (\w+) --type (\w+)", script))

    assert set(re.findall(r"--sa (\w+)=(\w+)", PAGE)) == ours
    assert SUBSCRIPTION_STATUS.name in dict(ours)
