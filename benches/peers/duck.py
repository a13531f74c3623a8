#!/usr/bin/env python3
"""Gaps and port visits with DuckDB, as an analyst asks for them: lag() over each ship's reports, a spatial join of all
reports with the ports, and runs of reports inside.

duck.py OUT.json FILE.csv…"""
import json
import math
import sys
from pathlib import Path

import duckdb
import duckdb_extension_spatial

PORTS = Path(__file__).resolve().parents[2] / "config/ports"
EARTH_M = 6_371_008.8
CORNERS = 64
COLUMNS = ["Timestamp", "Type of mobile", "MMSI", "Latitude", "Longitude", "Navigational status", "ROT", "SOG", "COG", "Heading",
           "IMO", "Callsign", "Name", "Ship type", "Cargo type", "Width", "Length", "Type of position fixing device", "Draught",
           "Destination", "ETA", "Data source type", "Size A", "Size B", "Size C", "Size D"]
REPORTS = """
CREATE TEMP TABLE reports AS
SELECT mmsi, t, lon, lat, sog, row_number() OVER (PARTITION BY mmsi ORDER BY t) AS n FROM (
    SELECT TRY_CAST("MMSI" AS INTEGER) AS mmsi, TRY_STRPTIME("Timestamp", '%d/%m/%Y %H:%M:%S') AS t,
        TRY_CAST("Longitude" AS DOUBLE) AS lon, TRY_CAST("Latitude" AS DOUBLE) AS lat, TRY_CAST("SOG" AS FLOAT) AS sog
    FROM read_csv($files, header = true, auto_detect = false, delim = ',', quote = '', escape = '', columns = $columns,
        ignore_errors = true)
    WHERE "Type of mobile" IN ('Class A', 'Class B'))
WHERE mmsi BETWEEN 200_000_000 AND 799_999_999 AND abs(lon) <= 180 AND abs(lat) <= 90 AND (abs(lon) >= 0.01 OR abs(lat) >= 0.01)
"""
GAPS = """
CREATE TEMP TABLE gaps AS
SELECT mmsi, before, t FROM (SELECT mmsi, t, lag(t) OVER (PARTITION BY mmsi ORDER BY t) AS before FROM reports)
WHERE t - before >= INTERVAL 30 MINUTE
"""
# A visit is at least two reports of a ship inside one port with none outside between them.
VISITS = """
CREATE TEMP TABLE visits AS
SELECT mmsi, port, min(t) AS first, max(t) AS last, count(*) AS reports FROM (
    SELECT mmsi, port, t, n - row_number() OVER (PARTITION BY mmsi, port ORDER BY n) AS run
    FROM reports JOIN ports ON ST_Intersects(ports.shape, ST_Point(reports.lon, reports.lat)))
GROUP BY mmsi, port, run HAVING count(*) >= 2
"""


def circle(lon, lat, radius_m):
    """A polygon of equal area would be a little larger; here all corners lie on the circle."""
    ring = []
    for corner in range(CORNERS):
        bearing = math.tau * corner / CORNERS
        north = math.degrees(radius_m / EARTH_M) * math.cos(bearing)
        east = math.degrees(radius_m / EARTH_M) * math.sin(bearing) / math.cos(math.radians(lat))
        ring.append([round(lon + east, 6), round(lat + north, 6)])
    return {"type": "Polygon", "coordinates": [ring + ring[:1]]}


def ports():
    """Ids and polygons of the built-in port files; an area replaces the circles it names."""
    areas = json.loads((PORTS / "areas.geojson").read_text())["features"]
    replaced = {f"WPI{number:05}" for area in areas for number in area["properties"]["wpi"]}
    found = [(area["properties"]["id"], json.dumps(area["geometry"])) for area in areas]
    for point in json.loads((PORTS / "wpi.geojson").read_text())["features"]:
        known = point["properties"]
        if known["id"] not in replaced:
            shape = circle(*point["geometry"]["coordinates"], known["radius_km"] * 1_000)
            found.append((known["id"], json.dumps(shape)))
    return found


def main():
    out, files = sys.argv[1], sys.argv[2:]
    base = duckdb.connect()
    # The extension as DuckDB signed it, from the package and not from the network.
    base.load_extension(str(next(Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension"))))
    base.execute("CREATE TEMP TABLE texts (id VARCHAR, shape VARCHAR)")
    base.executemany("INSERT INTO texts VALUES (?, ?)", ports())
    base.execute("CREATE TEMP TABLE ports AS SELECT id AS port, ST_GeomFromGeoJSON(shape) AS shape FROM texts")
    base.execute(REPORTS, {"files": files, "columns": {name: "VARCHAR" for name in COLUMNS}})
    base.execute(GAPS)
    base.execute(VISITS)
    said = {
        "reports": base.execute("SELECT count(*) FROM reports").fetchone()[0],
        "gaps": base.execute("SELECT mmsi, epoch_ms(before), epoch_ms(t) FROM gaps ORDER BY ALL").fetchall(),
        "visits": base.execute("SELECT mmsi, port, epoch_ms(first), epoch_ms(last) FROM visits ORDER BY ALL").fetchall(),
    }
    Path(out).write_text(json.dumps(said))


if __name__ == "__main__":
    main()
