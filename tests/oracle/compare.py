#!/usr/bin/env python3
"""Compares two files of facts line by line: everything exact, printed decimals by a last digit.

compare.py A.jsonl B.jsonl [--most N]; exit 1 if a fact differs.
"""
import json
import sys

# What a sum of doubles may differ by: one unit of the last printed digit.
TOLERANCE = {"distance_m": 0.11, "distance_gc_m": 0.11, "distance_sailed_m": 0.21, "speed_kn": 0.011,
             "mean_speed_kn": 0.011, "observed_share": 0.00011, "lon": 1.1e-6, "lat": 1.1e-6}


def same(a, b, key=None):
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k], k) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if key in TOLERANCE and isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b) <= TOLERANCE[key]
    return a == b


def name(fact):
    if fact["kind"] == "silence":
        return ("silence", fact["track"], fact["start"]["t"], fact["start_heard"], "")
    if fact["kind"] == "visit":
        return ("visit", fact["track"], fact["first_inside"]["t"], 0, fact["port"])
    return ("hop", fact["track"], fact["departure"]["t"], fact["arrival"]["t"], fact["to"])


def load(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main():
    most = int(sys.argv[sys.argv.index("--most") + 1]) if "--most" in sys.argv else 10
    left, right = load(sys.argv[1]), load(sys.argv[2])
    a, b = {name(f): f for f in left}, {name(f): f for f in right}
    bad = [f"only in A: {json.dumps(a[n])}" for n in a if n not in b]
    bad += [f"only in B: {json.dumps(b[n])}" for n in b if n not in a]
    for n in a:
        if n in b and not same(a[n], b[n]):
            keys = [k for k in a[n] | b[n] if not same(a[n].get(k), b[n].get(k), k)]
            bad.append(f"{n}: " + "; ".join(f"{k}: A {a[n].get(k)} B {b[n].get(k)}" for k in keys))
    if not bad and [name(f) for f in left] != [name(f) for f in right]:
        bad.append("the same facts in another order")
    for line in bad[:most]:
        print(line)
    print(f"{len(left)} and {len(right)} facts, {len(bad)} differences")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
