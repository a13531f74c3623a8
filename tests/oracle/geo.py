"""Distances, and ports: which reports are inside, how far outside, which port covers which."""

import gzip
import json
import math
import re
from collections import defaultdict
from datetime import datetime, timezone
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from decode import milliseconds

RADIUS = 6_371_008.8
NAUTICAL_MILE = 1852.0
TURN = 360_000_000


def distance(a, b):
    """Haversine metres between two things with lon and lat in 10^-6 degree."""
    lat_a, lat_b = math.radians(a.lat / 1e6), math.radians(b.lat / 1e6)
    d_lat = lat_b - lat_a
    d_lon = math.radians((b.lon - a.lon) / 1e6)
    h = math.sin(d_lat / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(d_lon / 2) ** 2
    return 2 * RADIUS * math.asin(math.sqrt(min(1.0, h)))


def knots(metres, ms):
    return metres / NAUTICAL_MILE / (ms / 3_600_000)


def reachable(a, b):
    """At most 1 km apart, or at most 60 kn times the time between them."""
    metres = distance(a, b)
    return metres <= 1000.0 or metres <= 60 * NAUTICAL_MILE * abs(b.t - a.t) / 3_600_000


def micro(value):
    return int((Decimal(value) * 10**6).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def unwrap(ring, near=None):
    """Vertices without steps of more than half a turn; `near` pulls the first one close to a longitude."""
    out = []
    for lon, lat in ring:
        base = out[-1][0] if out else near
        if base is not None:
            while lon - base > TURN // 2:
                lon -= TURN
            while lon - base < -TURN // 2:
                lon += TURN
        out.append((lon, lat))
    return out


def edges(ring):
    for at in range(len(ring)):
        a, b = ring[at - 1], ring[at]
        if a != b:
            yield a, b


def on_edge(x, y, a, b):
    if (b[0] - a[0]) * (y - a[1]) != (b[1] - a[1]) * (x - a[0]):
        return False
    return min(a[0], b[0]) <= x <= max(a[0], b[0]) and min(a[1], b[1]) <= y <= max(a[1], b[1])


def ring_side(x, y, ring):
    """1 inside, 0 on the boundary, -1 outside; exact."""
    inside = False
    for a, b in edges(ring):
        if on_edge(x, y, a, b):
            return 0
        if (a[1] > y) != (b[1] > y):
            cross = (b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])
            if (cross > 0) == (b[1] > a[1]):
                inside = not inside
    return 1 if inside else -1


def polygon_side(x, y, rings):
    side = ring_side(x, y, rings[0])
    if side <= 0:
        return side
    for hole in rings[1:]:
        side = ring_side(x, y, hole)
        if side >= 0:
            return -side
    return 1


def ring_area(ring):
    """Area on the sphere in square metres, edges taken as short."""
    total = 0.0
    for a, b in edges(ring):
        width = math.radians((b[0] - a[0]) / 1e6)
        total += width * (2 + math.sin(math.radians(a[1] / 1e6)) + math.sin(math.radians(b[1] / 1e6)))
    return abs(total) * RADIUS * RADIUS / 2


def box_of(ring):
    lons, lats = [v[0] for v in ring], [v[1] for v in ring]
    return min(lons), min(lats), max(lons), max(lats)


def date_property(value):
    """ms of a date (00:00 UTC) or a date and time; None when absent."""
    if not value:
        return None
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        value += "T00:00:00+00:00"
    moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc))


class Port:
    """One feature of the port file."""

    def __init__(self, feature):
        properties = feature.get("properties") or {}
        self.id = str(properties.get("id", feature.get("id")))
        self.name = properties.get("name")
        self.country = properties.get("country")
        self.kind = properties.get("kind") or "port"
        buffer = properties.get("exit_buffer_m")
        self.exit_buffer = 1000.0 if buffer is None else float(buffer)
        self.valid_from = date_property(properties.get("valid_from"))
        self.valid_to = date_property(properties.get("valid_to"))
        geometry = feature["geometry"]
        self.polygons = []
        self.centre = None
        if geometry["type"] == "Point":
            self.lon, self.lat = (micro(c) for c in geometry["coordinates"][:2])
            self.centre = self
            self.radius = float(properties["radius_km"]) * 1000.0
            self.area = math.pi * self.radius**2
            return
        shapes = geometry["coordinates"]
        if geometry["type"] == "Polygon":
            shapes = [shapes]
        for rings in shapes:
            whole = []
            for ring in rings:
                vertices = [(micro(v[0]), micro(v[1])) for v in ring]
                whole.append(unwrap(vertices, whole[0][0][0] if whole else None))
            self.polygons.append(whole)
        self.boxes = [box_of(rings[0]) for rings in self.polygons]
        self.area = sum(ring_area(p[0]) - sum(ring_area(hole) for hole in p[1:]) for p in self.polygons)

    def is_valid(self, t):
        return (self.valid_from is None or self.valid_from <= t) and (self.valid_to is None or t < self.valid_to)

    def turns(self, lon, box):
        """The longitude plus those whole turns that bring it into a box."""
        return [x for x in (lon - TURN, lon, lon + TURN) if box[0] <= x <= box[2]]

    def contains(self, fix):
        if self.centre:
            return distance(self, fix) <= self.radius
        for rings, box in zip(self.polygons, self.boxes):
            if box[1] <= fix.lat <= box[3]:
                for x in self.turns(fix.lon, box):
                    if polygon_side(x, fix.lat, rings) >= 0:
                        return True
        return False

    def edge_distance(self, fix):
        """Metres to the nearest edge, in the plane at the fix."""
        best = math.inf
        scale_y = RADIUS * math.pi / 180 / 1e6
        scale_x = scale_y * math.cos(math.radians(fix.lat / 1e6))
        for rings, box in zip(self.polygons, self.boxes):
            middle = (box[0] + box[2]) / 2
            lon = fix.lon
            while lon - middle > TURN / 2:
                lon -= TURN
            while lon - middle < -TURN / 2:
                lon += TURN
            for ring in rings:
                for a, b in edges(ring):
                    ax, ay = (a[0] - lon) * scale_x, (a[1] - fix.lat) * scale_y
                    dx, dy = (b[0] - a[0]) * scale_x, (b[1] - a[1]) * scale_y
                    share = max(0.0, min(1.0, -(ax * dx + ay * dy) / (dx * dx + dy * dy)))
                    best = min(best, math.hypot(ax + share * dx, ay + share * dy))
        return best

    def outside_by(self, fix):
        """Metres outside; 0 inside."""
        if self.contains(fix):
            return 0.0
        if self.centre:
            return distance(self, fix) - self.radius
        return self.edge_distance(fix)

    def covers(self, other):
        """True when no point of `other` is outside this port."""
        if self.centre and other.centre:
            return distance(self, other) + other.radius <= self.radius
        if self.centre:
            vertices = [Vertex(*v) for rings in other.polygons for v in rings[0]]
            return all(distance(self, v) <= self.radius for v in vertices)
        if other.centre:
            return self.contains(other) and self.edge_distance(other) >= other.radius
        return all(any(polygon_covers(q, p) for q in self.polygons) for p in other.polygons)


class Vertex:
    """A bare position."""

    def __init__(self, lon, lat):
        self.lon, self.lat = lon, lat


def shift_rings(rings, by):
    return [[(x + by, y) for x, y in ring] for ring in rings]


def polygon_covers(outer, inner):
    """True when polygon `inner` (rings, first the exterior) lies in polygon `outer`, boundaries included."""
    outer_box, inner_box = box_of(outer[0]), box_of(inner[0])
    for by in (-TURN, 0, TURN):
        x0, x1 = inner_box[0] + by, inner_box[2] + by
        if outer_box[0] <= x0 and x1 <= outer_box[2] and outer_box[1] <= inner_box[1] and inner_box[3] <= outer_box[3]:
            if shifted_covers(outer, shift_rings(inner, by)):
                return True
    return False


def shifted_covers(outer, inner):
    if any(polygon_side(x, y, outer) < 0 for x, y in inner[0]):
        return False
    outer_edges = [edge for ring in outer for edge in edges(ring)]
    for a, b in edges(inner[0]):
        cuts = sorted({Fraction(0), Fraction(1)} | {s for edge in outer_edges for s in crossings(a, b, *edge)})
        for s, e in zip(cuts, cuts[1:]):
            middle = (s + e) / 2
            if polygon_side(a[0] + middle * (b[0] - a[0]), a[1] + middle * (b[1] - a[1]), outer) < 0:
                return False
    for hole in outer[1:]:
        if any(polygon_side(x, y, inner) > 0 for x, y in hole):
            return False
    return True


def crossings(a, b, c, d):
    """Where along a-b (0 … 1) the segment c-d meets it; both ends of an overlap."""
    if max(c[0], d[0]) < min(a[0], b[0]) or min(c[0], d[0]) > max(a[0], b[0]):
        return []
    if max(c[1], d[1]) < min(a[1], b[1]) or min(c[1], d[1]) > max(a[1], b[1]):
        return []
    ux, uy, vx, vy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    wx, wy = c[0] - a[0], c[1] - a[1]
    cross = ux * vy - uy * vx
    if cross:
        s, e = Fraction(wx * vy - wy * vx, cross), Fraction(wx * uy - wy * ux, cross)
        return [s] if 0 <= s <= 1 and 0 <= e <= 1 else []
    if wx * uy - wy * ux:
        return []
    length = ux * ux + uy * uy
    ends = [Fraction((p[0] - a[0]) * ux + (p[1] - a[1]) * uy, length) for p in (c, d)]
    return [s for s in ends if 0 <= s <= 1]


class Ports:
    """All ports with a grid of half degrees over them."""

    CELL = 500_000

    def __init__(self, paths):
        self.all = []
        for path in paths:
            with open(path, "rb") as file:
                data = file.read()
            if data[:2] == b"\x1f\x8b":
                data = gzip.decompress(data)
            for feature in json.loads(data, parse_float=Decimal)["features"]:
                self.all.append(Port(feature))
        self.grid = defaultdict(set)
        self.everywhere = []
        for at, port in enumerate(self.all):
            self.place(at, port)
        self.known_covers = {}

    def place(self, at, port):
        boxes = port.boxes if not port.centre else [self.circle_box(port)]
        for west, south, east, north in boxes:
            if east - west >= TURN or (east - west) * (north - south) > 400 * self.CELL**2:
                self.everywhere.append(at)
                return
        for west, south, east, north in boxes:
            for x in range(west // self.CELL, east // self.CELL + 1):
                for y in range(south // self.CELL, north // self.CELL + 1):
                    self.grid[x % (TURN // self.CELL), y].add(at)

    @staticmethod
    def circle_box(port):
        high = int(port.radius / 111_000 * 1e6) + 1000
        cosine = math.cos(math.radians(min(89.9, abs(port.lat) / 1e6 + high / 1e6)))
        wide = int(high / cosine) + 1000
        return port.lon - wide, port.lat - high, port.lon + wide, port.lat + high

    def inside(self, fix):
        """Indices of the ports that contain the fix and are valid at its time."""
        cell = (fix.lon // self.CELL) % (TURN // self.CELL), fix.lat // self.CELL
        near = sorted(self.grid.get(cell, set()).union(self.everywhere))
        return frozenset(at for at in near if self.all[at].is_valid(fix.t) and self.all[at].contains(fix))

    def covers(self, outer, inner):
        key = outer, inner
        if key not in self.known_covers:
            self.known_covers[key] = self.may_cover(outer, inner) and self.all[outer].covers(self.all[inner])
        return self.known_covers[key]

    def may_cover(self, outer, inner):
        """A cheap no for ports that are far apart."""
        a, b = self.all[outer], self.all[inner]
        a_box = self.circle_box(a) if a.centre else None
        b_fix = b if b.centre else Vertex(*b.polygons[0][0][0])
        boxes = [a_box] if a_box else a.boxes
        slack = 1000
        for west, south, east, north in boxes:
            if south - slack <= b_fix.lat <= north + slack:
                if any(west - slack <= x <= east + slack for x in (b_fix.lon - TURN, b_fix.lon, b_fix.lon + TURN)):
                    return True
        return False

    def is_parent(self, outer, inner):
        """Whether `outer` covers `inner` and is larger."""
        return outer != inner and self.all[outer].area > self.all[inner].area and self.covers(outer, inner)

    def parents(self, at, t):
        """Ports that are parents of one port at a time, by area, then id."""
        found = [q for q in range(len(self.all)) if self.all[q].is_valid(t) and self.is_parent(q, at)]
        return sorted(found, key=lambda q: (self.all[q].area, self.all[q].id))

    def are_one(self, a, b, t):
        """Same id, one covers the other, or a common parent."""
        if self.all[a].id == self.all[b].id or self.covers(a, b) or self.covers(b, a):
            return True
        return bool(set(self.parents(a, t)) & set(self.parents(b, t)))
