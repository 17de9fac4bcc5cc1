import json
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

START = """
import logging, structlog, warnings
from ops.logging import configure_logging
logging.getLogger("uvicorn").addHandler(logging.StreamHandler())
logging.getLogger("uvicorn.access").addHandler(logging.StreamHandler())
configure_logging("api", "info")
"""


def lines_of(program: str) -> list[dict[str, Any]]:
    """What a process that configured its logging prints, line by line."""
    finished = subprocess.run(
        [sys.executable, "-c", START + program], capture_output=True, text=True, check=True, timeout=120
    )
    assert finished.stderr == ""
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_a_line_is_one_json_object_with_the_context_of_its_request() -> None:
    [line] = lines_of("""
structlog.contextvars.bind_contextvars(trace_id="t", request_id="r")
structlog.get_logger("api.routes").info("subscription_started", subscription_id=7)
""")

    written_at = datetime.fromisoformat(line.pop("timestamp"))
    assert written_at.utcoffset() == timedelta(0)
    assert line == {
        "event": "subscription_started",
        "level": "info",
        "logger": "api.routes",
        "process": "api",
        "trace_id": "t",
        "request_id": "r",
        "subscription_id": 7,
    }


def test_a_logger_without_a_name_carries_its_module_s() -> None:
    [line] = lines_of('structlog.get_logger().warning("here")')

    assert (line["logger"], line["level"]) == ("__main__", "warning")


def test_nothing_below_the_level_is_written() -> None:
    lines = lines_of("""
structlog.get_logger().debug("ours")
logging.getLogger("temporalio").debug("theirs")
logging.getLogger("httpx2").info("chatter")
""")

    assert lines == []


def test_the_libraries_speak_through_the_same_chain() -> None:
    lines = lines_of("""
structlog.contextvars.bind_contextvars(request_id="r")
logging.getLogger("uvicorn.error").info("Started %s", "server", extra={"color_message": "Started"})
logging.getLogger("alembic.runtime.migration").info("Running upgrade")
warnings.warn("old habits")
""")

    assert [(line["logger"], line["level"], line["request_id"]) for line in lines] == [
        ("uvicorn.error", "info", "r"),
        ("alembic.runtime.migration", "info", "r"),
        ("py.warnings", "warning", "r"),
    ]
    assert lines[0]["event"] == "Started server"
    assert "color_message" not in lines[0]


def test_the_server_s_own_access_log_is_off() -> None:
    [line] = lines_of("""
access = logging.getLogger("uvicorn.access")
access.info("GET /me?token=canary")
structlog.get_logger().info("reaches_a_handler", reaches=access.hasHandlers())
""")

    assert line["reaches"] is False


def test_temporal_details_get_the_names_of_our_own_lines() -> None:
    workflow, activity = lines_of("""
logging.getLogger("temporalio.workflow").info("paid", extra={"temporal_workflow": {
    "attempt": 1, "namespace": "default", "run_id": "run", "task_queue": "billing",
    "workflow_id": "7:key", "workflow_type": "Subscription", "update_name": "cancel"}, "subscription_id": 3})
logging.getLogger("temporalio.activity").info("opened", extra={"temporal_activity": {
    "activity_type": "open_subscription", "attempt": 2, "workflow_id": "7:key", "workflow_run_id": "run",
    "activity_id": "1", "namespace": "default", "task_queue": "billing", "workflow_type": "Subscription"}})
""")

    for line in (workflow, activity):
        del line["timestamp"], line["level"], line["logger"], line["process"]
    shared = {"workflow_id": "7:key", "workflow_type": "Subscription", "run_id": "run"}
    assert workflow == {
        "event": "paid",
        "attempt": 1,
        "update_name": "cancel",
        "subscription_id": 3,
        **shared,
    }
    assert activity == {
        "event": "opened",
        "attempt": 2,
        "activity_type": "open_subscription",
        **shared,
    }


def test_what_a_client_sends_cannot_forge_a_line() -> None:
    hostile = 'x\r\n{"level": "info", "event": "forged"}\u2028\u001b[31m\u0000'
    [line] = lines_of(f"structlog.get_logger().info('seen', sent={hostile!r})")

    assert line["event"] == "seen"
    assert line["sent"] == hostile


def test_control_characters_arrive_escaped() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", START + "logging.getLogger('lib').warning('a\\r\\nb\\x1b[31mc')"],
        capture_output=True,
        check=True,
        timeout=120,
    )

    assert finished.stdout.count(b"\n") == 1
    assert b"\r" not in finished.stdout
    assert b"\x1b" not in finished.stdout


def test_secrets_are_hidden_in_lines_and_tracebacks() -> None:
    lines = lines_of("""
structlog.get_logger().info("login", password="canary", headers={"Authorization": "Bearer canary"})
try:
    raise ValueError("Key (email)=(canary@italiano.example) already exists")
except ValueError:
    structlog.get_logger().exception("failed")
    logging.getLogger("lib").exception("failed")
""")

    assert len(lines) == 3
    assert "canary" not in json.dumps(lines)
    assert all(
        "ValueError: Key (email)=([redacted]) already exists" in line["exception"] for line in lines[1:]
    )
