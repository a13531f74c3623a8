#!/usr/bin/env python3
"""Small random adversarial AIS worlds, for comparing two implementations of the facts.

    worlds.py --seed N --out DIR [--plain]

writes DIR/ports.geojson and DIR/feed.nmea, and DIR/table.csv on odd seeds. The same seed gives the
same bytes. --plain leaves out late reports, restamped copies, stamps in the future and false fixes.
A summary of what the world holds goes to stderr.
"""

import argparse
import json
import math
import os
import random
import sys
from bisect import bisect_right
from collections import Counter
from datetime import datetime, timedelta, timezone

KM_DEG = 111.19508  # km in one degree of the sphere of 6,371,008.8 m
KMH = 1.852  # km/h in one knot
SEC, MIN, HOUR = 1000, 60_000, 3_600_000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MIDS = [273, 440, 431, 412, 477, 538, 636, 355, 211, 232, 445, 316, 503, 701, 247]
COUNTRIES = ["RU", "KP", "JP", "KR", "CN", "NO", "AR", "FJ", "US", "GH"]


# ---------------------------------------------------------------- AIS encoding

def pack(*fields):
    """(value, width) pairs to (int, bit count)."""
    acc = n = 0
    for value, width in fields:
        acc = (acc << width) | (int(value) & ((1 << width) - 1))
        n += width
    return acc, n


def text(s, chars):
    acc = 0
    for c in s.upper()[:chars].ljust(chars, "@"):
        o = ord(c)
        acc = (acc << 6) | (o - 64 if 64 <= o < 96 else o if 32 <= o < 64 else 32)
    return acc, chars * 6


def armour(bits):
    """(int, bit count) to (payload, fill bits)."""
    acc, n = bits
    fill = -n % 6
    acc <<= fill
    out = []
    for i in range((n + fill) // 6 - 1, -1, -1):
        v = (acc >> (6 * i)) & 63
        out.append(chr(v + 48 if v < 40 else v + 56))
    return "".join(out), fill


def checksum(s):
    x = 0
    for c in s:
        x ^= ord(c)
    return "%02X" % x


def raw_lonlat(lon, lat, unit=600000):
    if lon is None:
        return 181 * unit, 91 * unit
    return round(lon * unit), round(lat * unit)


# ---------------------------------------------------------------- geography

class Frame:
    """A plane in km around an origin; latitude circles and meridians stay straight."""

    def __init__(self, lon0, lat0):
        self.lon0, self.lat0 = lon0, lat0
        self.kx = KM_DEG * math.cos(math.radians(lat0))

    def unwrapped(self, x, y):
        return self.lon0 + x / self.kx, self.lat0 + y / KM_DEG

    def lonlat(self, x, y):
        lon, lat = self.unwrapped(x, y)
        if lon > 180:
            lon -= 360
        elif lon < -180:
            lon += 360
        return lon, lat

    def xy(self, lon, lat):
        return (lon - self.lon0) * self.kx, (lat - self.lat0) * KM_DEG


class Port:
    def __init__(self, pid, kind, geometry, berths, edges, center, props=None, exact=()):
        self.id, self.kind, self.geometry = pid, kind, geometry
        self.berths, self.edges, self.center = berths, edges, center
        self.props, self.exact = props or {}, list(exact)


def star(rng, cx, cy, r, n=None):
    """A ring around (cx, cy) that no ray from there crosses twice: always simple, anticlockwise."""
    n = n or rng.randint(8, 12)
    pts = []
    for i in range(n):
        a = 2 * math.pi * (i + rng.uniform(-0.25, 0.25)) / n
        q = r * rng.uniform(0.66, 1.0)
        pts.append((cx + q * math.cos(a), cy + q * math.sin(a)))
    return pts


def edge_points(pts, cx, cy):
    out = []
    for i, (x, y) in enumerate(pts):
        x2, y2 = pts[(i + 1) % len(pts)]
        for ex, ey in ((x, y), ((x + x2) / 2, (y + y2) / 2)):
            d = math.hypot(ex - cx, ey - cy)
            out.append(((ex, ey), ((ex - cx) / d, (ey - cy) / d)))
    return out


def make_ports(rng, fr, seed, far_xy, start, dur):
    anti = abs(fr.lon0) > 178
    decimals = rng.choice([6, 6, 8])
    ids = set()

    def new_id():
        while True:
            s = rng.choice(COUNTRIES) + "".join(rng.choice(LETTERS) for _ in range(3))
            if s not in ids:
                ids.add(s)
                return s

    def fold(lon):
        return lon - 360 if lon > 180 else lon + 360 if lon < -180 else lon

    def ring(pts, reverse=False):
        """km points to a closed ring; it stays in one piece beyond 180 degrees."""
        out = [[round(c, decimals) for c in fr.unwrapped(x, y)] for x, y in pts]
        if all(abs(p[0]) > 180 for p in out):
            out = [[round(fold(p[0]), decimals), p[1]] for p in out]
        if reverse:
            out.reverse()
        return out + [list(out[0])]

    def box(w, s, e, n):
        return [[w, s], [e, s], [e, n], [w, n], [w, s]]

    # seven groups of features, kept apart
    spots = []
    while len(spots) < 7:
        a, r = rng.uniform(0, 2 * math.pi), 75 * math.sqrt(rng.random())
        c = (r * math.cos(a), r * math.sin(a))
        if not spots and anti:
            c = ((math.copysign(180, fr.lon0) - fr.lon0) * fr.kx, rng.uniform(-30, 30))
        if len(spots) == 1 and anti:
            c = ((math.copysign(180, fr.lon0) - fr.lon0) * fr.kx, spots[0][1] + rng.choice([-1, 1]) * rng.uniform(25, 40))
        if all(math.hypot(c[0] - d[0], c[1] - d[1]) > 21 for d in spots):
            spots.append(c)
    ports = []

    def rectangle(cx, cy, hw, hh, kind, **props):
        lon, lat = fr.unwrapped(cx, cy)
        w, e = round(lon - hw / fr.kx, 3), round(lon + hw / fr.kx, 3)
        s, n = round(lat - hh / KM_DEG, 3), round(lat + hh / KM_DEG, 3)
        coords = box(w, s, e, n)
        if w > 180 or e < -180:
            coords = box(round(fold(w), 3), s, round(fold(e), 3), n)
        mid_lon, mid_lat = round((w + e) / 2, 4), round((s + n) / 2, 4)
        exact = [fr.xy(*p) for p in ((w, mid_lat), (e, mid_lat), (mid_lon, s), (mid_lon, n), (w, s), (e, n))]
        mx, my = fr.xy((w + e) / 2, (s + n) / 2)
        edges = [(exact[0], (-1, 0)), (exact[1], (1, 0)), (exact[2], (0, -1)), (exact[3], (0, 1))]
        berths = [(mx + rng.uniform(-.6, .6) * hw, my + rng.uniform(-.6, .6) * hh) for _ in range(4)]
        p = Port(new_id(), kind, {"type": "Polygon", "coordinates": [coords]}, berths, edges, (mx, my), props, exact)
        p.bounds = (w, s, e, n)
        ports.append(p)
        return p

    def blob(cx, cy, r, kind, **props):
        pts = star(rng, cx, cy, r)
        berths = []
        for _ in range(4):
            a, q = rng.uniform(0, 6.283), rng.uniform(0.1, 0.5) * r
            berths.append((cx + q * math.cos(a), cy + q * math.sin(a)))
        p = Port(new_id(), kind, {"type": "Polygon", "coordinates": [ring(pts)]}, berths, edge_points(pts, cx, cy), (cx, cy), props)
        ports.append(p)
        return p

    # 1: a rectangle on round degrees, with an anchorage near it
    cx, cy = spots[0]
    rect = rectangle(cx, cy, rng.uniform(2, 4), rng.uniform(1.5, 3), "port", aliases=["Old Quay"], locode="XX " + new_id()[2:])
    a, d = rng.uniform(0, 6.283), rng.choice([7, 9, 14, 26, 33])
    blob(cx + d * math.cos(a), cy + d * math.sin(a), rng.uniform(1.5, 2.5), "anchorage")
    # 2: two parts; on the antimeridian one box cut in two
    cx, cy = spots[1]
    if anti:
        s, n = round(fr.unwrapped(cx, cy - 2)[1], 3), round(fr.unwrapped(cx, cy + 2)[1], 3)
        half = round(2.5 / fr.kx, 3)
        geo = {"type": "MultiPolygon", "coordinates": [[box(round(180 - half, 3), s, 180.0, n)], [box(-180.0, s, round(half - 180, 3), n)]]}
        berths = [(cx - 1.2, cy), (cx + 1.2, cy + .4), (cx, cy - .5)]
        edges = [((cx - half * fr.kx, cy), (-1, 0)), ((cx + half * fr.kx, cy), (1, 0)), ((cx, cy + 2), (0, 1))]
        ports.append(Port(new_id(), "port", geo, berths, edges, (cx, cy), {}, [(cx, cy)]))
    else:
        r1, r2 = rng.uniform(1.5, 2.2), rng.uniform(1.0, 1.8)
        a = rng.uniform(0, 6.283)
        bx, by = cx + 5 * math.cos(a), cy + 5 * math.sin(a)
        p1, p2 = star(rng, cx, cy, r1), star(rng, bx, by, r2)
        geo = {"type": "MultiPolygon", "coordinates": [[ring(p1)], [ring(p2)]]}
        ports.append(Port(new_id(), "port", geo, [(cx, cy), (cx + .4, cy), (bx, by), (bx, by - .3)],
                          edge_points(p1, cx, cy) + edge_points(p2, bx, by), (cx, cy), {"priority": 3}))
    # 3: a ring with a hole
    cx, cy = spots[2]
    r = rng.uniform(3.5, 5)
    outer, hole = star(rng, cx, cy, r, 11), star(rng, cx, cy, 0.3 * r, 7)
    berths = [(cx + .42 * r * math.cos(k), cy + .42 * r * math.sin(k)) for k in (0.5, 2.6, 4.7)] + [(cx, cy)]
    ports.append(Port(new_id(), "port", {"type": "Polygon", "coordinates": [ring(outer), ring(hole, True)]}, berths,
                      edge_points(outer, cx, cy) + [(p, (-v[0], -v[1])) for p, v in edge_points(hole, cx, cy)], (cx, cy),
                      {"exit_buffer_m": rng.choice([500, 1500, 2000])}))
    # 4: a parent with one or two children
    cx, cy = spots[3]
    if rng.random() < 0.4:
        parent = rectangle(cx, cy, 5, 4, "port")
        w, s, e, n = parent.bounds
        lon, lat = round((w + e) / 2 + .003, 3), round((s + n) / 2, 3)
        mx, my = fr.xy((w + lon) / 2, (s + lat) / 2)
        # a child that shares a corner and two edges
        child = rectangle(mx, my, 1, 1, "terminal")
        child.geometry = {"type": "Polygon", "coordinates": [box(w, s, lon, lat) if w <= 180 and e >= -180 else box(round(fold(w), 3), s, round(fold(lon), 3), lat)]}
        child.berths = [(mx, my), (mx + .5, my - .3)]
        child.exact = [fr.xy(lon, round((s + lat) / 2, 4)), fr.xy(w, s), fr.xy(lon, lat)]
        child.edges = [(child.exact[0], (1, 0)), (fr.xy(w, round((s + lat) / 2, 4)), (-1, 0))]
        parent.children = [child]
    else:
        r = rng.uniform(5, 6)
        parent = blob(cx, cy, r, "port")
        parent.children = [blob(cx + .22 * r, cy, .22 * r, "terminal")]
        if rng.random() < 0.7:
            parent.children.append(blob(cx - .24 * r, cy + .05 * r, .2 * r, rng.choice(["naval", "shipyard", "terminal"])))
    for child in parent.children:
        parent.berths += child.berths[:1]
    # 5: two that overlap and are not related
    cx, cy = spots[4]
    r = rng.uniform(2, 3)
    one = blob(cx, cy, r, "port")
    two = blob(cx + 1.1 * r, cy + .2 * r, r * rng.uniform(.8, 1.0), rng.choice(["port", "terminal", "naval"]))
    shared = (cx + .5 * r, cy + .1 * r)
    one.berths.append(shared)
    two.berths.append(shared)
    # 6: a point with a radius
    cx, cy = spots[5]
    r = rng.choice([0.8, 1.5, 2, 2.5])
    lon, lat = fr.lonlat(cx, cy)
    ports.append(Port(new_id(), rng.choice(["port", "terminal"]), {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]},
                      [(cx, cy), (cx + .3 * r, cy), (cx, cy - .5 * r)],
                      [((cx + r * math.cos(k), cy + r * math.sin(k)), (math.cos(k), math.sin(k))) for k in (0.3, 1.7, 3.4, 5)],
                      (cx, cy), {"radius_km": r}))
    # 7: a zone, at sea or around one of the ports
    cx, cy = spots[6] if rng.random() < .5 else (rect.center[0] + 3, rect.center[1] + 2)
    blob(cx, cy, rng.uniform(8, 14), "zone", watch=["area"])
    # 8: far away, for the ship that shares its number
    lon, lat = fr.lonlat(*far_xy)
    x, y = fr.xy(round(lon, 5), round(lat, 5))
    far = Port(new_id(), "port", {"type": "Point", "coordinates": [round(lon, 5), round(lat, 5)], }, [far_xy, (far_xy[0] + .8, far_xy[1])],
               [((far_xy[0] + 3, far_xy[1]), (1, 0))], far_xy, {"radius_km": 3})
    if len(ports) < 12:
        ports.append(far)
    # dates, on some seeds within the world
    if rng.random() < 0.6:
        p = rng.choice([q for q in ports if q.kind in ("port", "terminal") and q is not far])
        day = datetime.fromtimestamp((start + dur * rng.uniform(.4, .7)) / 1000, timezone.utc).date()
        p.props[rng.choice(["valid_from", "valid_to"])] = day.isoformat()
    feats = []
    for i, p in enumerate(ports):
        props = {"id": p.id, "name": "%s %s" % (rng.choice(["North", "South", "Old", "New", "Port", "Cape"]), p.id[2:].title()),
                 "country": p.id[:2], "kind": p.kind}
        props.update(p.props)
        feats.append({"type": "Feature", "properties": props, "geometry": p.geometry})
    rng.shuffle(feats)
    return ports, far, {"type": "FeatureCollection", "features": feats}


# ---------------------------------------------------------------- ships

class Seg:
    __slots__ = ("t0", "t1", "a", "b", "kind", "p", "script")

    def __init__(self, t0, t1, a, b, kind, p=None, script=None):
        self.t0, self.t1, self.a, self.b, self.kind, self.p, self.script = t0, t1, a, b, kind, p or {}, script


class Rec:
    """One report of a ship before it is encoded. lon None: no position."""
    __slots__ = ("t", "x", "y", "sog", "cog", "hdg", "nav", "nopos", "sat", "delay", "raw", "role")

    def __init__(self, t, x, y, sog, cog, hdg, nav, sat=False):
        self.t, self.x, self.y, self.sog, self.cog, self.hdg, self.nav, self.sat = t, x, y, sog, cog, hdg, nav, sat
        self.nopos, self.delay, self.raw, self.role = False, None, None, ""


class Ship:
    def __init__(self, rng, mmsi, cls, start, end, ports, count):
        self.rng, self.mmsi, self.cls, self.start, self.end, self.ports, self.count = rng, mmsi, cls, start, end, ports, count
        self.speed = rng.choice([rng.uniform(8, 14), rng.uniform(10, 18), rng.uniform(18, 32)])
        self.name = "".join(rng.choice(["KA", "MI", "RO", "TE", "LU", "SHO", "VI", "NA"]) for _ in range(rng.randint(2, 4)))
        self.callsign = "".join(rng.choice(LETTERS + "0123456789") for _ in range(rng.randint(4, 6)))
        self.imo = rng.randint(9000000, 9899999)
        self.dims = (rng.randint(20, 180), rng.randint(5, 40), rng.randint(4, 16), rng.randint(4, 16))
        self.type = rng.choice([70, 71, 79, 80, 82, 60, 30, 52])
        self.ms = rng.random() < 0.2  # stamps with milliseconds
        self.segs, self.silent, self.gaps = [], [], []  # silent: planned windows; gaps: windows as they came out
        self.statics = []  # (t, draught in 0.1 m, destination)
        self.recs, self.hidden, self.static_times = [], [], []

    # -- the voyage as it really is

    def build(self):
        r = self.rng
        home = r.choice(self.ports)
        self.t = self.start - r.randint(0, 2 * HOUR)
        self.pos = r.choice(home.berths) if r.random() < .5 else (home.center[0] + r.uniform(-40, 40), home.center[1] + r.uniform(-40, 40))
        self.statics.append((0, r.randint(30, 120), home.id))
        if r.random() < .4:
            self.stay(r.uniform(.3, 5), "moor")
        weights = [("call", 34), ("anchor", 12), ("transit", 10), ("edge", 9), ("gapcall", 9), ("exact", 8), ("round", 7),
                   ("loiter", 5), ("shift", 8), ("single", 4)]
        acts = [w[0] for w in weights]
        while self.t < self.end:
            act = r.choices(acts, [w[1] for w in weights])[0]
            port = r.choice(self.ports)
            getattr(self, "act_" + act)(port)
            self.count["act " + act] += 1
        self.starts = [s.t0 for s in self.segs]

    def add(self, hours, to, kind, p=None, script=None):
        t1 = self.t + max(1000, int(hours * HOUR))
        self.segs.append(Seg(self.t, t1, self.pos, to, kind, p, script))
        self.t, self.pos = t1, to

    def go(self, to, knots=None, kind="sail"):
        knots = knots or self.speed * self.rng.uniform(.85, 1.05)
        d = math.hypot(to[0] - self.pos[0], to[1] - self.pos[1])
        if d > 1e-6:
            self.add(d / (knots * KMH), to, kind, {"kn": knots})

    def sail(self, to):
        """Under way with a bend, slower for the last miles."""
        r = self.rng
        dx, dy = to[0] - self.pos[0], to[1] - self.pos[1]
        d = math.hypot(dx, dy)
        if d > 15:
            f, off = r.uniform(.3, .7), r.uniform(-.12, .12)
            self.go((self.pos[0] + f * dx - off * dy, self.pos[1] + f * dy + off * dx))
            dx, dy = to[0] - self.pos[0], to[1] - self.pos[1]
            d = math.hypot(dx, dy)
        if d > 4:
            f = 1 - r.uniform(1.5, 3.5) / d
            self.go((self.pos[0] + f * dx, self.pos[1] + f * dy))
        self.go(to, r.uniform(3.5, 7))

    def stay(self, hours, kind):
        r = self.rng
        p = {"r": r.uniform(.02, .12) if r.random() < .6 else r.uniform(.12, .3), "w": r.uniform(-1.5, 1.5), "ph": r.uniform(0, 6.28),
             "blind": r.random() < .1, "nav": r.choice([5, 5, 0, 15]) if kind == "moor" else r.choice([1, 1, 0])}
        self.add(hours, self.pos, kind, p)

    def reload(self, dest):
        r = self.rng
        last = self.statics[-1][1]
        d = last if r.random() < .3 else max(20, min(200, last + r.choice([-1, 1, -12, 17, -30, 25])))
        if r.random() < .06:
            d = 0
        name = dest if r.random() < .85 else r.choice(["", "@@", "  ", "FOR ORDERS", dest + " @OLD"])
        self.statics.append((self.t - r.randint(-40, 60) * MIN, d, name))
        self.statics.sort(key=lambda s: s[0])

    def act_call(self, port):
        r = self.rng
        self.sail(r.choice(port.berths))
        self.stay(r.choice([r.uniform(.2, .4), r.uniform(.5, 4), r.uniform(3, 12)]), "anchor" if port.kind in ("anchorage", "zone") else "moor")
        if r.random() < .25:  # quiet at the berth
            s = self.segs[-1]
            a = s.t0 + int(r.uniform(.02, .5) * (s.t1 - s.t0))
            self.silent.append((a, s.t1 - r.randint(-90, 30) * MIN, None))
        self.reload(r.choice(self.ports).id)

    def act_anchor(self, port):
        r = self.rng
        anch = [p for p in self.ports if p.kind == "anchorage"] or [port]
        if r.random() < .5:  # before the port
            self.sail(r.choice(anch[0].berths))
            self.stay(r.choice([r.uniform(.3, 3), r.uniform(2, 10)]), "anchor")
            self.act_call(self.ports[0] if r.random() < .7 else port)
        else:
            self.act_call(self.ports[0])
            self.sail(r.choice(anch[0].berths))
            self.stay(r.choice([r.uniform(.3, 3), r.uniform(2, 6)]), "anchor")

    def act_transit(self, port):
        r = self.rng
        x, y = r.choice(port.berths)
        a = r.uniform(0, 6.283)
        self.go((x + 15 * math.cos(a), y + 15 * math.sin(a)))
        self.go((x - 15 * math.cos(a), y - 15 * math.sin(a)))

    def act_edge(self, port):
        """Slow along the normal of an edge, to and fro; at rest exactly on it where the edge has round degrees."""
        r = self.rng
        (ex, ey), (nx, ny) = r.choice(port.edges)
        self.sail((ex, ey))
        for _ in range(r.randint(3, 7)):
            q = r.choice([-.4, -.1, -.02, 0, .02, .1, .5, .95, 1.0, 1.05, 1.3, 2.05])
            to = (ex + q * nx + r.uniform(-.05, .05) * ny, ey + q * ny - r.uniform(-.05, .05) * nx)
            self.go(to, r.choice([r.uniform(.3, .6), r.uniform(.8, 1.6), 1.0]), "drift")
            if port.exact and r.random() < .6:
                to = r.choice(port.exact)
                self.go(to, r.uniform(2, 5), "drift")
                self.add(r.choice([.25, .3, .5]), to, "still", {"blind": r.random() < .3})
                self.count["still on an edge"] += 1
            elif r.random() < .3:
                self.add(r.uniform(.1, .6), self.pos, "moor", {"r": .01, "nav": 0, "blind": False})

    def act_gapcall(self, port):
        r = self.rng
        self.sail(r.choice(port.berths))
        arrived = self.t
        d = r.choice([4 * HOUR, 4 * HOUR - SEC, 4 * HOUR + SEC, None, None, None])
        hours = d / HOUR + .02 if d else r.uniform(4.2, 14)
        self.stay(hours, "moor")
        self.silent.append((arrived - r.randint(0, 12) * MIN, self.t + r.randint(0, 90) * MIN, d))
        self.reload(r.choice(self.ports).id)
        self.count["silence planned in port"] += 1

    def act_exact(self, port):
        """A stop of 15 minutes to the second, or one unit less or more, between reports that are no stop."""
        r = self.rng
        self.sail(r.choice(port.berths))
        unit = 1 if self.ms else SEC
        total = 15 * MIN + r.choice([0, 0, 0, -unit, unit])
        t0 = (self.t // SEC + 1) * SEC
        script = [(t0, r.choice([6, 9, 12])), (t0 + MIN, r.choice([6, 10]))]
        base = t0 + 3 * MIN
        cuts = [0, 5 * MIN, 10 * MIN, total] if r.random() < .7 else [0, total]
        script += [(base + c, r.choice([0, 2, 5])) for c in cuts]
        script += [(base + total + 2 * MIN, r.choice([6, 8, 9])), (base + total + 4 * MIN, r.choice([10, 12]))]
        if r.random() < .6:
            script.append((base + total + 5 * MIN, r.choice([9, 10, 11])))
        blind = r.random() < .15
        if blind:
            script = [(t, None) for t, _ in script]
        self.add((script[-1][0] + SEC - self.t) / HOUR, self.pos, "script", {"nav": 0}, script)
        self.count["stop of 15 min exactly" if total == 15 * MIN else "stop of 15 min off by one"] += 1

    def act_round(self, port):
        """Out some 20 nm and back to the same port."""
        r = self.rng
        berth = r.choice(port.berths)
        self.sail(berth)
        self.stay(r.uniform(.4, 2), "moor")
        a, q = r.uniform(0, 6.283), 37.04 + r.choice([-8, -.6, -.1, .1, .6, 8])
        self.go((berth[0] + q * math.cos(a), berth[1] + q * math.sin(a)))
        self.sail(berth)
        self.stay(r.uniform(.4, 2), "moor")

    def act_loiter(self, port):
        r = self.rng
        c = (port.center[0] + r.uniform(-30, 30), port.center[1] + r.uniform(-30, 30))
        self.sail(c)
        for _ in range(r.randint(2, 4)):
            self.go((c[0] + r.uniform(-3, 3), c[1] + r.uniform(-3, 3)), r.uniform(.5, 2), "drift")

    def act_shift(self, port):
        """From berth to berth within a port and its neighbours."""
        r = self.rng
        near = [b for p in self.ports for b in p.berths if math.hypot(b[0] - port.center[0], b[1] - port.center[1]) < 9]
        for _ in range(r.randint(2, 4)):
            self.sail(r.choice(near))
            self.stay(r.choice([.2, .25, .3, r.uniform(.3, 2)]), "moor")

    def act_single(self, port):
        """Through a port with one report inside, ten minutes from its neighbours to the second or nearly."""
        r = self.rng
        x, y = port.berths[0]
        a, kn = r.uniform(0, 6.283), 30
        d = kn * KMH / 6
        gap1, gap2 = (10 * MIN + r.choice([0, 0, -SEC, SEC]) for _ in range(2))
        self.sail((x + d * math.cos(a), y + d * math.sin(a)))
        t0 = (self.t // SEC + 1) * SEC
        script = [(t0, 300), (t0 + gap1, 300), (t0 + gap1 + gap2, 300)]
        if r.random() < .3:
            script.append((t0 + gap1 + gap2 + 10 * MIN, 300))
        self.add((script[-1][0] + SEC - self.t) / HOUR, (x - d * math.cos(a), y - d * math.sin(a)), "script", {"nav": 0}, script)
        self.count["single inside"] += 1

    # -- the reports

    def at(self, t):
        i = max(0, bisect_right(self.starts, t) - 1)
        return self.segs[i]

    def report(self, t, sog="auto", sat=False):
        r, s = self.rng, self.at(t)
        f = min(1.0, max(0.0, (t - s.t0) / max(1, s.t1 - s.t0)))
        x, y = s.a[0] + f * (s.b[0] - s.a[0]), s.a[1] + f * (s.b[1] - s.a[1])
        cog = math.degrees(math.atan2(s.b[0] - s.a[0], s.b[1] - s.a[1])) % 360
        nav, v, noise = 0, 0.0, .004
        if s.kind == "sail":
            v, cog = s.p["kn"] + r.uniform(-.3, .3), cog + r.uniform(-2, 2)
        elif s.kind == "drift":
            v = max(0, s.p["kn"] + r.uniform(-.25, .25))
        elif s.kind == "anchor":
            ph = s.p["ph"] + s.p["w"] * (t - s.t0) / HOUR
            x, y = x + s.p["r"] * math.cos(ph), y + s.p["r"] * math.sin(ph)
            v, nav, cog = r.choice([0, .1, .2, .3, .4, .5, .5, .6]), s.p["nav"], r.uniform(0, 360)
        elif s.kind == "moor":
            v, nav, cog, noise = r.choice([0, 0, 0, .1, .2, .5]), s.p["nav"], r.uniform(0, 360), .01
        elif s.kind in ("still", "script"):
            noise = 0
        if noise:
            x, y = x + r.gauss(0, noise), y + r.gauss(0, noise)
        if sog == "auto":
            sog = None if s.p.get("blind") or r.random() < .012 else round(v * 10)
            if sog is None:
                self.count["SOG absent"] += 1
        cog10 = None if r.random() < .02 else round(cog * 10) % 3600
        hdg = 511 if r.random() < .1 else int(cog) % 360
        return Rec(t, x, y, sog, cog10, hdg, nav, sat)

    def sample(self, target):
        """Report times: spells of a rate, silences between them, at most about `target` reports."""
        r = self.rng
        grid = 1 if self.ms else SEC
        t = self.start // SEC * SEC + (r.randint(0, 999) if self.ms else 0)
        scripts = [s for s in self.segs if s.script]
        silent = sorted(self.silent, key=lambda w: w[:2])
        spell_end, step, jitter, sat = 0, 180 * SEC, 0, False
        span = max(1, self.end - self.start)
        while t < self.end:
            self.recs.append(self.report(t, sat=sat))
            while silent and silent[0][1] <= t:
                silent.pop(0)
            if t >= spell_end:
                if spell_end and not self.sparse and r.random() < .13:
                    d = r.choice([30 * MIN, 30 * MIN, 30 * MIN - grid, 4 * HOUR, 4 * HOUR - grid, 30 * MIN + grid]) if r.random() < .4 \
                        else int(10 * MIN * 120 ** r.random()) // grid * grid
                    self.gaps.append((t, t + d))
                    if d in (30 * MIN, 4 * HOUR):
                        self.count["silence of %s exactly" % ("30 min" if d == 30 * MIN else "4 h")] += 1
                    elif d >= 30 * MIN:
                        self.count["silence drawn"] += 1
                    t += d
                    spell_end = t
                    continue
                ahead = len(self.recs) / target > (t - self.start) / span
                mode = r.choices(["dense", "m1", "m2", "m3", "m5", "m10", "sat"], [1, 1, 2, 5, 14, 8, 5] if ahead else [6, 14, 14, 10, 4, 2, 2])[0]
                if self.sparse:
                    mode = "sat"
                self.count["spell " + mode] += 1
                sat = mode == "sat"
                step, length = {"dense": (10, r.uniform(2, 6)), "m1": (60, 60), "m2": (120, 90), "m3": (180, 150), "m5": (300, 180),
                                "m10": (600, 120), "sat": (0, r.uniform(300, 900))}[mode]
                step *= SEC
                jitter = 0 if r.random() < .4 else step // 6
                spell_end = t + int(length * r.uniform(.5, 1.5)) * MIN
            d = step + (r.randint(-jitter, jitter) if jitter else 0)
            if sat:
                d = r.choice([20 * MIN, 30 * MIN, HOUR]) if r.random() < .15 else int(20 * MIN * 9 ** r.random())
            nxt = t + max(grid, d // grid * grid)
            if silent and nxt >= silent[0][0] > self.start:
                _, b, exact = silent.pop(0)
                b = t + exact if exact else b // grid * grid
                if b > nxt:
                    if exact == 4 * HOUR:
                        self.count["silence of 4 h exactly"] += 1
                    self.gaps.append((t, b))
                    t = b
                    continue
            while scripts and scripts[0].script[0][0] <= t:
                scripts.pop(0)
            if scripts and nxt >= scripts[0].script[0][0]:
                script = scripts.pop(0).script
                for ts, sog in script[:-1]:
                    self.recs.append(self.report(ts, sog))
                t = script[-1][0]
                self.recs.append(self.report(t, script[-1][1]))
                t += r.choice([MIN, 2 * MIN, 5 * MIN])
                continue
            t = nxt
        self.recs = [q for q in self.recs if self.start <= q.t < self.end]
        self.gaps = [g for g in self.gaps if g[0] < self.end]

    def no_position(self):
        """Reports of 181/91: few while heard, more in silences."""
        r, extra = self.rng, []
        for a, b in self.gaps:
            if b - a < 20 * MIN or r.random() > .22:
                continue
            style = r.choice(["one", "one", "few", "withheld"])
            if style == "one":
                ts = [a + r.choice([30 * MIN, 30 * MIN - SEC, (b - a) // 2 // SEC * SEC])]
            elif style == "few":
                ts = [a + int((b - a) * r.random()) // SEC * SEC for _ in range(r.randint(2, 5))]
            else:
                ts, t = [], a
                while t < b and len(ts) < 60:
                    t += r.choice([5, 10, 20, 29]) * MIN
                    ts.append(t)
            for t in ts:
                if a < t < b and t < self.end:
                    q = self.report(t)
                    q.nopos = True
                    extra.append(q)
                    self.count["no position in a silence"] += 1
        for q in self.recs:
            if r.random() < .004:
                e = self.report(q.t + r.randint(1, 60) * SEC)
                e.nopos = True
                extra.append(e)
                self.count["no position while heard"] += 1
        self.recs = sorted(self.recs + extra, key=lambda q: q.t)

    def plan_statics(self):
        r, t = self.rng, self.start + r_min(self.rng, 1, 40)
        silent = sorted(self.gaps)
        while t < self.end:
            hit = any(a < t < b for a, b in silent)
            if not hit or r.random() < .2:
                self.static_times.append(t)
                if hit:
                    self.count["static in a silence"] += 1
            t += r_min(r, 30, 150)
        for a, b in silent:
            if b - a >= 30 * MIN and r.random() < .35:
                self.static_times.append(b + r.choice([SEC, 10 * MIN, 59 * MIN, 60 * MIN, 60 * MIN + SEC]))
            if b - a >= 30 * MIN and r.random() < .15:
                self.static_times.append(a + r.choice([0, SEC, 5 * MIN]))
        self.static_times = sorted(t for t in set(self.static_times) if t < self.end)

    def static_at(self, t):
        cur = self.statics[0]
        for s in self.statics:
            if s[0] <= t:
                cur = s
        return cur[1], cur[2]


def r_min(r, a, b):
    return r.randint(a * 60, b * 60) * SEC


# ---------------------------------------------------------------- messages and lines

class Msg:
    __slots__ = ("t", "mmsi", "typ", "bits", "arr", "st", "role", "moving", "pair", "group", "ship", "vdo", "suffix", "delayed")

    def __init__(self, t, mmsi, typ, bits, arr, st, ship=None, suffix=False):
        self.t, self.mmsi, self.typ, self.bits, self.arr, self.st, self.ship, self.suffix = t, mmsi, typ, bits, arr, st, ship, suffix
        self.role, self.moving, self.pair, self.group, self.vdo, self.delayed = "", False, None, None, False, False

    def copy(self):
        m = Msg(self.t, self.mmsi, self.typ, self.bits, self.arr, self.st, self.ship, self.suffix)
        m.moving = self.moving
        return m


def encode_pos(rng, ship, q, fr):
    if q.nopos:
        lon = lat = None
    elif q.raw:
        lon, lat = q.raw
    else:
        lon, lat = fr.lonlat(q.x, q.y)
    sec = q.t // 1000 % 60
    moving = q.sog is not None and q.sog > 10
    radio = rng.getrandbits(19) if moving or rng.random() < .7 else 0
    sog = 1023 if q.sog is None else min(1022, q.sog)
    cog = 3600 if q.cog is None else q.cog
    if ship.cls == "A" and q.sat and rng.random() < .4:
        rl, rb = raw_lonlat(lon, lat, 600)
        return 27, pack((27, 6), (3, 2), (ship.mmsi, 30), (0, 1), (0, 1), (q.nav, 4), (rl, 18), (rb, 17),
                        (63 if q.sog is None else min(62, round(q.sog / 10)), 6), (511 if q.cog is None else q.cog // 10, 9), (0, 1), (0, 1))
    rl, rb = raw_lonlat(lon, lat)
    if ship.cls == "A":
        typ = rng.choices([1, 2, 3], [8, 1, 2])[0]
        return typ, pack((typ, 6), (0, 2), (ship.mmsi, 30), (q.nav, 4), (128, 8), (sog, 10), (1, 1), (rl, 28), (rb, 27), (cog, 12),
                         (q.hdg, 9), (sec, 6), (0, 2), (0, 3), (0, 1), (radio, 19))
    if rng.random() < .03:
        a, b, c, d = ship.dims
        return 19, pack((19, 6), (0, 2), (ship.mmsi, 30), (0, 8), (sog, 10), (1, 1), (rl, 28), (rb, 27), (cog, 12), (q.hdg, 9), (sec, 6),
                        (0, 4), text(ship.name, 20), (ship.type, 8), (a, 9), (b, 9), (c, 6), (d, 6), (1, 4), (0, 1), (0, 1), (0, 1), (0, 4))
    return 18, pack((18, 6), (0, 2), (ship.mmsi, 30), (0, 8), (sog, 10), (1, 1), (rl, 28), (rb, 27), (cog, 12), (q.hdg, 9), (sec, 6),
                    (0, 2), (1, 1), (0, 1), (1, 1), (1, 1), (1, 1), (0, 1), (0, 1), (radio, 20))


def encode_5(rng, ship, t):
    draught, dest = ship.static_at(t)
    a, b, c, d = ship.dims
    if rng.random() < .04:
        a = b = c = d = 0
    imo = 0 if rng.random() < .04 else ship.imo
    acc, n = pack((5, 6), (0, 2), (ship.mmsi, 30), (0, 2), (imo, 30), text(ship.callsign, 7), text(ship.name, 20), (ship.type, 8), (a, 9), (b, 9),
                  (c, 6), (d, 6), (1, 4), (7, 4), (14, 5), (12, 5), (30, 6), (draught, 8), text(dest, 20), (0, 1), (0, 1))
    return (acc >> 2, n - 2) if rng.random() < .05 else (acc, n)


def encode_24(ship, part):
    if part == 0:
        return pack((24, 6), (0, 2), (ship.mmsi, 30), (0, 2), text(ship.name, 20))
    a, b, c, d = ship.dims
    return pack((24, 6), (0, 2), (ship.mmsi, 30), (1, 2), (ship.type, 8), text("DRK", 3), (1, 4), (7, 20), text(ship.callsign, 7),
                (a, 9), (b, 9), (c, 6), (d, 6), (0, 6))


class Writer:
    """Messages in arrival order to lines: TAG blocks, groups, suffix stamps, parts."""

    def __init__(self, rng, count):
        self.rng, self.count = rng, count
        self.seq, self.gid, self.lineno = Counter(), rng.randint(1, 800), 0
        self.lines = []  # (arrival, order, text)

    def put(self, arr, line):
        self.lines.append((arr, len(self.lines), line))

    def tag(self, m, group=None, short=False, bad=False):
        r = self.rng
        stamp = str(m.t // 1000) if m.t % 1000 == 0 and r.random() < .88 else str(m.t)
        if len(stamp) > 10:
            self.count["c: in ms"] += 1
        parts = ["s:" + m.st, "c:" + stamp]
        if r.random() < .3:
            parts.reverse()
        if r.random() < .05:
            parts.append("n:%d" % r.randint(1, 999))
        if short:
            parts = []
        body = ",".join(([group] if group else []) + parts)
        cs = checksum(body)
        if bad:
            cs = "%02X" % (int(cs, 16) ^ 0x15)
        return "\\%s*%s\\" % (body, cs)

    def suffix(self, m):
        stamp = m.t // 1000 if m.t % 1000 == 0 else m.t
        number = m.st[1:] if m.st[1:].isdigit() else "00369%04d" % (sum(map(ord, m.st)) % 10000)
        return ",s%05d,d-0%02d,r%s,%d" % (self.rng.randint(20000, 29999), self.rng.randint(40, 99), number, stamp)

    def sentence(self, m, total, num, seq, chan, payload, fill):
        talker = "AIVDO" if m.vdo else self.talker
        body = "%s,%d,%d,%s,%s,%s,%d" % (talker, total, num, seq, chan, payload, fill)
        cs = checksum(body)
        return "!%s*%s" % (body, cs.lower() if self.rng.random() < .01 else cs)

    def write(self, m):
        r = self.rng
        self.talker = "AIVDM" if r.random() < .95 else r.choice(["BSVDM", "ABVDM", "ANVDM"])
        payload, fill = armour(m.bits)
        chan = r.choice("AB")
        if len(payload) <= 60 and not (m.typ == 19 and r.random() < .4):
            s = self.sentence(m, 1, 1, "", chan, payload, fill)
            if m.role == "no_time":
                return self.put(m.arr, s)
            if m.suffix:
                return self.put(m.arr, s + self.suffix(m))
            if m.group:
                num, kind = m.group[0], m.group[2]
                if num == 1:
                    self.gid += 1
                    self.shared = self.gid
                g = "g:%d-2-%d" % (num, self.shared) if kind == "g" else "%dG2:%d" % (num, self.shared)
                self.count["TAG group of two messages"] += num == 1
                return self.put(m.arr, self.tag(m, g, num == 2) + s)
            if r.random() < .006:  # a group with a sentence of another kind
                self.gid += 1
                self.put(m.arr, self.tag(m, "g:1-2-%d" % self.gid) + s)
                vsi = "ARVSI,%s,,%d,%d" % (m.st, r.randint(0, 59), r.randint(-110, -60))
                return self.put(m.arr, self.tag(m, "g:2-2-%d" % self.gid, True) + "$%s*%s" % (vsi, checksum(vsi)))
            bad = r.random() < .002
            self.count["TAG checksum wrong"] += bad
            return self.put(m.arr, self.tag(m, bad=bad) + s)
        # parts
        cut = r.choice([56, 56, 60, 28, 59]) if len(payload) > 60 else 28
        pieces = [payload[:cut], payload[cut:]]
        if m.pair and m.pair[0] is not None:
            seq, chan = m.pair[0]
        else:
            key = "sfx" if m.suffix else m.st
            seq = self.seq[key] % 10
            self.seq[key] += 1
        self.count["messages in two parts"] += 1
        style = "sfx" if m.suffix else r.choice(["g", "G", "both"])
        wait = m.pair[1] if m.pair else r.choice([0, 0, 0, 0, 400, 1500])
        drop = 0 if m.pair or r.random() > .03 else r.choice([1, 2])
        if drop:
            self.count["part missing"] += 1
        self.gid = self.gid % 9000 + 1
        for i, piece in enumerate(pieces, 1):
            s = self.sentence(m, 2, i, seq, chan, piece, fill if i == 2 else 0)
            if style == "sfx":
                line = s + self.suffix(m)
            elif style == "both":
                line = self.tag(m) + s
            else:
                self.count["TAG group g:" if style == "g" else "TAG group 1G2:"] += i == 1
                line = self.tag(m, "g:%d-2-%d" % (i, self.gid) if style == "g" else "%dG2:%d" % (i, self.gid), i == 2) + s
            if i != drop:
                self.put(m.arr + (wait if i == 2 else 0), line)


# ---------------------------------------------------------------- the world

def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--plain", action="store_true")
    args = ap.parse_args()
    os.makedirs(args.out, exist_ok=True)
    rng = random.Random(args.seed)
    sub = {k: random.Random(rng.getrandbits(64)) for k in ("ports", "ships", "encode", "jump", "late", "copies", "future", "noise", "lines", "table")}
    count, wild = Counter(), not args.plain

    place = args.seed % 6
    lon0, lat0 = [(131.2, 42.1), (31.0, 70.2), (-57.4, -36.2), (rng.choice([179.9, -179.9]), rng.choice([-17.3, 52.4])),
                  (0.4, 0.2), (rng.uniform(-170, 170), rng.uniform(-55, 60))][place]
    fr = Frame(round(lon0, 3), round(lat0, 3))
    start = (datetime(2023, 1, 1, tzinfo=timezone.utc) + timedelta(days=rng.randint(0, 700), seconds=rng.randint(0, 86399)))
    start = int(start.timestamp()) * 1000
    dur = rng.randint(60, 112) * HOUR
    end = start + dur
    far_xy = (rng.choice([-1, 1]) * rng.uniform(450, 800), rng.uniform(-100, 100))
    ports, far, geojson = make_ports(sub["ports"], fr, args.seed, far_xy, start, dur)
    near_ports = [p for p in ports if p is not far]
    with open(os.path.join(args.out, "ports.geojson"), "w", encoding="utf-8", newline="\n") as f:
        json.dump(geojson, f, indent=1)
        f.write("\n")

    # ---- ships
    r = sub["ships"]
    n = r.randint(12, 23)
    target = r.randint(10500, 18500)
    used, ships = set(), []

    def new_mmsi(mid=None):
        while True:
            m = (mid or r.choice(MIDS)) * 1000000 + r.randint(1000, 999999)
            if m not in used:
                used.add(m)
                return m

    def fill(ship, share, sparse=False):
        ship.sparse = sparse
        ship.build()
        ship.sample(share)
        ship.no_position()
        ship.plan_statics()
        return ship

    for i in range(n):
        mid = None
        if i == 1:
            mid = r.choice([500, 780, 217, 199])
            count["MID not allotted"] += 1
        cls = "A" if i < 3 or r.random() < .72 else "B"
        a, b = start, end
        if r.random() < .2:
            a += int(dur * r.uniform(.05, .4))
        if r.random() < .2:
            b -= int(dur * r.uniform(.05, .4))
        s = Ship(random.Random(r.getrandbits(64)), new_mmsi(mid), cls, a, b, near_ports, count)
        ships.append(fill(s, target / n * (b - a) / dur, sparse=i in (2, 3)))
    ships[4].suffix = ships[min(7, n - 1)].suffix = True
    # one number, a second ship far away
    a = start + int(dur * r.uniform(.1, .5))
    twin = Ship(random.Random(r.getrandbits(64)), ships[5].mmsi, ships[5].cls, a, min(end, a + r.randint(15, 40) * HOUR), [far], count)
    ships.append(fill(twin, 300))
    count["MMSI of two ships far apart"] += len(twin.recs)
    # one number, a second ship close by
    model = ships[6]
    a = max(model.start, start + int(dur * r.uniform(.1, .6)))
    b = min(end, model.end, a + r.randint(8, 20) * HOUR)
    if b > a:
        twin = Ship(random.Random(r.getrandbits(64)), model.mmsi, model.cls, a, b, near_ports, count)
        dx, dy, dt = r.choice([.3, .9, 2, 4]), r.choice([-3, -.5, .5, 2]), r.randint(-10, 10) * MIN
        twin.segs = [Seg(s.t0 + dt, s.t1 + dt, (s.a[0] + dx, s.a[1] + dy), (s.b[0] + dx, s.b[1] + dy), s.kind, s.p) for s in model.segs]
        twin.starts, twin.statics, twin.sparse = [s.t0 for s in twin.segs], [(0, 71, "TWIN")], False
        twin.sample(250)
        twin.plan_statics()
        ships.append(twin)
        count["MMSI of two ships close by"] += len(twin.recs)

    # ---- false fixes
    r = sub["jump"]
    if wild:
        def displaced(q, km=None, a=None):
            a, d = r.uniform(0, 6.283) if a is None else a, km or r.choice([r.uniform(20, 80), r.uniform(80, 400)])
            q.x, q.y, q.role = q.x + d * math.cos(a), q.y + d * math.sin(a), "jump"

        for s in ships:
            for q in s.recs[3:]:
                if not q.nopos and r.random() < .0016:
                    displaced(q)
                    count["single false fix"] += 1
                elif not q.nopos and r.random() < .0008:
                    displaced(q, r.choice([.95, .99, 1.0, 1.01, 1.05, 2.0]))
                    count["false fix of about 1 km"] += 1
        for name, length in (("candidate that never confirms", 2), ("candidate that never confirms", 2), ("candidate that dies at its age", 3), ("false spell that confirms", 4)):
            s = r.choice(ships[:n])
            if len(s.recs) < 60:
                continue
            if length == 4 and r.random() < .5:
                continue
            i, a, d = r.randint(20, len(s.recs) - 25), r.uniform(0, 6.283), r.uniform(60, 300)
            t = s.recs[i].t
            picks = [s.recs[i + k] for k in range(length)]
            if length == 3:
                picks = [next((q for q in s.recs[i:] if q.t >= t + m * MIN), s.recs[-1]) for m in (0, 35, 61)]
            for q in picks:
                if q.role == "" and not q.nopos:
                    displaced(q, d, a)
            count[name] += 1
        for s in r.sample(ships[:n], 2):
            a, d = r.uniform(0, 6.283), r.uniform(100, 400)
            k = r.choice([1, 1, 2])
            for q in s.recs[:k]:
                q.nopos = False
                displaced(q, d, a)
            count["false first fix (%d)" % k] += 1

    # ---- late: delays of reports, hidden reports of silences
    r = sub["late"]
    if wild:
        for s in ships:
            for a, b in s.gaps:
                if b - a < 45 * MIN or r.random() > .4:
                    continue
                k = r.choice([1, 1, 2, 3, 6, 6, 25])
                ts = sorted({a + int((b - a) * r.random()) // SEC * SEC for _ in range(k)})
                if r.random() < .3:
                    ts = sorted(set(ts + [a + 30 * MIN]))
                qs = [s.report(t, sat=r.random() < .2) for t in ts if a < t < min(b, s.end)]
                style = r.choice(["after", "after", "during", "mixed"])
                common = r.randint(1, 300) * MIN
                if style == "after" and r.random() < .5:
                    r.shuffle(qs)
                for j, q in enumerate(qs):
                    if style == "after" or style == "mixed" and r.random() < .5:
                        q.delay = b - q.t + common + j * r.randint(0, 3) * SEC
                    else:
                        q.delay = r.choice([r.randint(40, 300) * SEC, r.randint(2, 90) * MIN, r.randint(30, 400) * MIN])
                    q.role = "late"
                    if r.random() < .08:
                        displaced(q, r.uniform(30, 300))
                        count["late, unreachable"] += 1
                    if r.random() < .05:
                        q.nopos = True
                        count["late, no position"] += 1
                    count["late into a silence (%s)" % style] += 1
                    s.hidden.append(q)
            for q in s.recs:
                if q.role == "" and r.random() < (.06 if q.sat else .003):
                    q.delay = r.choice([r.randint(32, 90) * SEC, r.randint(2, 60) * MIN, r.randint(60, 420) * MIN])
                    q.role = "late"
                    count["report delayed"] += 1
        if dur > 80 * HOUR:
            for _ in range(3):
                s = r.choice(ships[:n])
                g = [g for g in s.gaps if g[1] - g[0] > HOUR and g[1] < end - 75 * HOUR]
                if g:
                    a, b = r.choice(g)
                    q = s.report((a + b) // 2 // SEC * SEC)
                    q.delay = b - q.t + 72 * HOUR + r.choice([-30, -1, 1, 60]) * MIN
                    s.hidden.append(q)
                    count["late by about 72 h"] += 1

    # ---- encode
    r = sub["encode"]
    stations = ["r%09d" % r.randint(3660000, 3669999), "kst" + str(r.randint(10, 99)), "st-" + r.choice(LETTERS) + "1", "shore4"]
    places = [(r.uniform(-70, 70), r.uniform(-70, 70)) for _ in stations]
    sats = ["sat1", "sat2"]

    def latency(g):
        u = g.random()
        ms = g.uniform(0, 3000) if u < .8 else g.uniform(3000, 10000) if u < .95 else g.uniform(10000, 20000)
        return int(ms)

    def station(g, x, y):
        if g.random() < .15:
            return g.choice(stations)
        return min(zip(stations, places), key=lambda p: math.hypot(p[1][0] - x, p[1][1] - y))[0]

    msgs = []
    for s in ships:
        sfx = getattr(s, "suffix", False)
        for q in s.recs + s.hidden:
            typ, bits = encode_pos(r, s, q, fr)
            m = Msg(q.t, s.mmsi, typ, bits, q.t + (q.delay if q.delay is not None else latency(r)), r.choice(sats) if q.sat else station(r, q.x, q.y), s, sfx)
            m.moving = q.sog is not None and q.sog > 10
            m.delayed, m.role = q.delay is not None, q.role
            msgs.append(m)
        for t in s.static_times:
            p = s.at(t).a
            st = station(r, *p)
            if s.cls == "A":
                msgs.append(Msg(t, s.mmsi, 5, encode_5(r, s, t), t + latency(r), st, s, sfx))
            else:
                arr = t + latency(r)
                one, two = (Msg(t, s.mmsi, 24, encode_24(s, k), arr, st, s, sfx) for k in (0, 1))
                if not sfx and r.random() < .5:
                    style = r.choice("gG")
                    one.group, two.group = (1, 2, style), (2, 2, style)
                elif r.random() < .3:
                    two.arr += 5000
                msgs += [one, two] if one.group or r.random() < .9 else [two]
    # parts of two ships, interleaved
    bigs = [s for s in ships[:n] if s.cls == "A" and not getattr(s, "suffix", False)]
    for _ in range(9):
        s, o = r.sample(bigs, 2)
        a, b = max(s.start, o.start), min(s.end, o.end)
        if b - a < 2 * HOUR:
            continue
        t = a + int((b - a) * r.uniform(.05, .95)) // SEC * SEC
        arr, st = t + latency(r), r.choice(stations)
        same = r.random() < .5
        m1 = Msg(t, s.mmsi, 5, encode_5(r, s, t), arr, st, s)
        m2 = Msg(t, o.mmsi, 5, encode_5(r, o, t), arr + 1, st if not same else r.choice([x for x in stations if x != st]), o)
        seq = (r.randint(0, 9), r.choice("AB"))
        m1.pair, m2.pair = (seq if same else None, r.choice([2, 5])), (seq if same else None, 3)
        msgs += [m1, m2]
        count["parts of two ships interleaved"] += 1
    # hours without any line
    g0 = start + int(dur * sub["future"].uniform(.3, .7))
    g1 = g0 + int(sub["future"].uniform(2, 5) * HOUR)
    kept = []
    for m in msgs:
        if g0 <= m.arr < g1 or g0 <= m.t < g1:
            if not m.delayed:
                continue
            if m.arr < g1:
                m.arr = g1 + r.randint(1, 7200) * SEC
        if m.arr > end + 30 * SEC:
            if r.random() < .5:
                continue
            m.arr = end + r.randint(0, 30) * SEC
        kept.append(m)
    msgs = kept
    count["feed silent, minutes"] = (g1 - g0) // MIN

    # ---- copies
    r = sub["copies"]
    extra = []
    tail = end - 10 * MIN
    for m in msgs:
        if m.role == "late" or m.delayed:
            if r.random() < .1:
                c = m.copy()
                c.arr, c.delayed, c.role = m.arr + r.randint(0, 3600) * SEC, True, "late"
                c.st = r.choice(stations)
                extra.append(c)
                count["late, twice"] += 1
            continue
        u = r.random()
        others = [x for x in stations if x != m.st]
        if u < .08 and not m.group and not m.pair:
            for _ in range(r.choice([1, 1, 1, 2])):
                c = m.copy()
                c.suffix, c.st = False, r.choice(others)
                c.t += r.choice([0, 0, r.randint(-5, 5) * SEC, r.randint(-5, 5) * SEC])
                c.arr = m.t + latency(r)
                extra.append(c)
                count["duplicate"] += 1
        elif u < .0815 and m.typ in (1, 2, 3, 18):
            c = m.copy()
            c.bits = (c.bits[0] | (1 << (c.bits[1] - 8)), c.bits[1])  # repeat indicator 1: other bits, no duplicate
            c.suffix, c.st, c.arr = False, r.choice(others), m.t + latency(r)
            extra.append(c)
            count["copy of a repeater"] += 1
        elif wild and u < (.087 if m.moving else .083) and m.typ in (1, 2, 3, 18, 19):
            c = m.copy()
            d = r.choice([30 * SEC, 31 * SEC, r.randint(40, 300) * SEC, r.randint(2, 29) * MIN, r.randint(2, 29) * MIN, 30 * MIN, 30 * MIN + SEC, r.randint(35, 90) * MIN])
            c.suffix, c.st, c.t = False, r.choice(others), m.t + d
            c.arr = c.t + latency(r)
            if c.t < tail and not (g0 - MIN < c.arr < g1):
                extra.append(c)
                count["restamped" if m.moving else "restamped, slow ship"] += 1
        elif wild and u > .998 and m.typ != 5:
            c = m.copy()
            c.arr, c.delayed, c.suffix, c.st = m.arr + r.choice([r.randint(1, 60), r.randint(60, 1200)]) * MIN, True, False, r.choice(others)
            if c.arr < end and not (g0 < c.arr < g1):
                extra.append(c)
                count["late copy of an old one"] += 1
        elif wild and u > .9975 and m.typ in (5, 24) and not m.group:
            m.arr += r.randint(1, 200) * MIN
            if g0 < m.arr < g1:
                m.arr = g1 + SEC
            m.delayed = True
            count["static delayed"] += 1
    msgs += extra

    # ---- stamps at the edge of the bound and in the future
    r = sub["future"]
    msgs.sort(key=lambda m: (m.arr, m.t, m.mmsi))
    if wild:
        by_t = {}
        for m in msgs:
            if m.typ in (1, 2, 3, 18) and not m.delayed and not m.role and not m.group:
                by_t.setdefault(m.t, m)
        high, runs = 0, []
        for i, m in enumerate(msgs):
            if m.t > high:
                high = m.t
                runs.append((m, msgs[i + 1].arr if i + 1 < len(msgs) else m.arr))
        r.shuffle(runs)
        for m, nxt in runs:
            d = 30 * SEC if count["late by the bound exactly"] < 4 else r.choice([29, 28]) * SEC if count["just within the bound"] < 6 else None
            if d is None:
                break
            o = by_t.get(m.t - d)
            if o and nxt - m.arr > 2 and o.arr < m.arr:
                o.arr, o.delayed = m.arr + 1, d == 30 * SEC
                count["late by the bound exactly" if d == 30 * SEC else "just within the bound"] += 1
        msgs.sort(key=lambda m: (m.arr, m.t, m.mmsi))
        fit = [i for i in range(400, len(msgs) - 2200) if not msgs[i].delayed and msgs[i].typ in (1, 3, 18) and not msgs[i].group]
        plan = [36 * HOUR] * r.randint(1, 3) + [r.choice([11 * MIN, 40 * MIN, 2 * HOUR])] * r.randint(0, 1) + [10 * MIN + SEC]
        if args.seed % 3 == 0:
            plan.append(r.choice([3, 9]) * MIN)
        for d, i in zip(plan, r.sample(fit, len(plan))):
            msgs[i].t += d
            msgs[i].role = "future"
            msgs[i].delayed = True
            count["stamp ahead by 36 h" if d == 36 * HOUR else "stamp ahead by minutes or hours"] += 1
        if args.seed % 8 == 5:
            c = next(m for m in msgs if m.typ in (1, 3, 18)).copy()
            c.t, c.arr, c.suffix = c.t + 36 * HOUR, start - MIN, False
            msgs.append(c)
            count["first stamp of the feed 36 h ahead"] += 1

    # ---- the rest of a feed
    r = sub["noise"]

    def alive_at():
        while True:
            t = start + int(r.random() * dur) // SEC * SEC
            if not (g0 - MIN < t < g1 + MIN) and t < end - MIN:
                return t

    def other(t, mmsi, typ, bits, name, role=""):
        m = Msg(t, mmsi, typ, bits, t + latency(r), r.choice(stations))
        m.role = role
        msgs.append(m)
        count[name] += 1

    lon, lat = fr.lonlat(1, 1)
    rl, rb = raw_lonlat(lon, lat)

    def pos1(mmsi, rl, rb, typ=1, sog=50):
        return pack((typ, 6), (0, 2), (mmsi, 30), (0, 4), (128, 8), (sog, 10), (1, 1), (rl, 28), (rb, 27), (900, 12), (90, 9), (r.randint(0, 59), 6),
                    (0, 2), (0, 3), (0, 1), (r.getrandbits(19), 19))

    for k, mmsi in enumerate((2731001, 4310702, 6010003)):
        t = start + r.randint(0, 1800) * SEC
        while t < end - MIN:
            if not g0 <= t < g1:
                d = datetime.fromtimestamp(t / 1000, timezone.utc)
                other(t, mmsi, 4, pack((4, 6), (0, 2), (mmsi, 30), (d.year, 14), (d.month, 4), (d.day, 5), (d.hour, 5), (d.minute, 6), (d.second, 6),
                                       (1, 1), (rl + k * 9000, 28), (rb, 27), (1, 4), (0, 10), (0, 1), (r.getrandbits(19), 19)), "base station")
            t += r.randint(1500, 3600) * SEC
    for mmsi in (970123456, 972000001, 982731234, 992731001, 811234567, 2731001, 27310012, 111273001, 111232506, 999999999, 1073741823, 1000000000, 12345, 0):
        for _ in range(r.randint(1, 3)):
            other(alive_at(), mmsi, 1, pos1(mmsi, rl, rb), "not a vessel")
    for _ in range(12):
        mmsi = r.choice(ships).mmsi
        typ = r.choice([8, 10, 11, 16, 20, 9, 21, 14, 23, 25])
        width = {11: 168, 9: 168, 21: 272, 23: 160, 20: 72, 10: 72}.get(typ, 96)
        if typ in (9, 21):
            mmsi = 111273005 if typ == 9 else 992731002
        other(alive_at(), mmsi, typ, pack((typ, 6), (0, 2), (mmsi, 30), (r.getrandbits(width - 38), width - 38)), "other type")
    for _ in range(14):
        s = r.choice([s for s in ships[:n] if s.cls == "A"])
        name, a, b = r.choice([("null island", r.randint(-5999, 5999), r.randint(-5999, 5999)), ("null island", 0, 0),
                               ("out of range", rl, 54600001 + r.randint(0, 900000)), ("out of range", 108000001 + r.randint(0, 500000), rb),
                               ("out of range", -108000600, rb), ("out of range", rl, -54000600), ("half a position", 108600000, rb),
                               ("half a position", rl, 54600000)])
        other(alive_at(), s.mmsi, 1, pos1(s.mmsi, a, b), name)
    for _ in range(5):
        s = r.choice(ships[:n])
        other(alive_at(), s.mmsi, 1, pos1(s.mmsi, rl, rb), "no time", "no_time")
    for m in msgs:
        if r.random() < .003:
            m.vdo = True
            count["VDO"] += 1
    vdo_ship = ships[8]
    for m in msgs:
        if m.ship is vdo_ship and start < m.t < start + 5 * HOUR:
            m.vdo = True
            count["VDO"] += 1

    # ---- lines
    r = sub["lines"]
    msgs.sort(key=lambda m: (m.arr, m.t, m.mmsi))
    w = Writer(r, count)
    high = 0
    for m in msgs:
        if not m.delayed and m.t < high:
            count["out of order within the bound"] += 1
        if not m.delayed:
            high = max(high, m.t)
        w.write(m)
    w.lines.sort(key=lambda x: x[:2])
    out = ["# a feed of seed %d" % args.seed]
    for arr, _, line in w.lines:
        u = r.random()
        bang = line.find("!")
        if bang < 0 or u > .012:
            out.append(line)
            continue
        star = line.find("*", bang)
        if u < .002:  # a bit lost on the way; sometimes the copy was sound
            i = line.find(",", bang) + 12
            out.append(line[:i] + ("w" if line[i:i + 1] != "w" else "0") + line[i + 1:] if i < star - 4 else line[:star] + "*00")
            count["checksum wrong"] += 1
            if r.random() < .5:
                out.append(line)
        elif u < .005:
            body = line[bang + 1:star]
            f = body.split(",")
            pick = r.choice(["nosum", "fields", "short", "chars", "cut", "empty", "count"])
            if pick == "nosum":
                bad = line[:star]
            elif pick == "cut":
                bad = line[:bang + r.randint(5, 25)]
            else:
                if pick == "fields":
                    del f[3]
                elif pick == "short" and f[1] == "1":
                    f[5] = f[5][:15]
                elif pick == "chars":
                    f[5] = f[5][:9] + r.choice("XY~z") + f[5][10:]
                elif pick == "empty":
                    f[5] = ""
                else:
                    f[2] = "7"
                body = ",".join(f)
                bad = line[:bang + 1] + body + "*" + checksum(body)
                if "\\" not in line[:bang]:
                    bad += line[star + 3:]
            out += [bad, line]
            count["malformed (%s)" % pick] += 1
        elif u < .007:
            out += ["# note %d" % r.randint(1, 999), line]
            count["comment"] += 1
        elif u < .009:
            out += ["" if r.random() < .7 else "   ", line]
            count["blank"] += 1
        elif u < .011:
            body = r.choice(["GPGGA,120000,4200.0,N,13100.0,E,1,08,0.9,5.0,M,,M,,", "AIALR,,007,V,V,AIS: UTC lost", "PXYZ,1,2,3", "BSTXT,01,01,64,restart"])
            out += ["$%s*%s" % (body, checksum(body)), line]
            count["other sentence"] += 1
        else:
            out.append(line)
    eol = "\r\n" if args.seed % 4 == 2 else "\n"
    with open(os.path.join(args.out, "feed.nmea"), "w", encoding="ascii", newline="") as f:
        f.write(eol.join(out) + eol)

    # ---- a table
    rows = 0
    if args.seed % 2 == 1:
        rows = write_table(os.path.join(args.out, "table.csv"), sub["table"], fr, near_ports, start, end, used, count, wild)

    err = sys.stderr
    print("seed %d%s: %d lines, %d table rows, %d ships, %d ports, %.1f h from %s at %.2f %.2f" % (
        args.seed, " plain" if args.plain else "", len(out), rows, len(ships), len(ports), dur / HOUR,
        datetime.fromtimestamp(start / 1000, timezone.utc).isoformat(), fr.lon0, fr.lat0), file=err)
    for k in sorted(count):
        if count[k]:
            print("  %-40s %d" % (k, count[k]), file=err)


HEAD = ("# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,IMO,Callsign,Name,Ship type,Cargo type,Width,Length,"
        "Type of position fixing device,Draught,Destination,ETA,Data source type,Size A,Size B,Size C,Size D")
NAV = {0: "Under way using engine", 1: "At anchor", 5: "Moored", 15: "Unknown value"}


def write_table(path, r, fr, ports, start, end, used, count, wild):
    rows = []
    n = r.randint(3, 6)
    for i in range(n):
        while True:
            mmsi = r.choice(MIDS) * 1000000 + r.randint(1000, 999999)
            if mmsi not in used:
                used.add(mmsi)
                break
        s = Ship(random.Random(r.getrandbits(64)), mmsi, "B" if i == 1 else "A", start, end, ports, Counter())
        s.ms, s.sparse = False, i == 2
        s.build()
        s.sample(900)
        s.no_position()
        known = r.random() < .8
        for q in s.recs:
            draught, dest = s.static_at(q.t)
            lon, lat = fr.lonlat(q.x, q.y)
            if wild and r.random() < .0015:
                lon, lat = fr.lonlat(q.x + r.uniform(50, 200), q.y + r.uniform(-100, 100))
                count["table: false fix"] += 1
            pos = ["%.6f" % lat, "%.6f" % lon]
            if q.nopos:
                pos = r.choice([["", ""], ["91.000000", "181.000000"]])
                count["table: no position"] += 1
            sog = "" if q.sog is None else "%.1f" % (q.sog / 10)
            if r.random() < .004:
                sog = r.choice(["102.3", "-1.0", ""])
            cog = "" if q.cog is None else "%.1f" % (q.cog / 10)
            if r.random() < .004:
                cog = "360.0"
            lost = r.random() < .05  # static values not yet known to the writer
            imo, call, name, dst, drt = str(s.imo), s.callsign, s.name, dest.strip("@ "), "%.1f" % (draught / 10)
            if lost or not known and q.t < start + 20 * HOUR:
                imo, call, name, dst, drt = "Unknown", "Unknown", "", "Unknown", ""
                count["table: Unknown"] += 1
            if draught == 0:
                drt = r.choice(["", "0.0"])
            a, b, c, d = s.dims
            size = ["", "", "", ""] if lost else [str(a), str(b), str(c), str(d)]
            dim = ["", ""] if lost else [str(c + d), str(a + b)]
            when = datetime.fromtimestamp(q.t / 1000, timezone.utc).strftime("%d/%m/%Y %H:%M:%S")
            rows.append((q.t, ",".join([when, "Class " + s.cls, str(mmsi)] + pos + [
                NAV.get(q.nav, "Unknown value") if s.cls == "A" else "Unknown value", "0.0" if r.random() < .7 else "", sog, cog, "" if q.hdg == 511 else str(q.hdg),
                imo, call, name, "Cargo", ""] + dim + ["GPS", drt, dst, "", "AIS"] + size)))
    for k in range(25):
        t = start + int((end - start) * r.random()) // SEC * SEC
        when = datetime.fromtimestamp(t / 1000, timezone.utc).strftime("%d/%m/%Y %H:%M:%S")
        lon, lat = fr.lonlat(2, 3)
        kind, mmsi = r.choice([("Base Station", 2731001), ("AtoN", 992731002), ("Class A", 111273005), ("SAR Airborne", 111273005)])
        rows.append((t, "%s,%s,%d,%.6f,%.6f,Unknown value,,,,,Unknown,Unknown,,Undefined,,,,Undefined,,,,AIS,,,," % (when, kind, mmsi, lat, lon)))
        count["table: other rows"] += 1
    rows.sort(key=lambda x: x[0])
    out = []
    for i, (t, row) in enumerate(rows):
        out.append((t + (r.randint(0, 40) * MIN if r.random() < .05 else 0), i, row))
        if r.random() < .02:
            out.append((t + r.choice([0, 0, 5]) * MIN, i, row))
            count["table: duplicate row"] += 1
    moved = sum(1 for t, i, _ in out if t != rows[i][0])
    count["table: rows out of order"] += moved
    out.sort(key=lambda x: x[:2])
    with open(path, "w", encoding="ascii", newline="") as f:
        f.write(HEAD + "\n" + "".join(row + "\n" for _, _, row in out))
    return len(out)


if __name__ == "__main__":
    main()
