"""An independent, slow and plain reading of the facts: silences, port visits and hops of AIS logs, as JSON lines.

    python3 facts.py --ports PORTS.geojson [--stats STATS.json] [--mid MID.csv] INPUT...
"""

import argparse
import csv
import itertools
import json
import sys
from collections import Counter

from decode import KEYS, MINUTE, read_file, round_ratio
from geo import NAUTICAL_MILE, Ports, distance, knots
from order import DAY, HOUR, follow, hand_on, silence_parts

LONG_SILENCE = 4 * HOUR
RANK = {"call": 2, "gap_call": 1}


def fix(report):
    return {"t": report.t, "lon": report.lon / 1e6, "lat": report.lat / 1e6}


def fix_key(value):
    return value["t"], value["lon"], value["lat"]


def metres(value):
    return round(value, 1)


def tenths(value):
    return None if value is None else value / 10


# ---------------------------------------------------------------- static data


class StaticHistory:
    """The static values of one MMSI in time order."""

    def __init__(self, messages):
        self.messages = sorted(messages, key=lambda message: message.t)

    def last(self, key, until):
        found = [m.static.get(key) for m in self.messages if m.t <= until and m.static.get(key) is not None]
        return found[-1] if found else None

    def first(self, key, since, until):
        for message in self.messages:
            if since <= message.t <= until and message.static.get(key) is not None:
                return message.static[key]
        return None

    def heard(self, start, end):
        """Static reports strictly between two times."""
        times = [m.t for m in self.messages if m.is_static_report and start < m.t < end]
        return {"count": len(times), "first": times[0], "last": times[-1]} if times else None


def printed(key, value):
    return tenths(value) if key == "draught" else value


# ---------------------------------------------------------------- silences


class Silence:
    """Two consecutive accepted reports, and the messages that bound the silent part between them."""

    def __init__(self, at, before, after, start, end):
        self.at, self.before, self.after, self.start, self.end = at, before, after, start, end

    @property
    def duration(self):
        return self.end - self.start

    def times(self):
        return {"start": self.start, "end": self.end}


def silences_of(track):
    out = []
    for at, (a, b) in enumerate(zip(track.reports, track.reports[1:])):
        for start, end in silence_parts(a.t, b.t, track.heard):
            out.append(Silence(at, a, b, start, end))
    return out


def itu_interval_s(report):
    """Seconds between two reports by ITU-R M.1371-5, by class, state and speed."""
    if report.type == 27:
        return 180
    if report.cls == "B":
        return 180 if report.sog is not None and report.sog <= 20 else 30
    at_rest = report.nav in (1, 5)
    if report.sog is None:
        return 180 if at_rest else 10
    if at_rest and report.sog <= 30:
        return 180
    return 10 if report.sog <= 140 else 6 if report.sog <= 230 else 2


def reports_and_expected(track, silence):
    """Accepted and expected reports in the hour of the start fix up to it and the 12 full hours before."""
    end = silence.before.t
    since = end // HOUR * HOUR - 12 * HOUR
    reports = track.reports[: silence.at + 1]
    count = sum(1 for report in reports if report.t >= since)
    parts = 0
    for a, b in zip(reports, reports[1:]):
        ms = b.t - max(a.t, since)
        if ms > 0:
            parts += ms * (180 // itu_interval_s(a))
    return count, round_ratio(parts, 180_000)


def silence_fact(track, silence, statics):
    a, b = silence.before, silence.after
    metres_apart = distance(a, b)
    count, expected = reports_and_expected(track, silence)
    before = {key: statics.last(key, silence.start) for key in KEYS}
    after = {key: statics.first(key, silence.end, silence.end + HOUR) for key in KEYS}
    changed = [k for k in KEYS if before[k] is not None and after[k] is not None and before[k] != after[k]]
    return {
        "kind": "silence",
        "mmsi": track.mmsi,
        "track": track.name,
        "start": fix(a),
        "end": fix(b),
        "start_heard": silence.start,
        "end_heard": silence.end,
        "duration_ms": silence.duration,
        "distance_m": metres(metres_apart),
        "speed_kn": round(knots(metres_apart, b.t - a.t), 2),
        "reports_12h": count,
        "expected_12h": expected,
        "static_before": {key: printed(key, before[key]) for key in KEYS},
        "static_after": {key: printed(key, after[key]) for key in KEYS},
        "changed": changed,
        "heard_static": statics.heard(silence.start, silence.end),
    }


# ---------------------------------------------------------------- visits


class Visit:
    """One stay of a track in one port; `first` and `last` are indices of its first and last report inside."""

    def __init__(self, port, first):
        self.port = port
        self.first = self.last = first
        self.entry = self.exit = None
        self.end = None
        self.has_two = False
        self.stops = []
        self.gaps = []
        self.call = "transit"
        self.confidence = 1
        self.parents = []


class Machine:
    """Finds the visits of one track to one port."""

    def __init__(self, ports, port, track, inside):
        self.ports, self.port, self.reports, self.inside = ports, port, track.reports, inside
        self.shape = ports.all[port]

    def visits(self):
        out, at = [], 0
        while at < len(self.reports):
            if self.port in self.inside[at] and self.is_entry(at):
                visit = self.follow(at)
                out.append(visit)
                at = visit.end + 1
            else:
                at += 1
        return out

    def is_entry(self, at):
        """Two consecutive reports inside, or one that is at least 10 min from the ones before and after it."""
        if at + 1 < len(self.reports) and self.port in self.inside[at + 1]:
            return True
        if at == 0 or at + 1 == len(self.reports):
            return False
        before, here, after = self.reports[at - 1 : at + 2]
        return here.t - before.t >= 10 * MINUTE and after.t - here.t >= 10 * MINUTE

    def follow(self, first):
        """The visit from its first report inside; `end` is the report that decides the exit."""
        visit = Visit(self.port, first)
        t = self.reports[first].t
        if first > 0:
            visit.entry = {"t": t, "not_before": self.reports[first - 1].t, "not_after": t}
        visit.end = len(self.reports) - 1
        for at in range(first + 1, len(self.reports)):
            if self.port in self.inside[at]:
                visit.has_two = visit.has_two or self.port in self.inside[at - 1]
                visit.last = at
            elif self.has_left(visit.last, at):
                left = self.reports[visit.last + 1].t
                visit.exit = {"t": left, "not_before": self.reports[visit.last].t, "not_after": left}
                visit.end = at
                break
        return visit

    def has_left(self, last, at):
        """Whether the report outside at `at` decides the exit."""
        outside = self.shape.outside_by(self.reports[at])
        if outside > 10_000:
            return True
        if at - 1 <= last:
            return False
        if outside > self.shape.exit_buffer:
            if self.shape.outside_by(self.reports[at - 1]) > self.shape.exit_buffer:
                return True
        shared = self.inside[at] & self.inside[at - 1]
        return any(not self.is_family(other) for other in shared)

    def is_family(self, other):
        return self.ports.is_parent(other, self.port) or self.ports.is_parent(self.port, other)


def stops_of(visit, track, inside, long_before):
    """The stops of a visit; `long_before[i]` is the start of the first silence of 4 h right before report i."""
    reports, stops = track.reports, []
    last_inside = reports[visit.last].t
    first = None
    stopped = False
    for at in range(visit.first, visit.end + 1):
        report = reports[at]
        if stopped:
            ends = []
            if reports[at].sog is not None and reports[at].sog >= 10:
                if reports[at - 1].sog is not None and reports[at - 1].sog >= 10:
                    ends.append(reports[at - 1].t)
            if at in long_before:
                ends.append(long_before[at])
            if distance(reports[first], report) > 500:
                ends.append(report.t)
            if not ends:
                continue
            stops.append((reports[first].t, min(min(ends), last_inside)))
            first, stopped = None, False
        is_inside = visit.port in inside[at]
        if first is not None:
            holds = is_inside and at not in long_before and is_slow(report, reports[first])
            if not holds or distance(reports[first], report) > 500:
                first = None
        if first is None:
            first = at if is_inside and is_slow(report, report) else None
        elif report.t - reports[first].t >= 15 * MINUTE:
            stopped = True
    if stopped:
        stops.append((reports[first].t, last_inside))
    return [{"start": start, "end": end} for start, end in stops]


def is_slow(report, first):
    return report.sog <= 5 if report.sog is not None else distance(first, report) <= 300


def judge_visit(visit, ports):
    shape = ports.all[visit.port]
    if not visit.has_two:
        visit.call = "single"
    elif shape.kind != "zone" and visit.stops:
        visit.call = "call"
        visit.confidence = 2 + (visit.entry is not None) + (visit.exit is not None)
    elif shape.kind != "zone" and visit.gaps:
        visit.call, visit.confidence = "gap_call", 2


def visits_of(track, ports, silences):
    """All visits of a track that are printed, by first report inside, then smaller area."""
    inside = [ports.inside(report) for report in track.reports]
    long_silences = [silence for silence in silences if silence.duration >= LONG_SILENCE]
    long_before = {}
    for silence in long_silences:
        long_before.setdefault(silence.at + 1, silence.start)
    visits = []
    for port in sorted(set().union(*inside)):
        for visit in Machine(ports, port, track, inside).visits():
            visit.stops = stops_of(visit, track, inside, long_before)
            visit.gaps = [
                silence.times()
                for silence in long_silences
                if visit.first <= silence.at <= visit.last and port in inside[silence.at]
            ]
            visit.parents = ports.parents(port, track.reports[visit.first].t)
            judge_visit(visit, ports)
            visits.append(visit)
    visits = [visit for visit in visits if is_printed(visit, visits, track)]
    return sorted(visits, key=lambda v: (track.reports[v.first].t, v.first, ports.all[v.port].area, ports.all[v.port].id)), inside


def overlap(a, b, track):
    reports = track.reports
    return reports[a.first].t <= reports[b.last].t and reports[b.first].t <= reports[a.last].t


def is_printed(visit, visits, track):
    """A parent's visit beside a child's only when it ranks higher than every child's that overlaps it."""
    children = [each for each in visits if visit.port in each.parents and overlap(visit, each, track)]
    return not children or RANK.get(visit.call, 0) > max(RANK.get(child.call, 0) for child in children)


def visit_fact(track, visit, ports):
    shape = ports.all[visit.port]
    return {
        "kind": "visit",
        "mmsi": track.mmsi,
        "track": track.name,
        "port": shape.id,
        "name": shape.name,
        "country": shape.country,
        "port_kind": shape.kind,
        "parents": [ports.all[parent].id for parent in visit.parents],
        "first_inside": fix(track.reports[visit.first]),
        "last_inside": fix(track.reports[visit.last]),
        "entry": visit.entry,
        "exit": visit.exit,
        "stops": visit.stops,
        "gaps": visit.gaps,
        "call": visit.call,
        "confidence": visit.confidence,
    }


# ---------------------------------------------------------------- hops


def hop_ends(track, visits, ports):
    """The calls and gap calls that can begin or end a hop, in order."""
    reports = track.reports
    calls = [visit for visit in visits if visit.call in RANK]

    def gives_way(call):
        if ports.all[call.port].kind != "anchorage":
            return False
        for other in calls:
            if ports.all[other.port].kind not in ("port", "terminal"):
                continue
            earlier, later = (call, other) if call_key(call) <= call_key(other) else (other, call)
            apart = reports[later.first].t - reports[earlier.last].t
            if apart <= 24 * HOUR and distance(reports[earlier.last], reports[later.first]) <= 30_000:
                return True
        return False

    def call_key(call):
        return calls.index(call)

    ends = []
    for call in calls:
        if gives_way(call):
            continue
        if ends and call.first >= ends[-1].first and call.last <= ends[-1].last:
            continue
        ends.append(call)
    return ends


def hop_fact(track, a, b, ports, silences, inside, statics):
    """The hop between two consecutive calls; None when both are one port and the ship stayed there."""
    reports = track.reports
    start = max(at for at in range(a.first, min(a.last, b.first) + 1) if a.port in inside[at])
    end = b.first
    departure, arrival = reports[start], reports[end]
    if ports.are_one(a.port, b.port, arrival.t):
        far = any(distance(departure, report) >= 20 * NAUTICAL_MILE for report in reports[start : end + 1])
        silent = any(s.duration >= LONG_SILENCE and start <= s.at < end for s in silences)
        if not far and not silent:
            return None
    length = arrival.t - departure.t
    sailed = sum(distance(p, q) for p, q in zip(reports[start:end], reports[start + 1 : end + 1]))
    overlapping = [s for s in silences if max(s.start, departure.t) < min(s.end, arrival.t)]
    silent_ms = sum(min(s.end, arrival.t) - max(s.start, departure.t) for s in overlapping)
    share = 1 - silent_ms / length if length else 1.0
    through = share < 0.5
    if a.exit:
        bounds = a.exit["not_before"], a.exit["not_after"]
        through = through or any(max(s.start, bounds[0]) < min(s.end, bounds[1]) for s in silences)
    before = a.exit["t"] if a.exit else arrival.t
    after = b.entry["t"] if b.entry else arrival.t
    return {
        "kind": "hop",
        "mmsi": track.mmsi,
        "track": track.name,
        "from": ports.all[a.port].id,
        "to": ports.all[b.port].id,
        "departure": fix(departure),
        "arrival": fix(arrival),
        "exit": a.exit,
        "entry": b.entry,
        "distance_gc_m": metres(distance(departure, arrival)),
        "distance_sailed_m": metres(sailed),
        "duration_ms": length,
        "mean_speed_kn": round(knots(sailed, length), 2) if length else None,
        "silences": [s.times() for s in overlapping],
        "observed_share": round(share, 4),
        "through_silence": through,
        "draught_before": tenths(statics.last("draught", before)),
        "draught_after": tenths(statics.first("draught", after, after + DAY)),
        "destination_before": statics.last("destination", before),
        "destination_after": statics.first("destination", after, after + DAY),
    }


# ---------------------------------------------------------------- marks


def ambiguous_times(ship):
    """By track name, the times at which another track of the MMSI was close in time and place."""
    tracks = ship.tracks()
    times = {track.name: [] for track in tracks}
    if len(tracks) < 2:
        return times
    merged = sorted(((r.t, track.number, r, track) for track in tracks for r in track.reports), key=lambda e: e[:2])
    last = {}
    # Of reports at the same time each is the last of its track for the other.
    for t, group in itertools.groupby(merged, key=lambda e: e[0]):
        group = list(group)
        for _, _, report, track in group:
            last[track.name] = report
        for _, _, report, track in group:
            for name, other in last.items():
                if name != track.name and t - other.t <= 10 * MINUTE and distance(report, other) <= 1000:
                    times[track.name].append(t)
                    times[name].append(other.t)
    return times


def ends_of(fact):
    if fact["kind"] == "silence":
        return fact["start"], fact["end"]
    if fact["kind"] == "visit":
        return fact["first_inside"], fact["last_inside"]
    return fact["departure"], fact["arrival"]


def sort_key(fact):
    ports = fact.get("port", fact.get("from", "")), fact.get("to", "")
    return fact["mmsi"], fix_key(ends_of(fact)[0]), fact["kind"], fact["track"], fact.get("start_heard", 0), *ports


def facts_of(ship, ports, mids):
    statics = StaticHistory(ship.statics)
    mid = ship.mmsi // 1_000_000
    unknown = not 201 <= mid <= 775 or (mids is not None and mid not in mids)
    close = ambiguous_times(ship)
    for track in ship.tracks():
        silences = silences_of(track)
        facts = [silence_fact(track, silence, statics) for silence in silences]
        visits, inside = visits_of(track, ports, silences)
        facts += [visit_fact(track, visit, ports) for visit in visits]
        calls = hop_ends(track, visits, ports)
        for a, b in zip(calls, calls[1:]):
            hop = hop_fact(track, a, b, ports, silences, inside, statics)
            if hop:
                facts.append(hop)
        for fact in facts:
            first, last = ends_of(fact)
            if any(first["t"] <= t <= last["t"] for t in close[track.name]):
                fact["ambiguous"] = True
            if unknown:
                fact["mid_unknown"] = True
            yield fact


def statistics(readers):
    fates = Counter()
    for reader in readers:
        fates.update(reader.fates)
        for message in reader.messages:
            fates[message.fate] += message.lines
    apart = ("accepted", "other", "other_type", "candidate")
    return {
        "lines": sum(reader.line for reader in readers),
        "accepted": fates["accepted"],
        "rejected": {reason: n for reason, n in sorted(fates.items()) if reason not in apart and n},
        "other": fates["other"],
        "other_type": fates["other_type"],
        "candidate": fates["candidate"],
        "tag_warning": sum(reader.tag_warning for reader in readers),
        "restamped": sum(1 for reader in readers for message in reader.messages if message.restamped),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ports", action="append", required=True, metavar="FILE.geojson")
    parser.add_argument("--stats", metavar="FILE.json")
    parser.add_argument("--mid", metavar="FILE.csv")
    parser.add_argument("inputs", nargs="+", metavar="INPUT")
    arguments = parser.parse_args()
    mids = None
    if arguments.mid:
        with open(arguments.mid, encoding="utf-8", newline="") as file:
            mids = {int(row["mid"]) for row in csv.DictReader(file)}
    ports = Ports(arguments.ports)
    readers = [read_file(path, at) for at, path in enumerate(arguments.inputs)]
    ships = follow(hand_on(readers))
    facts = sorted((fact for ship in ships.values() for fact in facts_of(ship, ports, mids)), key=sort_key)
    for fact in facts:
        print(json.dumps(fact, separators=(",", ":"), ensure_ascii=False))
    stats = statistics(readers)
    assert stats["lines"] == sum(stats["rejected"].values()) + sum(
        stats[name] for name in ("accepted", "other", "other_type", "candidate")
    ), "a line without a fate"
    if arguments.stats:
        with open(arguments.stats, "w", encoding="utf-8") as file:
            json.dump(stats, file, indent=1)
            file.write("\n")
    timed = any(message.t is not None for reader in readers for message in reader.messages)
    if stats["rejected"].get("no_time") and not timed:
        print("no line has a time", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
