#!/usr/bin/env python3
"""How fast darkwake replays a month of a national feed in each format, and in how much memory.

run.py [--rows 100_000_000] [--formats aisdk,noaa,nmea,parquet] [--days N] [--runs N] [--darkwake FILE] [--folder DIR]

Prints a table in markdown; exit 1 if a replay takes more than 2 GB. One format at a time is on disk: a month of 100 million
rows takes up to 7 GB, and one or two more while its days are sorted. Needs requirements.txt."""
import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))
import measure  # noqa: E402

FORMATS = ("aisdk", "noaa", "nmea", "parquet")
MOST_BYTES = 2 << 30


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--formats", type=lambda text: text.split(","), default=list(FORMATS))
    parser.add_argument("--days", type=int)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--darkwake", type=Path, default=ROOT / "target/release/darkwake")
    parser.add_argument("--folder", type=Path, help="where the files may lie for a while; that for temporary files by default")
    return parser.parse_args()


def reads(darkwake):
    """The formats that this darkwake knows."""
    told = subprocess.run([darkwake, "replay", "--help"], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"^\s+- (\w+):", told, re.MULTILINE))


def one(form, given):
    """Generates, replays and deletes; the cost, the size of the files, and the statistics."""
    with tempfile.TemporaryDirectory(prefix="month-", dir=given.folder) as folder:
        folder = Path(folder)
        feed, stats = folder / "feed", folder / "stats.json"
        make = [sys.executable, HERE / "make.py", "--rows", str(given.rows), "--format", form, "--out", feed]
        subprocess.run(make + (["--days", str(given.days)] if given.days else []), check=True)
        files = sorted(feed.iterdir())
        replay = [given.darkwake, "replay", feed, "--format", form, "--stats", stats, "--facts", folder / "facts.jsonl",
                  "--out", folder / "alerts.jsonl"]
        costs = []
        for _ in range(given.runs):
            measure.read_all(files)
            # What is sorted is spilled where the files are, not to a temporary folder that may be memory.
            costs.append(measure.run(replay, {"TMPDIR": str(folder)}))
        size = sum(file.stat().st_size for file in files)
        return measure.median(costs), size, json.loads(stats.read_text())


def main():
    given = arguments()
    measure.warn_if_busy()
    known, rows, heaviest = reads(given.darkwake), [], 0
    for form in given.formats:
        if form not in known:
            rows.append([form, "not read by this darkwake"] + [""] * 9)
            continue
        cost, size, stats = one(form, given)
        heaviest = max(heaviest, cost.peak_bytes)
        rows.append([
            form, f"{size / 1e6:,.0f}", f"{stats['lines']:,}", f"{cost.wall_s:.1f}", f"{cost.cpu_s:.1f}",
            f"{stats['lines'] / cost.wall_s:,.0f}", f"{cost.peak_bytes / 1e6:,.0f}", f"{stats['silences']:,}", f"{stats['visits']:,}",
            f"{stats['hops']:,}", f"{sum(stats['alerts'].values()):,}"])
    print(measure.table(
        ["format", "MB on disk", "lines", "wall s", "CPU s", "lines/s", "peak MB", "silences", "visits", "hops", "alerts"], rows))
    if heaviest > MOST_BYTES:
        sys.exit(f"a replay took {heaviest / 1e9:.2f} GB; at most {MOST_BYTES / 1e9:.2f} GB are allowed")


if __name__ == "__main__":
    main()
