"""How root starts Postgres, which refuses to run as root."""

import os
import shutil
from pathlib import Path

from cli.dev.stack_error import StackError

NOBODY = 65534  # initdb asks for the user's name: it must be one that every system knows


def step_down_from_root(data: Path) -> list[str]:
    """The command to put before a Postgres program; empty for a normal user.

    Postgres runs as whoever owns its data, at first `nobody`. It keeps one capability, to pass through
    folders that only root may enter, so that no folder of root's has to be opened to others.
    Raises `StackError` where root cannot step down.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StackError(
            "Postgres refuses to run as root and `setpriv` (package util-linux), which lets root step down, "
            "is missing: install it, or run this as a normal user"
        )
    if data.stat().st_uid == 0:
        os.chown(data, NOBODY, NOBODY)
    owner = data.stat()
    return [
        setpriv,
        f"--reuid={owner.st_uid}",
        f"--regid={owner.st_gid}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--",
    ]
