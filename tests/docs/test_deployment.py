"""docs/deployment.md: what it has somebody type is there, and so are the files and variables it names."""

import re
import secrets
from io import StringIO

import pytest
import yaml
from dotenv import dotenv_values
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import app
from ops.settings import Settings
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


def test_variables_that_it_sets_are_in_the_example_or_are_settings_that_compose_hands_on() -> None:
    named = set(re.findall(r"\b(?:BILLING|TEMPORAL|STRIPE|JWT|PAYMENTS|TLS)_[A-Z_]+[A-Z]\b", PAGE))
    beyond = {name for name in named if f"{name}=" not in EXAMPLE}

    assert beyond
    assert beyond <= {f"BILLING_{name}".upper() for name in Settings.model_fields}
    assert "`settings.env`" in PAGE


def test_production_starts_when_the_first_step_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what the step tells to change, and nothing else."""
    [step] = re.findall(r"^1\. `cp \.env\.example .*?(?=^2\. )", PAGE, flags=re.MULTILINE | re.DOTALL)
    [first, *_] = re.split(r"So it starts;", step)
    changed = {
        "BILLING_ENVIRONMENT": "production",
        "BILLING_ALLOWED_HOSTS": "127.0.0.1,localhost,api,billing.example.com",
        "BILLING_SELLER_NAME": "Scuola",
        "BILLING_SELLER_ADDRESS": "Via Roma, 1",
        "BILLING_SELLER_TAX_ID": "IT12345678901",
        "STRIPE_API_KEY": "sk_" + "live_" + "0" * 24,
        "STRIPE_WEBHOOK_SECRET": "whsec_" + "0" * 32,
        "STRIPE_RETURN_URL": "https://billing.example.com/paid",
        "COMPOSE_PROFILES": "",
        "BILLING_PSP_URL": "",
        "BILLING_PSP_API_KEY": "",
        "BILLING_EVENTS_ALLOW_PRIVATE": "false",
    }
    told = set(re.findall(r"`([A-Z_]+)(?:=\w+)?`", first))
    assert {name for name in changed if not name.startswith(("BILLING_SELLER_", "STRIPE_"))} == told
    assert "the seller" in first
    assert "Stripe's variables" in first

    text = re.sub(r"change-me[a-z0-9-]*", lambda _: secrets.token_hex(32), EXAMPLE)
    for name, value in (dotenv_values(stream=StringIO(text)) | changed).items():
        monkeypatch.setenv(name, value or "")

    assert Settings().is_production


def test_search_attributes_for_a_cluster_of_others_are_those_of_ours() -> None:
    script = (ROOT / "ops/temporal/create-namespace.sh").read_text()
    ours = set(re.findall(r"--name (\w+) --type (\w+)", script))

    assert set(re.findall(r"--sa (\w+)=(\w+)", PAGE)) == ours
    assert SUBSCRIPTION_STATUS.name in dict(ours)
