"""The tests' own stack, shown to commands as the one that runs here."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cli.dev.home import Home
from cli.dev.status import Status
from tests.stack import JWT_SECRET, Stack
from tests.warm_python import run_italiano


@contextmanager
def shown_home(stack: Stack, folder: Path, **changes: Any) -> Iterator[Home]:
    """Keywords are fields of the status that are to be wrong."""
    home = Home(folder)
    status = Status(
        api_url=stack.api_url,
        temporal_address=stack.temporal_address,
        temporal_ui_url="http://127.0.0.1:1",
        metrics_urls=[f"{stack.api_url}/metrics"],
        database_url=stack.database_url,
        webhook_secret=stack.webhook_secret,
        psp_url=stack.psp.url,
        psp_api_key=stack.psp.api_key,
        admin_email="nobody@example.test",
        admin_password="",
        processes={name: part.process.pid for name, part in (("api", stack.api), ("worker", stack.worker))},
    )
    with home.claimed():
        replace(status, **changes).keep(home)
        yield home


def italiano(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    environment = os.environ | {"ITALIANO_HOME": str(home.folder), "JWT_SECRET": JWT_SECRET}
    return run_italiano(*arguments, environment=environment)
