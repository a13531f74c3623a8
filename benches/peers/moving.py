#!/usr/bin/env python3
"""Gaps and stops with MovingPandas: trajectories, split where nothing was heard for 30 min, and the stops in each.

moving.py OUT.json FILE.csv…"""
import json
import os
import sys
import warnings
from datetime import timedelta
from pathlib import Path

import movingpandas
import pandas

# The splitter wants more than the gap, and the times are whole seconds.
GAP = timedelta(minutes=30) - timedelta(seconds=1)
# A stop as darkwake has it: 15 min within 500 m of a report.
STOP = {"max_diameter": 1_000, "min_duration": timedelta(minutes=15)}
COLUMNS = ["# Timestamp", "Type of mobile", "MMSI", "Latitude", "Longitude", "SOG"]


def read(file):
    rows = pandas.read_csv(file, usecols=COLUMNS, on_bad_lines="skip", dtype={"MMSI": "Int64"})
    rows = rows[rows["Type of mobile"].isin(["Class A", "Class B"]) & rows["MMSI"].between(200_000_000, 799_999_999)]
    rows = rows[rows["Latitude"].abs().le(90) & rows["Longitude"].abs().le(180) & rows["Latitude"].abs().ge(0.01)]
    times = pandas.to_datetime(rows["# Timestamp"], format="%d/%m/%Y %H:%M:%S")
    return rows.assign(t=times).drop(columns=["# Timestamp", "Type of mobile"])


def main():
    warnings.filterwarnings("ignore")
    out, files = sys.argv[1], sys.argv[2:]
    rows = pandas.concat([read(file) for file in files]).drop_duplicates(["MMSI", "t"])
    processes = os.cpu_count()
    whole = movingpandas.TrajectoryCollection(rows, "MMSI", t="t", x="Longitude", y="Latitude")
    pieces = movingpandas.ObservationGapSplitter(whole).split(gap=GAP, n_processes=processes)
    stops = movingpandas.TrajectoryStopDetector(pieces, n_processes=processes).get_stop_time_ranges(**STOP)
    # Pieces of a single report are dropped by the splitter.
    said = {"reports": len(rows), "ships": len(whole), "pieces": len(pieces), "stops": len(stops)}
    Path(out).write_text(json.dumps(said))


if __name__ == "__main__":
    main()
