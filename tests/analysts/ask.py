"""Runs every block of ANALYSTS.md in a folder with alerts.parquet, alerts.jsonl and facts.jsonl, and looks at what comes of it.

    python3 tests/analysts/ask.py ANALYSTS.md FOLDER
"""

import json
import os
import re
import sys

import duckdb
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


def main():
    page, folder = sys.argv[1:]
    with open(page, encoding="utf-8") as text:
        found = list(blocks(text.read()))
    questions = {heading for heading, _, _ in found if heading[:1].isdigit()}
    assert len(questions) == 10, questions
    os.chdir(folder)
    check_rows()
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
