"""The image, built and run by an engine of its own; and a pod of the chart."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tools import DEPLOY, MADE, Failed, Process, Skipped, darkwake, expect, get, need, need_root, run, samples, until

# What may lie on the base.
MOST_BYTES = 40_000_000
BASE = MADE / "deploy-base.tar"
PORT = 9464


@contextlib.contextmanager
def engine():
    """A Docker engine that nothing else uses: no bridge, no firewall rules, its data below a folder that goes with it."""
    need_root()
    need("dockerd", "docker", "mmdebstrap", "strip")
    # The names of sockets may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="darkwake-deploy-", dir="/tmp"))
    host = f"unix://{folder}/socket"
    command = ["dockerd", "--bridge=none", "--iptables=false", "--ip6tables=false", f"--host={host}", f"--data-root={folder}/data",
               f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
    environment = {**os.environ, "DOCKER_HOST": host, "DOCKER_BUILDKIT": "0", "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    try:
        with Process(folder, "dockerd", command, env=environment) as daemon:
            def docker(*words):
                return run("docker", *words, env=environment).strip()

            def is_there():
                if not daemon.is_up():
                    raise Skipped("dockerd does not run here: " + daemon.log.read_text().strip().splitlines()[-1])
                return subprocess.run(["docker", "version"], env=environment, capture_output=True).returncode == 0
            until("dockerd answers", is_there, 60)
            yield docker, folder
            containers = docker("ps", "--all", "--quiet").split()
            if containers:
                docker("rm", "--force", "--volumes", *containers)
    finally:
        # Engines leave some behind; what is mounted cannot be removed. Later ones may lie in earlier ones.
        mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for place in reversed([place for place in mounted if place.startswith(f"{folder}/")]):
            subprocess.run(["umount", place])
        shutil.rmtree(folder)


def codename():
    words = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return words.get("VERSION_CODENAME", "stable").strip('"')


def base():
    """What the official slim image is, of the Debian on which the program was built; made once."""
    if not BASE.exists():
        part = BASE.with_suffix(".part.tar")
        options = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "man", "locale", "info")]
        run("mmdebstrap", "--quiet", "--variant=minbase", *options, codename(), part)
        part.rename(BASE)
    return BASE


def build(docker, folder):
    """The stage `prebuilt`, of this program; the image, its own bytes and what it is called."""
    docker("import", base(), "darkwake-base")
    context = folder / "context"
    (context / "target/release").mkdir(parents=True)
    run("strip", "-o", context / "target/release/darkwake", darkwake())
    # mkdir and strip obey the umask of whoever runs this.
    (context / "target/release/darkwake").chmod(0o755)
    docker("build", "--network", "host", "--file", DEPLOY / "Dockerfile", "--target", "prebuilt", "--build-arg", "BASE_IMAGE=darkwake-base",
           "--tag", "darkwake:test", context)
    size = [int(json.loads(docker("image", "inspect", image))[0]["Size"]) for image in ("darkwake:test", "darkwake-base")]
    return size[0] - size[1]


def metric(name):
    return sum(value for of, _, value in samples(get(f"http://127.0.0.1:{PORT}/metrics") or "") if of == name)


def image(passed):
    with engine() as (docker, folder):
        own = build(docker, folder)
        expect(own < MOST_BYTES, f"own layers have {own} bytes")
        passed(f"prebuilt is built; own layers {own / 1e6:.1f} MB")
        inspected = json.loads(docker("image", "inspect", "darkwake:test"))[0]["Config"]
        labels = [label for label in inspected["Labels"] if label.startswith("org.opencontainers.image.")]
        expect(inspected["User"] == "10001:10001" and len(labels) >= 5 and inspected["StopSignal"] == "SIGTERM", f"{inspected}")
        passed(f"user {inspected['User']}, {len(labels)} OCI labels")
        with socket.socket() as taken:
            if taken.connect_ex(("127.0.0.1", PORT)) == 0:
                raise Skipped(f"port {PORT} is in use, so the image cannot be run")
        runs(passed, docker, folder)


def runs(passed, docker, folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        lines = taken.getsockname()[1]
    config = folder / "darkwake.toml"
    config.write_text(f"""
        [live]
        state = "/var/lib/darkwake/state"
        snapshot_interval = "1s"
        sources = [{{ name = "lines", type = "tcp-listen", address = "127.0.0.1:{lines}" }}]
        sinks = [{{ type = "file", path = "/var/lib/darkwake/alerts.jsonl" }}]
        [serve]
        listen = "127.0.0.1:{PORT}"
        store = "/var/lib/darkwake/page.db"
        """)
    config.chmod(0o644)
    docker("run", "--detach", "--name", "darkwake", "--network", "host", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
           "--tmpfs", "/tmp", "--volume", f"{config}:/etc/darkwake/darkwake.toml:ro", "darkwake:test")

    def state():
        state = json.loads(docker("inspect", "darkwake"))[0]["State"]
        expect(state["Running"], f"it ended with {state['ExitCode']}: {docker('logs', 'darkwake')}")
        return state
    until("it is healthy", lambda: state()["Health"]["Status"] == "healthy", 60)
    passed("healthy, by its own HEALTHCHECK")
    uid = [line for line in Path(f"/proc/{state()['Pid']}/status").read_text().splitlines() if line.startswith(("Uid:", "CapEff:"))]
    expect(uid[0].split()[1:] == ["10001"] * 4 and int(uid[1].split()[1], 16) == 0, f"{uid}")
    passed("uid 10001, no capabilities")
    for path, is_writable in (("/x", False), ("/usr/local/bin/x", False), ("/var/lib/darkwake/x", True)):
        try:
            docker("exec", "darkwake", "touch", path)
            expect(is_writable, f"{path} can be written")
        except Failed:
            expect(not is_writable, f"{path} cannot be written")
    passed("its root is read-only, /var/lib/darkwake is not")

    feed = folder / "feed.nmea"
    run(darkwake(), "generate", "harbour", "--out", feed)
    with socket.create_connection(("127.0.0.1", lines)) as sender:
        sender.sendall(b"".join(feed.read_bytes().splitlines(keepends=True)[:20_000]))
        ships = until("it knows ships", lambda: metric("darkwake_ships"), 30)
        begun = time.time()
        until("it has a snapshot", lambda: metric("darkwake_snapshot_timestamp_seconds") > begun + 1, 30)
        ships = metric("darkwake_ships")
    docker("kill", "--signal", "KILL", "darkwake")
    until("it is dead", lambda: not json.loads(docker("inspect", "darkwake"))[0]["State"]["Running"], 10)
    docker("start", "darkwake")
    until(f"it knows its {ships:.0f} ships again", lambda: state() and metric("darkwake_ships") == ships, 30)
    passed(f"after kill -9 and a start it knows its {ships:.0f} ships again, with nothing sent")
    until("it is healthy again", lambda: state()["Health"]["Status"] == "healthy", 60)
    began = time.monotonic()
    docker("stop", "--time", "20", "darkwake")
    took = time.monotonic() - began
    code = json.loads(docker("inspect", "darkwake"))[0]["State"]["ExitCode"]
    expect(took < 10 and code == 130, f"SIGTERM: code {code} after {took:.1f} s")
    passed(f"SIGTERM ends it with 130 in {took:.1f} s")


def pod(passed, render, yaml):
    """A deployment of the chart as podman plays it: its arguments, mounts, user and read-only root are as it needs them."""
    need_root()
    need("podman", "runc", "catatonit")
    with engine() as (docker, folder):
        build(docker, folder)
        archive = folder / "image.tar"
        docker("save", "--output", archive, "darkwake:test")
        # Its own defaults are more than a container may have that may have no more.
        (folder / "containers.conf").write_text('[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n')
        environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}

        def podman(*words):
            return run("podman", "--root", folder / "pod/root", "--runroot", folder / "pod/run", "--tmpdir", folder / "pod/tmp", "--runtime",
                       shutil.which("runc", path=os.environ["PATH"] + ":/usr/sbin"), "--cgroup-manager", "cgroupfs", "--events-backend",
                       "file", *words, env=environment, cwd=folder).strip()
        try:
            podman("load", "--quiet", "--input", archive)
            podman("run", "--rm", "--network", "none", "--no-healthcheck", "darkwake:test", "--version")
        except Failed as why:
            raise Skipped(f"podman does not run containers here: {str(why).strip().splitlines()[-1]}") from why
        plays(passed, podman, folder, render, yaml)


def plays(passed, podman, folder, render, yaml):
    # Brokers that are not there: it is healthy and not ready.
    config = '[live]\nlog = "kafka"\n[kafka]\nbrokers = "127.0.0.1:1"\n[serve]\nlisten = "127.0.0.1:9464"\nstore = "/var/lib/darkwake/page.db"\n'
    rendered = folder / "all.yaml"
    rendered.write_text(render({"image": {"repository": "localhost/darkwake", "tag": "test"}, "config": config}, folder))
    wanted = [manifest for manifest in yaml(rendered) if manifest and (
        manifest["kind"] == "ConfigMap" or manifest["kind"] == "Deployment" and manifest["metadata"]["name"].endswith("-serve"))]
    expect(len(wanted) == 2, "the chart has no deployment of serve, or no configuration")
    container = next(manifest for manifest in wanted if manifest["kind"] == "Deployment")["spec"]["template"]["spec"]["containers"][0]
    # podman would open the port on all addresses of this machine, and needs systemd for probes.
    for key in ("ports", "livenessProbe", "readinessProbe"):
        del container[key]
    file = folder / "serve.yaml"
    file.write_text("\n---\n".join(json.dumps(manifest) for manifest in wanted))
    try:
        podman("play", "kube", "--build=false", "--network", "none", file)
        name = next(name for name in podman("ps", "--format", "{{.Names}}").split() if name.endswith("-darkwake"))

        def asked(path):
            try:
                return podman("exec", name, "darkwake", "health", f"http://127.0.0.1:{PORT}{path}")
            except Failed as why:
                return str(why)
        until("/healthz is 200", lambda: "ended with" not in asked("/healthz"), 30)
        expect("503" in asked("/readyz"), f"/readyz without brokers: {asked('/readyz')}")
        passed("podman plays the deployment of serve: healthy, and not ready without brokers")
        status = podman("exec", name, "cat", "/proc/1/status")
        found = dict(re.findall(r"^(Uid|CapBnd|NoNewPrivs|Seccomp):\s+(\w+)", status, re.M))
        expect(found == {"Uid": "10001", "CapBnd": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}, f"{found}")
        passed("uid 10001, no capabilities, no new privileges, seccomp")
    finally:
        podman("play", "kube", "--down", file)
