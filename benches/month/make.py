#!/usr/bin/env python3
"""Makes a month of a national feed, or a part of one: ships on their ways between ports of the Danish straits and the Baltic.

make.py --rows 100_000_000 --format aisdk|noaa|nmea|parquet (--out DIR | --stdout) [--days N] [--ships N] [--seed N]
        [--compress none|gz|zst|zip]

One file a day, hour by hour in bounded memory. The same options give the same rows. Needs requirements.txt."""
import argparse
import gzip
import sys
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reports import ROWS_A_REPORT, Hours
from sentences import Nmea
from ships import Fleet
from tables import Aisdk, Noaa, Parquet

FORMATS = {"aisdk": Aisdk, "noaa": Noaa, "nmea": Nmea, "parquet": Parquet}
# As they are published; a Parquet file is compressed inside.
COMPRESSIONS = {"aisdk": "zip", "noaa": "zst", "nmea": "zst", "parquet": "none"}
# A month of a national feed has so many rows a day.
ROWS_A_DAY, MONTH_DAYS = 100_000_000 / 30, 30
# What a place in the traffic sends a day, and the share of places that are taken by ships that pass.
ROWS_A_PLACE_AND_DAY, PASSING = 3_900, 0.45
FASTEST = 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000_000, help="rows, to within the last ship's")
    parser.add_argument("--format", choices=FORMATS, required=True)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, help="folder for the files")
    where.add_argument("--stdout", action="store_true", help="all days one after another, uncompressed; not Parquet")
    parser.add_argument("--days", type=int, help="days that the rows are of; as many as keep the traffic of a month by default")
    parser.add_argument("--ships", type=int, help="about so many ships at most: those that pass come again")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compress", choices=("none", "gz", "zst", "zip"), help="as it is published by default")
    given = parser.parse_args()
    if given.stdout and given.format == "parquet":
        parser.error("Parquet is no stream: give --out")
    if given.format == "parquet" and given.compress not in (None, "none"):
        parser.error("Parquet files are compressed inside: leave --compress out")
    given.days = given.days or min(MONTH_DAYS, max(1, round(given.rows / ROWS_A_DAY)))
    return given


@contextmanager
def day_file(folder, name, form, compression):
    """What takes the pieces of one day."""
    path = folder / f"{name}.{form.ending}"
    if form.ending == "parquet":
        with ParquetFile(path) as file:
            yield file.write
    elif compression == "zip":
        with zipfile.ZipFile(f"{folder / name}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=FASTEST) as archive:
            with archive.open(path.name, "w", force_zip64=True) as file:
                yield file.write
    elif compression == "gz":
        with gzip.open(f"{path}.gz", "wb", compresslevel=FASTEST) as file:
            yield file.write
    elif compression == "zst":
        with pa.CompressedOutputStream(f"{path}.zst", "zstd") as file:
            yield file.write
    else:
        with path.open("wb") as file:
            yield file.write


class ParquetFile:
    """A file whose form is known with the first piece."""

    def __init__(self, path):
        self.path, self.writer = path, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.writer:
            self.writer.close()

    def write(self, table):
        self.writer = self.writer or pq.ParquetWriter(self.path, table.schema, compression="snappy")
        self.writer.write_table(table)


def rotation(given):
    """How many ships take turns in a place; without a limit each is new."""
    if not given.ships:
        return given.rows
    places = max(1.0, given.rows / (ROWS_A_PLACE_AND_DAY * given.days))
    return max(2, round((given.ships - (1 - PASSING) * places) / (PASSING * places)))


def main():
    given, began = arguments(), time.monotonic()
    month = Fleet(given.days, given.seed, rotation(given)).build(given.rows / ROWS_A_REPORT)
    hours, form = Hours(month, given.seed), FORMATS[given.format](month)
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
    else:
        sys.stdout.buffer.write(form.header)
    rows = 0
    for day in range(given.days):
        if given.stdout:
            rows += write_day(hours, form, day, sys.stdout.buffer.write)
        else:
            with day_file(given.out, form.name(day), form, given.compress or COMPRESSIONS[given.format]) as write:
                if form.header:
                    write(form.header)
                rows += write_day(hours, form, day, write)
    took = time.monotonic() - began
    print(f"{rows:,} reports of {len(month.ships):,} ships and stations in {given.days} days, {took:.1f} s, {rows / took:,.0f} a second",
          file=sys.stderr)


def write_day(hours, form, day, write):
    rows = 0
    for hour in range(24 * day, 24 * day + 24):
        reports = hours.hour(hour)
        if len(reports):
            write(form.encode(reports))
            rows += len(reports)
    return rows


if __name__ == "__main__":
    main()
