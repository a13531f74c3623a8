"""The topology of compose.yaml as processes of one machine: a real broker, ingest, detect twice, serve, and Prometheus with
our rules. Compose's files are used as they are but for names and ports."""

import json
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

from tools import DEPLOY, MADE, ROOT, RULES, Process, Skipped, darkwake, expect, free_port, get, names_in, need, queries, run, until

ROLES = ["ingest", "detect", "detect", "serve"]


class Harbour:
    """A server of lines that can be stopped and started: the source that goes away."""

    def __init__(self):
        self.port = free_port()
        self.stop_it = threading.Event()
        self.thread = None

    def start(self):
        self.stop_it.clear()
        server = socket.create_server(("127.0.0.1", self.port))
        server.settimeout(0.2)
        self.thread = threading.Thread(target=self.serve, args=(server,), daemon=True)
        self.thread.start()

    def serve(self, server):
        clients = []
        with server:
            while not self.stop_it.is_set():
                try:
                    clients.append(server.accept()[0])
                except TimeoutError:
                    pass
                for client in list(clients):
                    try:
                        # A comment is a line too.
                        client.sendall(b"# here\r\n")
                    except OSError:
                        clients.remove(client)
        for client in clients:
            client.close()

    def stop(self):
        self.stop_it.set()
        self.thread.join()


def xtask():
    for path in (os.environ.get("XTASK"), MADE / "debug/xtask", MADE / "release/xtask"):
        if path and Path(path).exists():
            return path
    raise Skipped("needs target/debug/xtask: cargo build --package xtask")


class Prometheus:
    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, path, **words):
        answer = get(f"{self.url}/{path}?{urllib.parse.urlencode(words)}")
        return json.loads(answer)["data"] if answer else None

    def query(self, query):
        answer = self.ask("query", query=query)
        expect(answer is not None, f"Prometheus does not take: {query}")
        return answer["result"]

    def firing(self):
        return {alert["labels"]["alertname"] for alert in self.ask("alerts")["alerts"] if alert["state"] == "firing"}


def configuration(folder, broker, harbour, role, number, port):
    """deploy/config/darkwake.toml with the names and ports of here, and a source that can go away."""
    text = (DEPLOY / "config/darkwake.toml").read_text()
    for before, after in (("kafka:9092", broker), ("0.0.0.0:9464", f"127.0.0.1:{port}"), ("/var/lib/darkwake/", f"{folder}/")):
        expect(before in text, f"config/darkwake.toml has no {before}")
        text = text.replace(before, after)
    source = f'[[live.sources]]\nname = "harbour"\ntype = "tcp"\naddress = "127.0.0.1:{harbour.port}"\n'
    path = Path(folder) / f"{role}-{number}.toml"
    path.write_text(text.replace("[[live.sinks]]", source + "\n[[live.sinks]]", 1))
    return path


def scraping(folder, ports):
    """prometheus.yml and the rules, with targets by address, and every second."""
    text = (DEPLOY / "prometheus/prometheus.yml").read_text()
    targets = "\n".join(f"      - {{ targets: ['127.0.0.1:{port}'], labels: {{ component: {role} }} }}" for role, port in zip(ROLES, ports))
    start, end = text.index("    # Each replica has"), text.index("  - job_name: prometheus")
    text = text[:start] + f"    static_configs:\n{targets}\n"
    text = text.replace("15s", "1s").replace("/etc/prometheus/", f"{folder}/")
    expect("1s" in text and start < end, "prometheus.yml is not as it was")
    Path(folder, "prometheus.yml").write_text(text)
    # What people wait for is not what is looked at here.
    Path(folder, RULES.name).write_text(re.sub(r"\bfor: \d+m", "for: 2s", RULES.read_text()))


def topology(passed):
    need("prometheus", "java", "cargo")
    program, broker_name = darkwake(), "deploy"
    with tempfile.TemporaryDirectory() as folder:
        run(program, "generate", "rajin", "--seed", "1", "--out", f"{folder}/rajin.nmea")
        broker = subprocess.run([xtask(), "kafka", "up", "--name", broker_name, "--while", str(os.getpid())], cwd=ROOT, text=True, capture_output=True)
        expect(broker.returncode == 0, f"no broker: {broker.stderr}")
        try:
            with_broker(passed, program, broker.stdout.strip(), folder)
        finally:
            run(xtask(), "kafka", "down", "--name", broker_name, cwd=ROOT)


def with_broker(passed, program, broker, folder):
    harbour = Harbour()
    harbour.start()
    ports = [free_port() for _ in ROLES]
    processes = []
    try:
        for number, (role, port) in enumerate(zip(ROLES, ports)):
            config = configuration(folder, broker, harbour, role, number, port)
            processes.append(Process(folder, f"{role}-{number}", [program, "run", "--config", config, "--role", role], cwd=folder))
        for role, port, process in zip(ROLES, ports, processes):
            def is_ready(process=process, port=port):
                expect(process.is_up(), f"{process.log.name}: {process.log.read_text()}")
                return get(f"http://127.0.0.1:{port}/readyz") is not None
            until(f"{role} is ready", is_ready, 60)
        passed("ingest, detect, detect and serve are ready, with deploy/config/darkwake.toml")
        scraping(folder, ports)
        port = free_port()
        command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"]
        processes.append(Process(folder, "prometheus", command))
        prometheus = Prometheus(port)
        until("Prometheus answers", lambda: prometheus.ask("query", query="1"), 30)
        looks(passed, prometheus, harbour, processes, ports)
    finally:
        for process in processes:
            process.__exit__()
        harbour.stop_it.set()


def looks(passed, prometheus, harbour, processes, ports):
    until("all targets are up", lambda: len(prometheus.query('up{job="darkwake"} == 1')) == len(ROLES), 30)
    passed(f"Prometheus scrapes {len(ROLES)} targets")
    used = set().union(names_in(RULES.read_text()), *(names_in(query) for _, query in queries()))

    def missing():
        return {name for name in used if not prometheus.query(f'count({{__name__="{name}"}})')}
    until(f"all metrics that are named have samples: {missing()}", lambda: not missing(), 120)
    passed(f"{len(used)} names in rules and dashboards have samples")

    def without_answer():
        result = []
        for where, query in queries():
            for variable, value in (("$namespace", ".*"), ("$source", ".*"), ("$__rate_interval", "30s"), ("$__range", "5m")):
                query = query.replace(variable, value)
            if not prometheus.query(query):
                result.append(where)
        return result
    until(f"all panels show something: {without_answer()}", lambda: not without_answer(), 60)
    passed(f"{len(list(queries()))} queries of dashboards show something")
    groups = prometheus.ask("rules")["groups"]
    broken = [rule["name"] for group in groups for rule in group["rules"] if rule["health"] != "ok"]
    expect(groups and not broken, f"rules that cannot be evaluated: {broken}")
    passed(f"{sum(len(group['rules']) for group in groups)} rules are evaluated")
    until(f"no alert fires, but {prometheus.firing()}", lambda: not prometheus.firing(), 60)
    passed("no alert fires")

    harbour.stop()
    began = time.monotonic()
    until("DarkwakeSourceDown fires", lambda: "DarkwakeSourceDown" in prometheus.firing(), 60)
    texts = [alert["annotations"] for alert in prometheus.ask("alerts")["alerts"] if alert["labels"]["alertname"] == "DarkwakeSourceDown"]
    expect("harbour" in texts[0]["summary"] and "error" not in str(texts), f"{texts}")
    passed(f"a source goes: DarkwakeSourceDown fires after {time.monotonic() - began:.0f} s: \"{texts[0]['summary']}\"")
    harbour.start()
    began = time.monotonic()
    until("DarkwakeSourceDown clears", lambda: "DarkwakeSourceDown" not in prometheus.firing(), 90)
    passed(f"it returns: the alert clears after {time.monotonic() - began:.0f} s")

    partitions = 'sum(darkwake_active{role="detect"})'
    owned = prometheus.query(partitions)[0]["value"][1]
    processes[1].kill()
    began = time.monotonic()
    until("DarkwakeDown fires", lambda: "DarkwakeDown" in prometheus.firing(), 60)
    until("the other detect takes over", lambda: prometheus.query(partitions + " and on () up{component='detect'} == 1")
          and prometheus.query(partitions)[0]["value"][1] == owned, 120)
    passed(f"one detect is killed: DarkwakeDown fires, and the other has all {owned} partitions after {time.monotonic() - began:.0f} s")
    memory = []
    for role, process in zip(ROLES, processes):
        if process.is_up():
            status = Path(f"/proc/{process.child.pid}/status").read_text()
            peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1])
            memory.append(f"{role} {peak >> 10} MB")
    passed("most memory: " + ", ".join(memory))
