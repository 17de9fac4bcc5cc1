"""What a stack leaves behind when it is killed with -9: processes that nobody looks after any more."""

import contextlib
import json
import time
from pathlib import Path

import psutil

SAME_START_SECONDS = 2.0
PATIENCE_SECONDS = 5.0
GLANCE_SECONDS = 0.02


def stop_leftovers(logs: Path) -> list[str]:
    """Ends them, the last started first, and returns their names."""
    stopped: list[str] = []
    for pid_file, process, stop_signal in sorted(_leftovers(logs), key=_start, reverse=True):
        end_process(process, stop_signal)
        pid_file.unlink(missing_ok=True)
        stopped.append(pid_file.stem)
    return stopped


Leftover = tuple[Path, psutil.Process, int]


def _start(leftover: Leftover) -> float:
    started_at: float = leftover[1].create_time()
    return started_at


def _leftovers(logs: Path) -> list[Leftover]:
    found: list[Leftover] = []
    for pid_file in logs.glob("*.pid"):
        try:
            identity = json.loads(pid_file.read_text())
            process = psutil.Process(identity["pid"])
            # Process ids are used again: one that started at another moment is somebody else's.
            if abs(process.create_time() - identity["started_at"]) < SAME_START_SECONDS:
                found.append((pid_file, process, identity["stop_signal"]))
        except (psutil.Error, ValueError):  # it has ended, or the file was being written when the power went
            pid_file.unlink()
    return found


def end_process(process: psutil.Process, stop_signal: int) -> None:
    """Asks it to end, then makes it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(stop_signal)
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not _has_ended(process):
        if time.monotonic() > give_up_at:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(GLANCE_SECONDS)


def _has_ended(process: psutil.Process) -> bool:
    """A zombie has: where nobody reaps orphans, as in a plain container, it stays one for ever."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
