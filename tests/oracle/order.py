"""Order, lateness, duplicates and tracks: which reports are accepted, and into which track."""

import bisect
import time
from collections import defaultdict

from decode import MINUTE
from geo import distance, reachable

HOUR = 60 * MINUTE
DAY = 24 * HOUR
BOUND = 30_000
AHEAD = 10 * MINUTE
YEAR_1990 = 631_152_000_000
SILENCE = 30 * MINUTE


# ---------------------------------------------------------------- one source: watermark, late, pending stamps


class Pending:
    """A stamp that is too far ahead to be believed yet."""

    def __init__(self, message):
        self.message = message
        self.t = message.t
        self.near = 0
        self.before = 0
        self.doubts = 0
        self.mmsis = set()


def judge_source(messages):
    """Sets `late`, `hand_on` and the `bad_time` of unbelievable stamps for the messages of one NMEA source."""
    highest = None
    pending = []
    seen = set()
    doubted = 0
    for message in messages:
        if message.t is None:
            continue
        message.hand_on = message.t
        if highest is not None and message.t <= highest - BOUND:
            message.late = True
            message.hand_on = highest - BOUND
        seen.add(message.mmsi)
        confirmed = []
        denied = False
        for stamp in list(pending):
            if message.t >= stamp.t - AHEAD:
                stamp.near += 1
                stamp.mmsis.add(message.mmsi)
            else:
                stamp.before += 1
                stamp.doubts += 1
            needed = 10 * (1 + min(stamp.doubts, 20)) + stamp.before
            if stamp.near >= needed and (len(stamp.mmsis) >= min(3, len(seen)) or stamp.near >= 4000):
                confirmed.append(stamp.t)
                pending.remove(stamp)
            elif stamp.before >= 1000:
                stamp.message.fate = "bad_time"
                pending.remove(stamp)
                denied = True
        if any(highest is None or t > highest for t in confirmed):
            doubted = 0
        elif denied:
            doubted = 20
        for t in confirmed:
            highest = t if highest is None else max(highest, t)
        if highest is None or message.t > highest + AHEAD:
            fresh = Pending(message)
            fresh.doubts = min(20, max(max((stamp.doubts for stamp in pending), default=0), doubted))
            pending.append(fresh)
        else:
            highest = max(highest, message.t)
        while highest is not None and any(stamp.t <= highest + AHEAD for stamp in pending):
            stamp = next(stamp for stamp in pending if stamp.t <= highest + AHEAD)
            highest = max(highest, stamp.t)
            pending.remove(stamp)
    believed = [stamp.t for stamp in pending if (stamp.doubts if doubted else stamp.before) <= stamp.near]
    for stamp in pending:
        if not believed or stamp.t > max(believed) + AHEAD:
            stamp.message.fate = "bad_time"


# ---------------------------------------------------------------- fates that need nothing but the message


def is_vessel(mmsi):
    return 100_000_000 <= mmsi <= 799_999_999 and mmsi // 1_000_000 != 111


def judge_message(message, now):
    """The first reject reason that the message itself carries, in the order of the specification."""
    if message.t is None:
        message.fate = "no_time"
    elif message.t < YEAR_1990 or message.t > now + DAY or message.fate == "bad_time":
        message.fate = "bad_time"
    elif message.fate == "other_type":
        return
    elif not is_vessel(message.mmsi):
        message.fate = "not_vessel"
    elif message.type in (5, 24):
        return
    elif message.lon is None or message.lat is None:
        message.fate = "no_position"
    elif abs(message.lon) > 180_000_000 or abs(message.lat) > 90_000_000:
        message.fate = "out_of_range"
    elif abs(message.lon) < 10_000 and abs(message.lat) < 10_000:
        message.fate = "null_island"


def order_key(message):
    if message.is_row:
        return (message.hand_on, 0, message.mmsi, 0, "", message.source, message.index)
    if message.late:
        return (message.hand_on, 1, 0, 0, "", message.source, message.index)
    return (message.hand_on, 0, message.mmsi, message.type, message.payload, message.source, message.index)


def hand_on(readers):
    """The messages that reach a ship, by MMSI, in hand-on order."""
    now = int(time.time() * 1000)
    ships = defaultdict(list)
    for reader in readers:
        if reader.messages and reader.messages[0].is_row:
            for message in reader.messages:
                message.hand_on = message.t
        else:
            judge_source(reader.messages)
        for message in reader.messages:
            judge_message(message, now)
            if message.fate in (None, "no_position") or (
                message.is_static_report and message.fate in ("out_of_range", "null_island")
            ):
                ships[message.mmsi].append(message)
    for mmsi in ships:
        ships[mmsi].sort(key=order_key)
    return ships


# ---------------------------------------------------------------- duplicates of one ship


class DuplicateMemory:
    """The firsts of their groups: all for 30 s, the last 16 that are 30 s apart for 30 min."""

    def __init__(self):
        self.short = defaultdict(list)
        self.long = []

    def is_duplicate(self, message):
        """Whether the message repeats one that is remembered; if not, it is remembered."""
        h, key = message.hand_on, (message.type, message.payload, message.is_row)
        firsts = self.short[key] = [first for first in self.short[key] if h - first.hand_on <= 30_000]
        if any(abs(message.t - first.t) <= 30_000 for first in firsts):
            return True
        fast = message.type in (1, 2, 3, 18, 19) and message.sog is not None and message.sog > 10
        if fast:
            self.long = [entry for entry in self.long if h - entry[1].hand_on <= 30 * MINUTE]
            for known, first in self.long:
                if known == key and abs(message.t - first.t) <= 30 * MINUTE:
                    message.restamped = abs(message.t - first.t) > 30_000
                    return True
            if not self.long or h - self.long[-1][1].hand_on >= 30_000:
                self.long = (self.long + [(key, message)])[-16:]
        firsts.append(message)
        return False


# ---------------------------------------------------------------- tracks of one ship


class Span:
    """A stretch of time that was a silence."""

    def __init__(self, start, end):
        self.start, self.end = start, end
        self.taken = 0


def silence_parts(start, end, heard):
    """The parts of at least 30 min into which reports without position cut the time from start to end."""
    if end - start < SILENCE:
        return []
    points = [start] + [t for t in sorted(heard) if start < t < end] + [end]
    return [(a, b) for a, b in zip(points, points[1:]) if b - a >= SILENCE]


class Track:
    """A ship, or a false fix that is heard more than once."""

    def __init__(self, mmsi, number):
        self.mmsi = mmsi
        self.number = number
        self.name = str(mmsi) if number == 1 else f"{mmsi}#{number}"
        self.reports = []
        self.heard = []
        self.spans = []

    @property
    def last(self):
        return self.reports[-1]

    def append(self, message):
        if self.reports:
            for start, end in silence_parts(self.last.t, message.t, self.heard):
                self.spans = (self.spans + [Span(start, end)])[-64:]
        self.reports.append(message)

    def insert(self, message):
        self.reports.insert(bisect.bisect_right([r.t for r in self.reports], message.t), message)


class Ship:
    """All tracks and candidates of one MMSI."""

    def __init__(self, mmsi):
        self.mmsi = mmsi
        self.live = []
        self.ended = []
        self.candidates = []
        self.next_number = 1
        self.statics = []
        self.memory = DuplicateMemory()

    def tracks(self):
        return self.ended + self.live

    def push(self, message):
        """Takes the next message in hand-on order."""
        if message.fate is None and self.memory.is_duplicate(message):
            message.fate = "duplicate"
            return
        if any(value is not None for value in message.static.values()) or message.is_static_report:
            self.statics.append(message)
        if message.type in (5, 24):
            message.fate = "accepted"
            return
        if message.fate in ("out_of_range", "null_island"):
            return
        self.end_old_tracks(message.hand_on)
        if message.fate == "no_position":
            self.hear(message)
            return
        self.drop_old_candidates(message.hand_on)
        if message.late and self.live and any(message.t <= track.last.t for track in self.live):
            self.take_late(message)
        else:
            self.take(message)

    def finish(self):
        for candidate in self.candidates:
            for message in candidate:
                message.fate = "candidate"

    def end_old_tracks(self, h):
        for track in list(self.live):
            if h - track.last.t > 30 * DAY:
                self.live.remove(track)
                self.ended.append(track)

    def drop(self, candidate):
        self.candidates.remove(candidate)
        for message in candidate:
            message.fate = "jump"

    def drop_old_candidates(self, h):
        if not self.candidates:
            return
        life = 6 * HOUR if self.is_sparse() else 60 * MINUTE
        for candidate in list(self.candidates):
            if h > candidate[0].t + life:
                self.drop(candidate)

    def is_sparse(self):
        """Whether the last 8 intervals between accepted reports have a median over 10 min."""
        times = sorted(report.t for track in self.tracks() for report in track.reports[-9:])[-9:]
        gaps = sorted(b - a for a, b in zip(times, times[1:]))
        if not gaps:
            return False
        middle = len(gaps) // 2
        median = gaps[middle] if len(gaps) % 2 else (gaps[middle - 1] + gaps[middle]) / 2
        return median > 10 * MINUTE

    def hear(self, message):
        """A report without position belongs to the track heard last, late or not: it proves transmission."""
        if not self.live:
            return
        min(self.live, key=lambda track: (-track.last.t, track.number)).heard.append(message.t)

    def take(self, message):
        if not self.live:
            track = Track(self.mmsi, self.next_number)
            self.next_number += 1
            self.live.append(track)
            self.accept(track, message)
            return
        reach = [track for track in self.live if reachable(track.last, message)]
        if reach:
            self.accept(
                min(reach, key=lambda track: (distance(track.last, message), -track.last.t, track.number)), message
            )
            return
        self.to_candidate(message)

    @staticmethod
    def accept(track, message):
        message.fate = "accepted"
        track.append(message)

    def to_candidate(self, message):
        reach = [candidate for candidate in self.candidates if reachable(candidate[-1], message)]
        if not reach:
            if len(self.candidates) == 4:
                self.drop(min(self.candidates, key=lambda candidate: candidate[0].t))
            self.candidates.append([message])
            return
        candidate = min(reach, key=lambda each: (distance(each[-1], message), -each[-1].t))
        candidate.append(message)
        if has_three_reachable(candidate[-8:]):
            self.confirm(candidate)

    def confirm(self, candidate):
        self.candidates.remove(candidate)
        for message in candidate[:-8]:
            message.fate = "jump"
        reports = sorted(candidate[-8:], key=lambda message: message.t)
        if len(self.live) == 1 and len(self.live[0].reports) < 3:
            young = self.live.pop()
            for message in young.reports:
                message.fate = "jump"
            track = Track(self.mmsi, young.number)
        else:
            track = Track(self.mmsi, self.next_number)
            self.next_number += 1
            if len(self.live) == 4:
                silent = min(self.live, key=lambda each: (each.last.t, each.number))
                self.live.remove(silent)
                self.ended.append(silent)
        self.live.append(track)
        for message in reports:
            self.accept(track, message)

    # ------------------------------------------------------------ late path

    def take_late(self, message):
        """A late report that is older than the last one of a track: into a silence, or rejected."""
        offers, seen_full, seen_unreachable = [], False, False
        for track in self.live:
            place = self.silence_place(track, message)
            if not place:
                continue
            span, before, after = place
            if message.hand_on > (after or message).t + 72 * HOUR:
                continue
            if not reachable(before, message) or (after and not reachable(message, after)):
                seen_unreachable = True
            elif span and span.taken >= 256:
                seen_full = True
            else:
                offers.append((distance(before, message), -track.last.t, track.number, track, span))
        if not offers:
            message.fate = "limit" if seen_full else "jump" if seen_unreachable else "late"
            return
        _, _, _, track, span = min(offers, key=lambda offer: offer[:3])
        message.fate = "accepted"
        if span:
            span.taken += 1
            track.insert(message)
        else:
            track.append(message)

    @staticmethod
    def silence_place(track, message):
        """The span and the neighbours between which a late report falls; the span is None in an open silence."""
        at = bisect.bisect_right([report.t for report in track.reports], message.t)
        if at == len(track.reports):
            last_heard = max([track.last.t] + [t for t in track.heard if t <= message.hand_on])
            if message.t > last_heard and message.hand_on - last_heard >= SILENCE:
                return None, track.last, None
            return None
        if at == 0:
            return None
        for span in track.spans:
            if span.start < message.t < span.end:
                return span, track.reports[at - 1], track.reports[at]
        return None


def has_three_reachable(reports):
    """Whether three of the reports are pairwise reachable."""
    count = len(reports)
    for i in range(count):
        for j in range(i + 1, count):
            if not reachable(reports[i], reports[j]):
                continue
            for k in range(j + 1, count):
                if reachable(reports[i], reports[k]) and reachable(reports[j], reports[k]):
                    return True
    return False


def follow(ships):
    """Runs every ship through duplicates and tracks; returns the ships."""
    out = {}
    for mmsi in sorted(ships):
        ship = out[mmsi] = Ship(mmsi)
        for message in ships[mmsi]:
            ship.push(message)
        ship.finish()
    return out
