#!/usr/bin/env python3
"""darkwake beside what an analyst would use instead: DuckDB and MovingPandas, on the same file and machine.

run.py [--rows N] [--days N] [--runs N] [--darkwake FILE] [--files FILE.csv…]

Prints a table in markdown, and whether they agree. Each run is a process of its own; files are in memory before, the order
alternates, the median counts. Needs requirements.txt."""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))
import agree  # noqa: E402
import measure  # noqa: E402

# MovingPandas gets the ships of two shares, the larger twice the smaller: the difference tells what a row costs.
SHARE_ROWS = 60_000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3_300_000, help="rows to generate")
    parser.add_argument("--days", type=int, help="days that they are of")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--darkwake", type=Path, default=ROOT / "target/release/darkwake")
    parser.add_argument("--files", nargs="+", type=Path, help="tables of the Danish Maritime Authority (CSV) instead of generated ones")
    return parser.parse_args()


def generate(given, folder):
    """Plain CSV, for DuckDB reads no zip."""
    command = [sys.executable, HERE.parent / "month/make.py", "--format", "aisdk", "--compress", "none", "--out", folder]
    command += ["--rows", str(given.rows)] + (["--days", str(given.days)] if given.days else [])
    subprocess.run(command, check=True)
    return sorted(folder.glob("*.csv"))


def count_rows(files):
    count = 0
    for name in files:
        with open(name, "rb") as file:
            count += sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b"")) - 1
    return count


def cut(files, rows, most, out):
    """All rows of so many ships that about as many rows as wanted come of it; how many there are."""
    every = max(1, round(rows / most))
    count = 0
    with open(out, "w", encoding="utf-8") as share:
        for number, name in enumerate(files):
            with open(name, encoding="utf-8") as file:
                header = next(file)
                share.write(header if number == 0 else "")
                for line in file:
                    fields = line.split(",", 3)
                    if len(fields) == 4 and fields[2].isdigit() and int(fields[2]) % every == 0:
                        share.write(line)
                        count += 1
    return count


def scaled(small, large, counts, rows):
    """By a straight line through both; memory likewise, which it needs all at once."""
    def at(a, b):
        slope = max(0.0, (b - a) / (counts[1] - counts[0]))
        return b + slope * (rows - counts[1])

    return measure.Cost(at(small.wall_s, large.wall_s), at(small.cpu_s, large.cpu_s), int(at(small.peak_bytes, large.peak_bytes)))


def main():
    given = arguments()
    measure.warn_if_busy()
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        folder = Path(folder)
        files = given.files or generate(given, folder)
        rows = count_rows(files)
        shares = [folder / "small.csv", folder / "large.csv"]
        counts = [cut(files, rows, SHARE_ROWS * times, share) for times, share in zip((1, 2), shares)]
        out = {name: folder / name for name in ("duck.json", "small.json", "large.json", "facts.jsonl", "alerts.jsonl", "stats.json")}
        commands = {
            "darkwake": [given.darkwake, "replay", *files, "--format", "aisdk", "--facts", out["facts.jsonl"],
                         "--out", out["alerts.jsonl"], "--stats", out["stats.json"]],
            "duck": [sys.executable, HERE / "duck.py", out["duck.json"], *files],
            "small": [sys.executable, HERE / "moving.py", out["small.json"], shares[0]],
            "large": [sys.executable, HERE / "moving.py", out["large.json"], shares[1]],
        }
        costs = {name: [] for name in commands}
        for number in range(given.runs):
            order = list(commands) if number % 2 == 0 else list(commands)[::-1]
            for name in order:
                measure.read_all(files if name in ("darkwake", "duck") else shares)
                costs[name].append(measure.run(commands[name]))
                cost = costs[name][-1]
                print(f"{name}, run {number + 1} of {given.runs}: {cost.wall_s:.2f} s", file=sys.stderr)
        print(report({name: measure.median(runs) for name, runs in costs.items()}, rows, counts, out))
        print()
        print("\n".join(agree.compare(out["duck.json"], out["facts.jsonl"], files)))


def report(cost, rows, counts, out):
    whole = cost["darkwake"]
    stats = json.loads(out["stats.json"].read_text())
    found = json.loads(out["large.json"].read_text())
    alerts = sum(stats["alerts"].values())

    def row(name, what, cost, count):
        return [f"{name}: {what}", f"{count:,}", f"{cost.wall_s:.1f}", f"{cost.cpu_s:.1f}", f"{cost.peak_bytes / 1e6:,.0f}",
                f"{cost.wall_s / whole.wall_s:.2f}", f"{cost.cpu_s / whole.cpu_s:.2f}"]

    return measure.table(["tool: what it did", "rows", "wall s", "CPU s", "peak MB", "wall to darkwake", "CPU to darkwake"], [
        row("darkwake", f"all of its work: order, copies, jumps, reception, {stats['silences']:,} silences, {stats['visits']:,} visits, "
            f"{stats['hops']:,} hops, {alerts:,} alerts", whole, rows),
        row("DuckDB", "gaps, ports of all reports, runs inside", cost["duck"], rows),
        row("MovingPandas", f"trajectories, gaps, {found['stops']:,} stops; measured", cost["large"], counts[1]),
        row("MovingPandas", "the same, scaled to all rows", scaled(cost["small"], cost["large"], counts, rows), rows),
    ])


if __name__ == "__main__":
    main()
