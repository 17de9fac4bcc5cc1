import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ops.settings import EXAMPLE_SECRET_MARK, Settings
from sandbox_psp.settings import SandboxSettings

CHECK_JSONSCHEMA = Path(sys.executable).with_name("check-jsonschema")
OURS = ("migrate", "api", "worker")
SANDBOX = "sandbox-psp"
TRACING_VARIABLES = {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}
"""Read by OpenTelemetry."""
TRACING = "tracing"
BACKUP = "backup"
COMPOSE_FILES = ("docker-compose.yml", "docker-compose.balanced.yml", "docker-compose.temporal-cloud.yml")
JOBS = ("temporal-schema", "temporal-namespace", "migrate", BACKUP)
TEMPORAL_CLIENT_VARIABLES = {  # read by Temporal's own loader
    "TEMPORAL_ADDRESS",
    "TEMPORAL_NAMESPACE",
    "TEMPORAL_API_KEY",
    "TEMPORAL_TLS",
    "TEMPORAL_TLS_CLIENT_CERT_DATA",
    "TEMPORAL_TLS_CLIENT_KEY_DATA",
    "TEMPORAL_TLS_SERVER_CA_CERT_DATA",
    "TEMPORAL_TLS_SERVER_NAME",
}
READ_BY_COMPOSE = {"COMPOSE_PROFILES"}
SECRET = re.compile("PASSWORD|SECRET|DATABASE_URL|API_KEY|KEY_DATA")
OPTIONAL_SECRET = re.compile(
    "_PREVIOUS$|^(BILLING_PSP|TEMPORAL)_API_KEY$|^TEMPORAL_TLS_|^STRIPE_(API_KEY|WEBHOOK_SECRET)$"
)

Services = dict[str, dict[str, Any]]
Variables = dict[str, FieldInfo]


@pytest.fixture
def sandbox_variables(services: Services, example_environment: dict[str, str]) -> dict[str, str]:
    """What compose hands to the sandbox, with the values of the example file."""
    given: dict[str, str] = services[SANDBOX]["environment"]
    return {name: _expanded(value, example_environment) for name, value in given.items()}


def _expanded(value: str, environment: dict[str, str]) -> str:
    return re.sub(r"\$\{(\w+)(:[-?][^}]*)?\}", lambda match: environment[match[1]], value)


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_file_is_valid_compose(root: Path, tmp_path: Path, name: str) -> None:
    """The tags that say how files are merged are Compose's own, and no checker knows them."""
    plain = tmp_path / name
    plain.write_text(re.sub("!(reset|override)", "", (root / name).read_text()))
    check = subprocess.run(
        [CHECK_JSONSCHEMA, "--builtin-schema", "vendor.compose-spec", plain],
        capture_output=True,
        text=True,
        check=False,
    )

    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.parametrize("name", OURS)
def test_process_gets_only_variables_that_it_reads(
    services: Services, variables_of_settings: Variables, name: str
) -> None:
    read = variables_of_settings.keys() | TEMPORAL_CLIENT_VARIABLES | TRACING_VARIABLES

    assert services[name]["environment"].keys() <= read


def test_processes_get_every_variable_without_a_default_and_migrations_no_secret_of_theirs(
    services: Services, variables_of_settings: Variables
) -> None:
    required = {variable for variable, field in variables_of_settings.items() if field.is_required()}

    assert required == {"DATABASE_URL", "JWT_SECRET", "PAYMENTS_WEBHOOK_SECRET"}
    assert required <= services["api"]["environment"].keys()
    assert required <= services["worker"]["environment"].keys()
    assert services["migrate"]["environment"].keys() == {"DATABASE_URL"}


def test_other_settings_reach_those_who_read_them_and_nobody_else(services: Services) -> None:
    handed_on = {name: service.get("env_file") for name, service in services.items() if "env_file" in service}

    assert handed_on == {
        "api": [{"path": "settings.env", "required": False}],
        "worker": [{"path": "settings.env", "required": False}],
        "migrate": [],
        SANDBOX: [],
    }


def test_example_file_names_exactly_the_variables_of_compose(
    root: Path, example_environment: dict[str, str]
) -> None:
    used = {name for file in COMPOSE_FILES for name in re.findall(r"\$\{(\w+)", (root / file).read_text())}

    assert set(example_environment) == used | READ_BY_COMPOSE


def test_no_secret_has_a_default(root: Path) -> None:
    expressions = re.findall(r"\$\{(\w+)(:[-?])([^}]*)\}", (root / "docker-compose.yml").read_text())
    secrets = {(name, operator, rest) for name, operator, rest in expressions if SECRET.search(name)}

    assert secrets
    for name, operator, rest in secrets:
        assert operator == ":?" or (OPTIONAL_SECRET.search(name) and rest == ""), name


def test_example_works_in_development_and_is_refused_in_production(
    monkeypatch: pytest.MonkeyPatch, example_environment: dict[str, str]
) -> None:
    for name, value in example_environment.items():
        monkeypatch.setenv(name, value)

    assert Settings().environment == "development"

    monkeypatch.setenv("BILLING_ENVIRONMENT", "production")
    with pytest.raises(ValidationError, match="example secrets"):
        Settings()


def test_sandbox_runs_with_the_example_reports_to_the_api_and_is_refused_in_production(
    monkeypatch: pytest.MonkeyPatch, example_environment: dict[str, str], sandbox_variables: dict[str, str]
) -> None:
    for name, value in (sandbox_variables | {"BILLING_PSP_DATABASE": "/psp/psp.db"}).items():
        monkeypatch.setenv(name, value)

    sandbox = SandboxSettings()

    assert sandbox.webhook_url == "http://api:8000/payments/webhook"
    assert sandbox.own_url == f"http://127.0.0.1:{example_environment['PSP_PORT']}"
    assert sandbox.api_key.get_secret_value() == example_environment["BILLING_PSP_API_KEY"]
    assert example_environment["BILLING_PSP_URL"] == f"http://{SANDBOX}:{sandbox.port}"

    monkeypatch.setenv("BILLING_ENVIRONMENT", "production")
    with pytest.raises(ValidationError, match="never run in production"):
        SandboxSettings()


def test_sandbox_is_another_image_in_a_profile_that_production_leaves_out(
    services: Services, example_environment: dict[str, str]
) -> None:
    assert {name: service["profiles"] for name, service in services.items() if "profiles" in service} == {
        SANDBOX: [example_environment["COMPOSE_PROFILES"]],
        "jaeger": [TRACING],
        BACKUP: [BACKUP],
    }
    assert services[SANDBOX]["build"]["target"] == SANDBOX
    assert services[SANDBOX]["image"] != services["api"]["image"]


def test_health_check_and_prometheus_ask_under_an_allowed_host(
    services: Services, example_environment: dict[str, str]
) -> None:
    allowed = example_environment["BILLING_ALLOWED_HOSTS"].split(",")

    assert {"127.0.0.1", "api"} <= set(allowed)
    assert "*" not in allowed
    for name in ("api", "worker"):
        assert services[name]["environment"]["BILLING_ALLOWED_HOSTS"].startswith("${BILLING_ALLOWED_HOSTS:?")


def test_every_example_secret_says_that_it_is_one(example_environment: dict[str, str]) -> None:
    secrets = {name: value for name, value in example_environment.items() if SECRET.search(name) and value}

    assert len(secrets) == 12
    assert all(EXAMPLE_SECRET_MARK in value for value in secrets.values())


def test_product_connects_with_the_roles_and_the_database_made_for_it(
    root: Path, services: Services, example_environment: dict[str, str]
) -> None:
    script = (root / "ops/postgres/create-databases.sh").read_text()
    roles = (root / "ops/postgres/roles.sql").read_text()

    for variable, role in {
        "DATABASE_URL": "italiano_app",
        "MIGRATION_DATABASE_URL": "italiano_migrate",
    }.items():
        password = example_environment[f"{role.upper()}_PASSWORD"]
        url = f"postgresql+psycopg://{role}:{password}@postgres:5432/italiano"
        assert example_environment[variable] == url
        assert f"ALTER ROLE {role} LOGIN" in roles
    assert "CREATE DATABASE italiano OWNER italiano_migrate" in script
    assert services["migrate"]["environment"]["DATABASE_URL"].startswith("${MIGRATION_DATABASE_URL:?")
    for name in ("api", "worker"):
        assert services[name]["environment"]["DATABASE_URL"].startswith("${DATABASE_URL:?")


def test_our_processes_have_no_rights_to_spare(services: Services) -> None:
    for name in (*OURS, SANDBOX, BACKUP):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]


def test_nothing_is_traced_unless_it_is_asked_for(
    services: Services, example_environment: dict[str, str]
) -> None:
    for name in ("api", "worker"):
        assert {
            variable: _expanded(services[name]["environment"][variable], example_environment)
            for variable in TRACING_VARIABLES
        } == {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "",
            "OTEL_TRACES_SAMPLER": "parentbased_always_on",
            "OTEL_TRACES_SAMPLER_ARG": "1.0",
        }


def test_ports_are_published_on_this_machine_only(
    services: Services, variables_of_settings: Variables
) -> None:
    api_port = variables_of_settings["API_PORT"].default
    psp_port = SandboxSettings.model_fields["port"].default
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}

    assert published == {
        "api": [f"127.0.0.1:${{API_PORT:-{api_port}}}:{api_port}"],
        "temporal-ui": ["127.0.0.1:${TEMPORAL_UI_PORT:-8233}:8080"],
        "sandbox-psp": [f"127.0.0.1:${{PSP_PORT:-{psp_port}}}:{psp_port}"],
        "prometheus": ["127.0.0.1:${PROMETHEUS_PORT:-9090}:9090"],
        "grafana": ["127.0.0.1:${GRAFANA_PORT:-3000}:3000"],
        "jaeger": ["127.0.0.1:${JAEGER_PORT:-16686}:16686"],
    }


def test_images_have_fixed_versions(services: Services) -> None:
    for name, service in services.items():
        version = service["image"].partition(":")[2]
        assert re.match(r"v?\d+\.\d+", version) or (name in (*OURS, SANDBOX) and "build" in service), service[
            "image"
        ]


def test_mounted_files_exist(root: Path, compose: dict[str, Any], services: Services) -> None:
    mounts = [mount.split(":") for service in services.values() for mount in service.get("volumes", ())]
    files = [mount for mount in mounts if mount[0].startswith("./")]

    assert len(files) == 13
    for source, _, mode in files:
        assert (root / source).is_file() or any((root / source).iterdir())
        assert mode == "ro"
    assert {mount[0] for mount in mounts if mount not in files} == set(compose["volumes"])
    assert ["postgres", "/var/lib/postgresql"] in mounts


def test_everything_that_runs_is_watched_and_started_in_order(services: Services) -> None:
    for name, service in services.items():
        if name in JOBS:
            assert service["restart"] == "no"
        else:
            assert service["restart"] == "unless-stopped"
            assert service["healthcheck"]["test"][0] == "CMD"
        for needed, condition in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if needed in JOBS else "service_healthy"
            assert condition == {"condition": expected}, f"{name} waits for {needed}"


def test_nobody_takes_all_memory_or_fills_the_disk_with_its_log(services: Services) -> None:
    for name, service in services.items():
        limits = service["deploy"]["resources"]["limits"]
        assert {"memory", "pids"} <= limits.keys(), name
        # More than the machine has is refused, and there may be one.
        assert float(limits.get("cpus", 1)) <= 1, name
        assert service["logging"] == {
            "driver": "json-file",
            "options": {"max-size": "10m", "max-file": "5"},
        }, name


def test_backup_is_made_by_the_programs_of_the_servers_version(services: Services) -> None:
    assert services[BACKUP]["image"] == services["postgres"]["image"]


def test_without_our_own_cluster_nobody_waits_for_it(root: Path, services: Services) -> None:
    override = (root / "docker-compose.temporal-cloud.yml").read_text()
    elsewhere = yaml.safe_load(override.replace("!override", ""))["services"]
    away = {name for name, service in elsewhere.items() if "profiles" in service}

    assert away == {name for name in services if name.startswith("temporal")}
    for name in services.keys() - away:
        needs = elsewhere.get(name, {}).get("depends_on") or services[name].get("depends_on", {})
        assert away.isdisjoint(needs), name


def test_scraped_targets_are_listeners_of_these_services_each_replica_for_itself(
    root: Path, services: Services, variables_of_settings: Variables
) -> None:
    config = yaml.safe_load((root / "ops/prometheus/prometheus.yml").read_text())
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    found = {name: job["dns_sd_configs"] for name, job in jobs.items() if "dns_sd_configs" in job}
    override = (root / "docker-compose.balanced.yml").read_text().replace("!reset", "")
    replicas = {
        name
        for name, service in yaml.safe_load(override)["services"].items()
        if "replicas" in service["deploy"]
    }
    temporal_port = services["temporal"]["environment"]["PROMETHEUS_ENDPOINT"].rpartition(":")[2]

    assert found.keys() == replicas == {"api", "worker"}
    for name, variable in (("api", "API_PORT"), ("worker", "WORKER_METRICS_PORT")):
        [dns] = found[name]
        assert (dns["names"], dns["type"]) == ([name], "A")
        assert dns["port"] == variables_of_settings[variable].default
    assert jobs["temporal"]["static_configs"] == [{"targets": [f"temporal:{temporal_port}"]}]
    assert jobs.keys() <= services.keys()


def test_prometheus_finds_the_rules_and_grafana_its_panels(root: Path, services: Services) -> None:
    mounted = {
        target: source
        for name in ("prometheus", "grafana")
        for source, target, *_ in (mount.split(":") for mount in services[name]["volumes"])
    }
    config = yaml.safe_load((root / "ops/prometheus/prometheus.yml").read_text())
    [rules] = config["rule_files"]
    provider = yaml.safe_load((root / "ops/grafana/provisioning/dashboards/italiano.yml").read_text())
    datasource = yaml.safe_load((root / "ops/grafana/provisioning/datasources/prometheus.yml").read_text())

    assert rules == "/etc/prometheus/rules/*.yml"
    assert mounted["/etc/prometheus/rules"] == "./ops/prometheus/rules"
    assert mounted[provider["providers"][0]["options"]["path"]] == "./ops/grafana/dashboards"
    assert datasource["datasources"][0]["url"] == "http://prometheus:9090"
