"""What the checks share: how they report, run programs, and wait."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus/darkwake.rules.yaml"
MADE = ROOT / "target"


class Failed(Exception):
    """What was expected is not so."""


class Skipped(Exception):
    """It cannot be looked at on this machine."""


def expect(is_so, why):
    if not is_so:
        raise Failed(why)


def need(*programs):
    for program in programs:
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise Skipped(f"needs {program}")


def need_root():
    if os.geteuid() != 0:
        raise Skipped("needs root")


def darkwake():
    """The program: $DARKWAKE, or what was built last."""
    path = Path(os.environ.get("DARKWAKE", MADE / "release/darkwake")).resolve()
    if not path.exists():
        raise Skipped("needs the program: build it, or give its path as DARKWAKE")
    return path


def run(*command, **options):
    """Runs it and returns what it prints; fails with that if it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    expect(done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


def until(what, test, seconds):
    """Asks until the answer is true; the answer."""
    end = time.monotonic() + seconds
    while True:
        answer = test()
        if answer:
            return answer
        expect(time.monotonic() < end, f"not so within {seconds} s: {what}")
        time.sleep(0.1)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def get(url):
    """The answer's body, or nothing if there is no good one."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, OSError):
        return None


class Process:
    """A program of ours, which ends with the check. What it says goes to a file."""

    def __init__(self, folder, name, command, **options):
        self.log = Path(folder) / f"{name}.log"
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)

    def is_up(self):
        return self.child.poll() is None

    def kill(self):
        self.child.kill()
        self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_up():
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


def names_in(text):
    """Metrics that queries name."""
    return set(re.findall(r"\bdarkwake[_:][a-z0-9_:]*[a-z0-9]", text))


def samples(text):
    """Name, labels and value of each sample of /metrics."""
    for line in text.splitlines():
        found = re.fullmatch(r"([a-z0-9_:]+)(?:\{(.*)\})? (\S+)", line)
        if found:
            yield found[1], dict(re.findall(r'(\w+)="([^"]*)"', found[2] or "")), float(found[3])


def family(name):
    """A histogram has three names in queries."""
    return re.sub(r"_seconds_(bucket|sum|count)$", "_seconds", name)


def dashboards():
    return {path.name: json.loads(path.read_text()) for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json"))}


def queries():
    """All queries of all dashboards, with where they are."""
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}", target["expr"]
