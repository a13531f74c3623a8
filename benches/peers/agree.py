"""Whether DuckDB and darkwake found the same, and why not where they did not."""
import calendar
import json
import time
from collections import Counter, defaultdict

BETWEEN = "darkwake rejects a report between them as a jump"
END = "one of its ends is a report that darkwake rejects as a jump"
WITHHELD = "the ship was heard without a position meanwhile: darkwake cuts the time there"
TRACKS = "darkwake tells several ships with this MMSI apart"
UNEXPLAINED = "of nothing that was looked for"


def compare(duck_file, facts_file, csv_files):
    """Lines of text."""
    with open(duck_file, encoding="utf-8") as file:
        duck = json.load(file)
    with open(facts_file, encoding="utf-8") as file:
        facts = [json.loads(line) for line in file]
    return [*gaps(duck, facts, csv_files), *visits(duck, facts)]


def gaps(duck, facts, csv_files):
    theirs = {tuple(gap) for gap in duck["gaps"]}
    silences = [fact for fact in facts if fact["kind"] == "silence"]
    ours = {(fact["mmsi"], fact["start"]["t"], fact["end"]["t"]) for fact in silences}
    a_ship, b_ship = (Counter(mmsi for mmsi, _, _ in found) for found in (theirs, ours))
    ships = a_ship.keys() | b_ship.keys()
    same = sum(a_ship[mmsi] == b_ship[mmsi] for mmsi in ships)
    yield (f"Gaps of 30 min and more: DuckDB {len(theirs):,}, darkwake {len(ours):,}, the same in both {len(theirs & ours):,}; "
           f"of {len(ships):,} ships with one, {same:,} have as many in both.")
    if theirs == ours:
        return
    rows = reports({mmsi for mmsi, _, _ in theirs ^ ours}, csv_files)
    split = {fact["mmsi"] for fact in facts if "#" in fact["track"]}
    why = Counter()
    for mmsi, begin, end in sorted(theirs ^ ours):
        meanwhile = [has_position for t, has_position in rows[mmsi] if begin < t < end]
        if (mmsi, begin, end) in ours:
            reason = BETWEEN if any(meanwhile) else UNEXPLAINED
            why["only darkwake", reason] += 1
        else:
            reason = WITHHELD if meanwhile else END if rejected_end(mmsi, begin, end, ours) else UNEXPLAINED
            why["only DuckDB", TRACKS if reason == UNEXPLAINED and mmsi in split else reason] += 1
    for (whose, reason), count in sorted(why.items()):
        yield f"- {whose}: {count:,}, because {reason}"


def rejected_end(mmsi, begin, end, ours):
    """Whether darkwake has a longer gap instead, over a report that it does not accept."""
    return any(who == mmsi and first <= begin and end <= last for who, first, last in ours)


def visits(duck, facts):
    """Ships and ports, not single visits: darkwake ends a visit 1 km outside, so that its visits are fewer and longer."""
    theirs = {(mmsi, port) for mmsi, port, _, _ in duck["visits"]}
    told = [fact for fact in facts if fact["kind"] == "visit"]
    # A port that covers another is listed with the visit to the smaller one.
    ours = {(fact["mmsi"], port) for fact in told for port in (fact["port"], *fact["parents"])}
    yield (f"Visits: DuckDB {len(duck['visits']):,}, darkwake {len(told):,}. A ship in a port: {len(theirs & ours):,} in both, "
           f"{len(theirs - ours):,} only in DuckDB, {len(ours - theirs):,} only in darkwake.")


def reports(mmsis, csv_files):
    """Of these ships: when something was heard, and whether with a position."""
    wanted, found, days = {str(mmsi) for mmsi in mmsis}, defaultdict(list), {}
    for name in csv_files:
        with open(name, encoding="utf-8") as file:
            for line in file:
                fields = line.split(",", 5)
                if len(fields) < 6 or fields[2] not in wanted:
                    continue
                day, clock = fields[0].split(" ")
                if day not in days:
                    days[day] = calendar.timegm(time.strptime(day, "%d/%m/%Y"))
                hours, minutes, seconds = map(int, clock.split(":"))
                t = (days[day] + hours * 3_600 + minutes * 60 + seconds) * 1_000
                found[int(fields[2])].append((t, abs(float(fields[3])) <= 90))
    return found
