"""Ships and what they do in the month, as segments: straight pieces of a way, or a stay, in which a ship reports
at one interval. Times are seconds from the beginning of the month."""
import random
from dataclasses import dataclass, field

import numpy as np

from waters import BORDERS, PORTS, Chart, course_deg, distance_m

DAY_S = 86_400
MILE_M = 1_852.0
UNDER_WAY, AT_ANCHOR, MOORED, FISHING = 0, 1, 5, 7
# Kind: share of the ships present, class, ITU type of ship, speed in knots, hours at berth, least and greatest length in
# metres, draught in metres, and whether it belongs to the area ("home"), goes to and fro between two ports ("ferry") or passes.
KINDS = {
    "cargo": (0.32, "A", 70, 12.0, 20.0, (80, 250), (4.0, 11.0), "passes"),
    "tanker": (0.13, "A", 80, 11.5, 22.0, (90, 274), (5.0, 14.5), "passes"),
    "passenger": (0.08, "A", 60, 17.0, 1.2, (90, 220), (4.5, 6.8), "ferry"),
    "high speed craft": (0.02, "A", 40, 27.0, 0.8, (40, 110), (2.5, 4.2), "ferry"),
    "fishing": (0.11, "A", 30, 8.5, 9.0, (14, 40), (2.5, 5.5), "home"),
    "tug": (0.06, "A", 52, 9.0, 12.0, (18, 40), (2.8, 5.2), "home"),
    "pleasure": (0.18, "B", 37, 7.0, 14.0, (8, 20), (0.0, 0.0), "home"),
    "sailing": (0.10, "B", 36, 5.5, 16.0, (8, 18), (0.0, 0.0), "home"),
}
# Countries by the first digits of their MMSIs.
COUNTRIES = (219, 220, 265, 211, 257, 230, 261, 275, 277, 276, 273, 304, 636, 538, 255, 244, 215)
FIRST_INVENTED, FIRST_INVENTED_IMO = 900_000, 970_000
# Fastest first: above so many knots a report every so many seconds. The feed is thinned, as real ones are.
INTERVALS_A = ((14.0, 6), (0.0, 10))
INTERVAL_B, INTERVAL_AT_REST = 30, 180
OPEN_SEA_KN, HARBOUR_KN = 99.0, 7.0
# Of voyages of four hours and more: share in which the ship switches off, share in which it is badly heard for a while.
DARK_SHARE, FADED_SHARE = 0.04, 0.10
# In a feed of so many reports a day.
BASE_STATIONS, MARKS, FULL_ROWS_A_DAY = 5, 60, 3_000_000


@dataclass
class Ship:
    """What a ship is; a base station has the kind "base station", an aid to navigation "mark"."""
    mmsi: int
    kind: str
    transceiver: str
    type_code: int
    speed_kn: float
    imo: int
    callsign: str
    name: str
    to_bow: int
    to_stern: int
    to_port: int
    to_starboard: int
    phase_s: int
    rows: int = 0


@dataclass
class Month:
    """All ships, all voyages, and all segments as columns."""
    days: int
    ships: list = field(default_factory=list)
    # Ship, draught in 0.1 m, destination, estimated time of arrival in seconds from the beginning.
    voyages: list = field(default_factory=list)
    segments: list = field(default_factory=list)
    columns: dict = field(default_factory=dict)

    def seal(self):
        names = ("ship", "voyage", "t0", "t1", "lon0", "lat0", "lon1", "lat1", "sog", "cog", "status", "interval")
        types = (np.int32, np.int32, np.int32, np.int32) + (np.float64,) * 4 + (np.float32, np.float32, np.int8, np.int32)
        columns = zip(*sorted(self.segments, key=lambda segment: segment[2]))
        self.columns = {name: np.array(column, kind) for name, kind, column in zip(names, types, columns)}
        self.segments = []


def imo_number(six_digits):
    """With its check digit (IMO resolution A.1117(30))."""
    return six_digits * 10 + sum(int(digit) * (7 - place) for place, digit in enumerate(str(six_digits))) % 10


class Fleet:
    """Makes ships and moves them."""

    def __init__(self, days, seed, rotation):
        self.random = random.Random(seed)
        self.chart = Chart()
        self.month = Month(days)
        self.end = days * DAY_S
        self.rotation = rotation
        # Where ships are that are in port.
        self.at = {}
        self.near = {port: self._nearest(port) for port, _, _ in PORTS}

    def _nearest(self, port):
        here = self.chart.ports[port][1]
        others = [other for other, _, _ in PORTS if other != port]
        return sorted(others, key=lambda other: distance_m(here, self.chart.ports[other][1]))[:5]

    def build(self, rows):
        """Adds ships until they send so many rows."""
        sent = self._stations(min(1.0, rows / self.month.days / FULL_ROWS_A_DAY))
        while sent < rows:
            sent += self._place()
        self.month.seal()
        return self.month

    def _ship(self, kind):
        draw, number = self.random, len(self.month.ships)
        _, transceiver, type_code, speed, _, (shortest, longest), _, _ = KINDS[kind]
        length = draw.randint(shortest, longest)
        width = max(3, round(length / 6.5))
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        large = transceiver == "A" and length >= 40
        self.month.ships.append(Ship(
            mmsi=COUNTRIES[number % len(COUNTRIES)] * 1_000_000 + FIRST_INVENTED + number,
            kind=kind, transceiver=transceiver, type_code=type_code, speed_kn=speed * draw.uniform(0.85, 1.15),
            imo=imo_number(FIRST_INVENTED_IMO + number % 29_999) if large else 0,
            callsign="".join(draw.choices(letters, k=4)) + str(number % 10),
            name=f"{draw.choice(NAMES)} {draw.choice(NAMES)} {number % 100}",
            to_bow=length * 3 // 4, to_stern=length - length * 3 // 4, to_port=width // 2, to_starboard=width - width // 2,
            phase_s=draw.randrange(180)))
        return number

    def _stations(self, share):
        """Base stations and aids to navigation: no ships, and in every feed; fewer in a thin one."""
        bases, sent = max(1, round(BASE_STATIONS * share)), 0
        for number in range(bases + round(MARKS * share)):
            _, (lon, lat) = self.random.choice(list(self.chart.ports.values()))
            is_base = number < bases
            lon, lat = lon + self.random.uniform(-0.1, 0.1), lat + self.random.uniform(-0.05, 0.05)
            ship = len(self.month.ships)
            mmsi = 2_190_000 + number if is_base else 992_190_000 + number
            self.month.ships.append(Ship(mmsi, "base station" if is_base else "mark", "", 0, 0.0, 0, "", "", 0, 0, 0, 0, number))
            voyage = self._voyage(ship, 0, "", 0)
            sent += self._segment(ship, voyage, 0, self.end, (lon, lat), (lon, lat), 0.0, 0, 10 if is_base else 180)
        return sent

    def _place(self):
        """One place in the traffic: a ship that stays, or ships that pass one after another. Returns the rows they send."""
        draw = self.random
        kind = draw.choices(list(KINDS), [kind[0] for kind in KINDS.values()])[0]
        habit = KINDS[kind][-1]
        # It begins before the month, so that on the first day ships are everywhere already.
        now = -draw.uniform(0, 3 * DAY_S)
        sent, known = 0, []
        while now < self.end:
            if habit == "passes":
                if len(known) >= self.rotation:
                    known.append(known.pop(0))
                else:
                    known.append(self._ship(kind))
                now, rows = self._pass(known[-1], now)
            else:
                now, rows = self._stay(self._ship(kind), now, habit)
            sent += rows
        return sent

    def _pass(self, ship, now):
        draw = self.random
        here, last = draw.sample(BORDERS, 2)
        sent = 0
        for _ in range(draw.choices((0, 1, 2), (45, 35, 20))[0]):
            goal = draw.choices([port for port, _, _ in PORTS], [weight for _, _, weight in PORTS])[0]
            if goal == here or now >= self.end:
                continue
            now, rows = self._sail(ship, here, goal, now)
            now, more = self._lie(ship, goal, now)
            sent, here = sent + rows + more, goal
        now, rows = self._sail(ship, here, last, now)
        return now, sent + rows

    def _stay(self, ship, now, habit):
        draw = self.random
        here = draw.choices([port for port, _, _ in PORTS], [weight for _, _, weight in PORTS])[0]
        other = draw.choice(self.near[here][:3])
        sent = 0
        self._voyage(ship, 0, self.chart.ports[here][0].upper(), 0)
        while now < self.end:
            now, rows = self._lie(ship, here, now)
            goal = other if habit == "ferry" else draw.choice(self.near[here])
            now, more = self._sail(ship, here, goal, now)
            sent, here, other = sent + rows + more, goal, here
        return now, sent

    def _lie(self, ship, port, now):
        """At anchor, if the ship has come to the roads; then at berth. Class B is mostly switched off there."""
        draw = self.random
        kind = self.month.ships[ship].kind
        voyage, place, sent = len(self.month.voyages) - 1, self.at.get(ship), 0
        berth = self._berth(ship, port)
        if place is not None and place != berth:
            until = now + draw.uniform(2, 20) * 3_600
            sent += self._segment(ship, voyage, now, until, place, place, 0.1, AT_ANCHOR, INTERVAL_AT_REST)
            if "ANCHORAGE" in port:
                return until, sent
            now = until + distance_m(place, berth) / MILE_M / HARBOUR_KN * 3_600
            sent += self._segment(ship, voyage, until, now, place, berth, HARBOUR_KN, UNDER_WAY, INTERVALS_A[-1][1])
        self.at[ship] = berth
        hours = KINDS[kind][4] * draw.lognormvariate(0.0, 0.5)
        until = now + hours * 3_600
        silent = None
        if self.month.ships[ship].transceiver == "B" and draw.random() < 0.6:
            silent = (now + 600, until - 600)
        elif hours > 8 and draw.random() < 0.01:
            silent = (now + 3_600, now + 3_600 * draw.uniform(4, hours))
        sent += self._heard(ship, voyage, now, until, berth, berth, 0.0, MOORED, INTERVAL_AT_REST, silent)
        return until, sent

    def _way(self, ship, start, goal):
        """Corners of the way from where the ship is, and the limits of speed on the pieces between them."""
        corners = [self._scatter(node, 300.0) for node in self.chart.way(start, goal)]
        limits = [OPEN_SEA_KN] * (len(corners) - 1)
        if start in self.chart.ports:
            place = self.at[ship]
            corners[:0] = [place, self._towards(place, corners[0], 2 * MILE_M)]
            limits[:0] = [HARBOUR_KN, OPEN_SEA_KN]
        if goal in self.chart.ports:
            place = self._berth(ship, goal)
            waits = KINDS[self.month.ships[ship].kind][-1] == "passes" and self.random.random() < 0.2
            if waits or "ANCHORAGE" in goal:
                place = self._scatter(place, 4_000.0)
            corners += [self._towards(place, corners[-1], 2 * MILE_M), place]
            limits += [OPEN_SEA_KN, HARBOUR_KN]
            self.at[ship] = place
        return corners, limits

    def _sail(self, ship, start, goal, now):
        draw, made = self.random, self.month.ships[ship]
        legs, until = [], now
        corners, limits = self._way(ship, start, goal)
        for a, b, limit in zip(corners, corners[1:], limits):
            speed = min(made.speed_kn, limit)
            took = distance_m(a, b) / MILE_M / speed * 3_600
            legs.append((until, until + took, a, b, speed))
            until += took
        _, (low, high) = KINDS[made.kind][5:7]
        destination = self.chart.ports[goal][0].upper() if goal in self.chart.ports else goal.upper().replace("-", " ")
        voyage = self._voyage(ship, round(draw.uniform(low, high) * 10), destination, int(until))
        if until <= 0:
            return until + 1, 0
        silent, took = None, until - now
        if took > 4 * 3_600:
            chance = draw.random()
            if chance < DARK_SHARE + FADED_SHARE:
                hours = draw.uniform(2, 14) if chance < DARK_SHARE else draw.uniform(0.3, 1.5)
                begin = draw.uniform(now + 3_600, until - 3_600)
                silent = (begin, min(begin + hours * 3_600, until - 1_800))
        status, sent = FISHING if made.kind == "fishing" else UNDER_WAY, 0
        for t0, t1, a, b, speed in legs:
            interval = INTERVAL_B if made.transceiver == "B" else next(every for over, every in INTERVALS_A if speed > over)
            sent += self._heard(ship, voyage, t0, t1, a, b, speed, status, interval, silent)
        return until + 1, sent

    def _heard(self, ship, voyage, t0, t1, a, b, speed, status, interval, silent):
        """A piece of the way without the time in which the ship is silent."""
        if silent is None or silent[1] <= t0 or silent[0] >= t1:
            return self._segment(ship, voyage, t0, t1, a, b, speed, status, interval)
        sent = 0
        for begin, end in ((t0, silent[0]), (silent[1], t1)):
            if end > begin:
                at = [self._along(a, b, (t - t0) / (t1 - t0)) for t in (begin, end)]
                sent += self._segment(ship, voyage, begin, end, *at, speed, status, interval)
        return sent

    def _segment(self, ship, voyage, t0, t1, a, b, speed, status, interval):
        """Keeps what is of the month; returns how many rows it gives."""
        t0, t1 = int(t0), int(t1)
        begin, end = max(t0, 0), min(t1, self.end)
        if end <= begin:
            return 0
        course = course_deg(a, b) if a != b else float(ship * 37 % 360)
        at = [self._along(a, b, (t - t0) / (t1 - t0)) for t in (begin, end)]
        self.month.segments.append((ship, voyage, begin, end, *at[0], *at[1], speed, course, status, interval))
        rows = (end - begin) // interval
        self.month.ships[ship].rows += rows
        return rows

    def _voyage(self, ship, draught, destination, arrival):
        self.month.voyages.append((ship, draught, destination, arrival))
        return len(self.month.voyages) - 1

    def _berth(self, ship, port):
        """A ship has its place in each port."""
        lon, lat = self.chart.ports[port][1]
        return lon + (ship * 29 % 101 - 50) * 0.000_1, lat + (ship * 17 % 61 - 30) * 0.000_1

    def _scatter(self, place, metres):
        draw, spread = self.random, metres / 111_195.0
        return place[0] + draw.uniform(-1.7, 1.7) * spread, place[1] + draw.uniform(-1, 1) * spread

    @staticmethod
    def _towards(a, b, metres):
        return Fleet._along(a, b, min(0.5, metres / max(distance_m(a, b), 1.0)))

    @staticmethod
    def _along(a, b, share):
        return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


NAMES = ("ASTRID", "BALTIC", "BIRKE", "DANA", "EIDER", "FREJA", "GULL", "HAVEN", "HEATHER", "IRIS", "JUNIPER", "KESTREL",
         "LARK", "MARIN", "NORD", "OTTER", "PETREL", "RAN", "SANDPIPER", "STAR", "TERN", "THYRA", "VESTA", "WAVE")
