"""Notes each function of the product that is entered, in the process that has this on its path."""

import os
import sys
import threading
import time
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = f"{Path(__file__).parents[3]}{os.sep}"
OURS = tuple(
    f"{ROOT}{room}{os.sep}"
    for room in ("domain", "workflows", "activities", "payments", "upkeep", "api", "worker", "db", "ops")
)
LOG = os.open(os.environ["ENTERED_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
WHERE: dict[CodeType, str | None] = {}


def _note(frame: FrameType, event: str, _: Any) -> None:
    if event != "call":
        return
    code = frame.f_code
    if code not in WHERE:
        is_ours = code.co_filename.startswith(OURS)
        WHERE[code] = f"{code.co_filename.removeprefix(ROOT)}:{code.co_qualname}" if is_ours else None
    where = WHERE[code]
    if where is not None:
        os.write(LOG, f"{time.monotonic_ns()} {where}\n".encode())


threading.setprofile(_note)
sys.setprofile(_note)
