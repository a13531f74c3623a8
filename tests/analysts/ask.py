"""Runs every block of ANALYSTS.md in a folder with alerts, facts and tracks, and looks at what comes of it.

    python3 tests/analysts/ask.py ANALYSTS.md FOLDER
"""

import json
import os
import re
import sys

import duckdb
import geopandas
import pyarrow.parquet

# The same in both: what a row of the Parquet file must say of an alert.
PLAIN = ["id", "revision", "kind", "status", "grade", "cause", "score", "severity", "explain"]


def blocks(text):
    """(heading, language, code) of each block."""
    heading = ""
    for match in re.finditer(r"^## ([^\n]*)$|^```(sql|python)\n(.*?)^```$", text, re.M | re.S):
        if match.group(1):
            heading = match.group(1)
        else:
            yield heading, match.group(2), match.group(3)


def check_rows():
    """Every revision is there, with its evidence, its candidates and its place."""
    rows = pyarrow.parquet.read_table("alerts.parquet").to_pylist()
    with open("alerts.jsonl", encoding="utf-8") as lines:
        alerts = [json.loads(line) for line in lines]
    assert len(rows) == len(alerts) > 100, (len(rows), len(alerts))
    for row, alert in zip(rows, alerts):
        assert {key: row[key] for key in PLAIN} == {key: alert[key] for key in PLAIN}, (row, alert)
        assert int(row["at"].timestamp() * 1000) == alert["at"]
        told = [(piece["what"], piece["value"], piece["why"]) for piece in alert["evidence"]]
        found = [(piece["what"], json.loads(piece["value"]), piece["why"]) for piece in row["evidence"]]
        assert found == told, alert["id"]
        ports = [(one["port"], one["p"]) for one in alert["ports"].get("candidates", [])]
        assert [(one["port"], one["p"]) for one in row["candidates"] or []] == ports
        assert (row["geometry"] is None) == (alert["where"] is None)
    geo = json.loads(pyarrow.parquet.read_metadata("alerts.parquet").metadata[b"geo"])
    assert geo["columns"]["geometry"]["encoding"] == "WKB", geo


def flat(fact):
    """A fact as a row: what is in braces is a column each."""
    row = {}
    for key, value in fact.items():
        parts = value if isinstance(value, dict) else {"": value}
        row |= {f"{key}_{part}" if part else key: inner for part, inner in parts.items() if inner is not None}
    return row


def plain(value):
    """A value of a table as JSON has it."""
    if hasattr(value, "timestamp"):
        return round(value.timestamp() * 1000)
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return value


def check_facts():
    """Every fact is there with all that its line has, and a geometry."""
    rows = pyarrow.parquet.read_table("facts.parquet").to_pylist()
    with open("facts.jsonl", encoding="utf-8") as lines:
        facts = [flat(json.loads(line)) for line in lines]
    assert len(rows) == len(facts) > 100, (len(rows), len(facts))
    for row, fact in zip(rows, facts):
        said = {key: plain(value) for key, value in row.items() if value is not None and key != "geometry"}
        said = {key: value for key, value in said.items() if value is not False or key in fact}
        assert said == fact, (said, fact)
    drawn = geopandas.read_parquet("facts.parquet")
    shapes = {"silence": "LineString", "hop": "LineString", "visit": "Point"}
    assert drawn.crs == "OGC:CRS84" and (drawn.geometry.geom_type == drawn.kind.map(shapes)).all()


def check_tracks():
    """Both ends of every silence are points, and all points are where they say."""
    points = geopandas.read_parquet("tracks.parquet")
    assert points.crs == "OGC:CRS84"
    assert (points.geometry.x == points.lon).all() and (points.geometry.y == points.lat).all()
    times = points.t.astype("datetime64[ms, UTC]").astype("int64").tolist()
    there = set(zip(points.track, times, points.lon, points.lat))
    with open("facts.jsonl", encoding="utf-8") as lines:
        silences = [fact for fact in map(json.loads, lines) if fact["kind"] == "silence"]
    for fact in silences:
        for fix in (fact["start"], fact["end"]):
            assert (fact["track"], fix["t"], fix["lon"], fix["lat"]) in there, fact
    cells = duckdb.sql("SELECT count(*), sum(t), count(gap_before_ms) FROM 'tracks.csv'").fetchall()
    assert cells == [(len(points), sum(times), points.gap_before_ms.notna().sum())], cells


def check_days():
    """A folder of days is the same table to all three, and has a geometry."""
    for name in ("alerts", "facts", "tracks"):
        whole = geopandas.read_parquet(f"{name}.parquet")
        days = geopandas.read_parquet(f"days/{name}.parquet")
        assert days.crs == "OGC:CRS84" and days.day.nunique() > 1, name
        assert len(days) == len(whole) and list(days.columns) == [*whole.columns, "day"], name
        assert sorted(map(str, days.geometry)) == sorted(map(str, whole.geometry)), name
        counted = duckdb.sql(f"SELECT count(*) FROM 'days/{name}.parquet/*/*.parquet'").fetchall()[0]
        assert counted == (len(whole),), counted


def main():
    page, folder = sys.argv[1:]
    with open(page, encoding="utf-8") as text:
        found = list(blocks(text.read()))
    questions = {heading for heading, _, _ in found if heading[:1].isdigit()}
    assert len(questions) == 14, questions
    os.chdir(folder)
    check_rows()
    check_facts()
    check_tracks()
    check_days()
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    for heading, language, code in found:
        print(f"== {heading}")
        if language == "python":
            exec(compile(code, heading, "exec"), {})  # noqa: S102: it is our page
            continue
        for statement in duckdb.extract_statements(code):
            answer = database.execute(statement)
            if heading[:1].isdigit():
                rows = answer.fetchall()
                assert rows, f"{heading}: no rows"
                print(f"{len(rows)} rows, the first: {rows[0]}")
    print(f"{len(questions)} questions answered")


main()
