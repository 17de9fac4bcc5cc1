"""CPU seconds of each process that takes part, and of everything else on the machine."""

import os
from collections.abc import Mapping

import psutil

OTHERS = "others"


class ProcessorTime:
    def __init__(self, processes: Mapping[str, int]) -> None:
        """Process ids by name. What a process has started counts as its own, as Postgres' sessions do."""
        self._processes = {name: psutil.Process(pid) for name, pid in processes.items()}

    def read(self) -> dict[str, float]:
        """Seconds until now, by name."""
        used = {name: _seconds_of(process) for name, process in self._processes.items()}
        machine = psutil.cpu_times()
        return used | {OTHERS: machine.user + machine.nice + machine.system - sum(used.values())}


def _seconds_of(process: psutil.Process) -> float:
    own = process.cpu_times()
    if process.pid == os.getpid():  # the whole stack may be ours, and is counted by name
        return own.user + own.system
    seconds = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        try:
            of_child = child.cpu_times()
        except psutil.NoSuchProcess:  # it has ended, and counts with the ended ones from now on
            continue
        seconds += of_child.user + of_child.system
    return seconds
