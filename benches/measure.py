"""Runs a command and tells what it took, as the kernel counted it."""
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass


# Load average of the last minute above which it is said that figures suffer.
BUSY = 0.7


@dataclass(frozen=True)
class Cost:
    """Wall and processor time in seconds, the largest resident set in bytes."""
    wall_s: float
    cpu_s: float
    peak_bytes: int


def run(command, environment=None):
    """What the command and the processes it waited for took. Its standard output is thrown away."""
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | (environment or {}))
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"failed with {child.returncode}: {' '.join(map(str, command))}")
    # Linux counts in KB.
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1_024)


def warn_if_busy():
    """Figures of a machine on which others work are worth little."""
    load = os.getloadavg()[0]
    if load > BUSY:
        print(f"the machine is busy (load {load:.1f}): trust the CPU times, not the wall times", file=sys.stderr)


def median(costs):
    """The run in the middle by wall time; the largest memory of all."""
    middle = statistics.median_low(cost.wall_s for cost in costs)
    cost = next(cost for cost in costs if cost.wall_s == middle)
    return Cost(cost.wall_s, cost.cpu_s, max(cost.peak_bytes for cost in costs))


def read_all(paths):
    """Reads files once, so that all who read them after find them in memory."""
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass


def table(heads, rows):
    """As markdown; the first column to the left, figures to the right."""
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
