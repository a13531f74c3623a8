"""From bytes to messages: NMEA lines, TAG blocks, multi-sentence assembly, six-bit fields, and the two CSV dialects.

A `Source` reads one file and gives its messages in reading order plus the fates of the lines that made none.
Positions are integers of 10^-6 degree, SOG and draught integers of 0.1, times integers of 1 ms.
"""

import csv
import gzip
import re
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

MINUTE = 60_000
KEYS = ("draught", "destination", "name", "callsign", "imo", "dimensions")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Message:
    """One AIS message or one row of a table."""

    __slots__ = (
        "source", "index", "lines", "t", "mmsi", "type", "payload", "cls", "lon", "lat", "sog", "nav",
        "static", "is_static_report", "is_row", "late", "hand_on", "fate", "restamped",
    )

    def __init__(self):
        self.source = self.index = 0
        self.lines = 1
        self.t = None
        self.mmsi = self.type = 0
        self.payload = ""
        self.cls = "A"
        self.lon = self.lat = self.sog = self.nav = None
        self.static = {}
        self.is_static_report = False
        self.is_row = False
        self.late = False
        self.hand_on = None
        self.fate = None
        self.restamped = False


def round_ratio(number, divisor):
    """number / divisor rounded half away from zero, in integers."""
    sign = -1 if number < 0 else 1
    return sign * ((2 * abs(number) + divisor) // (2 * divisor))


def scaled(text, scale):
    """A decimal text times `scale`, rounded half away from zero; None when it is not a number."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) > Decimal(10) ** 15:
        return None
    return int((value * scale).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def milliseconds(moment):
    return (moment - EPOCH) // timedelta(milliseconds=1)


def stamp_to_ms(number):
    """Magnitude tells the unit: seconds, milliseconds, microseconds, else nanoseconds."""
    if number < 10**11:
        return number * 1000
    if number < 10**14:
        return number
    if number < 10**17:
        return round_ratio(number, 1000)
    return round_ratio(number, 1_000_000)


# ---------------------------------------------------------------- six-bit payloads


def six_bits(armoured):
    """The bits of an armoured payload as a text of 0 and 1; None when a character is not six-bit."""
    out = []
    for char in armoured:
        code = ord(char)
        if 48 <= code <= 87:
            value = code - 48
        elif 96 <= code <= 119:
            value = code - 56
        else:
            return None
        out.append(format(value, "06b"))
    return "".join(out)


def unsigned(bits, start, length):
    return int(bits[start : start + length], 2)


def signed(bits, start, length):
    value = unsigned(bits, start, length)
    return value - (1 << length) if value >> (length - 1) else value


def cut_text(text):
    """Text ends at the first @, blanks cut at both ends; None when nothing is left."""
    return text.split("@", 1)[0].strip(" ") or None


def six_bit_text(bits, start, length):
    chars = []
    for at in range(start, start + length, 6):
        value = unsigned(bits, at, 6)
        chars.append(chr(value + 64) if value < 32 else chr(value))
    return cut_text("".join(chars))


def dimensions(bits, start):
    a, b = unsigned(bits, start, 9), unsigned(bits, start + 9, 9)
    c, d = unsigned(bits, start + 18, 6), unsigned(bits, start + 24, 6)
    return f"{a}/{b}/{c}/{d}" if a or b or c or d else None


def bits_needed(bits):
    kind = unsigned(bits, 0, 6)
    if kind in (1, 2, 3, 18):
        return 168
    if kind == 24:
        if len(bits) < 40:
            return 40
        return {0: 160, 1: 162}.get(unsigned(bits, 38, 2), 40)
    return {19: 312, 27: 96, 5: 422}.get(kind, 38)


def is_too_short(bits):
    return len(bits) < 6 or len(bits) < bits_needed(bits)


def decode_payload(bits):
    """A message from payload bits that are long enough for their type. `fate` is `other_type` for the rest."""
    message = Message()
    message.payload = bits
    kind = message.type = unsigned(bits, 0, 6)
    message.mmsi = unsigned(bits, 8, 30)
    if kind in (1, 2, 3):
        message.nav = unsigned(bits, 38, 4)
        fix_from_ten_thousandths(message, bits, 61, 89, 50)
    elif kind in (18, 19):
        message.cls = "B"
        fix_from_ten_thousandths(message, bits, 57, 85, 46)
        if kind == 19:
            message.is_static_report = True
            message.static = {"name": six_bit_text(bits, 143, 120), "dimensions": dimensions(bits, 271)}
    elif kind == 27:
        message.nav = unsigned(bits, 40, 4)
        lon, lat = signed(bits, 44, 18), signed(bits, 62, 17)
        message.lon = None if lon == 181 * 600 else round_ratio(lon * 5000, 3)
        message.lat = None if lat == 91 * 600 else round_ratio(lat * 5000, 3)
        sog = unsigned(bits, 79, 6)
        message.sog = None if sog == 63 else sog * 10
    elif kind == 5:
        message.is_static_report = True
        message.static = {
            "draught": unsigned(bits, 294, 8) or None,
            "destination": six_bit_text(bits, 302, 120),
            "name": six_bit_text(bits, 112, 120),
            "callsign": six_bit_text(bits, 70, 42),
            "imo": unsigned(bits, 40, 30) or None,
            "dimensions": dimensions(bits, 240),
        }
    elif kind == 24 and unsigned(bits, 38, 2) == 0:
        message.cls, message.is_static_report = "B", True
        message.static = {"name": six_bit_text(bits, 40, 120)}
    elif kind == 24 and unsigned(bits, 38, 2) == 1:
        message.cls, message.is_static_report = "B", True
        message.static = {"callsign": six_bit_text(bits, 90, 42), "dimensions": dimensions(bits, 132)}
    else:
        message.fate = "other_type"
    if message.nav == 15:
        message.nav = None
    return message


def fix_from_ten_thousandths(message, bits, lon_at, lat_at, sog_at):
    lon, lat = signed(bits, lon_at, 28), signed(bits, lat_at, 27)
    message.lon = None if lon == 181 * 600_000 else round_ratio(lon * 5, 3)
    message.lat = None if lat == 91 * 600_000 else round_ratio(lat * 5, 3)
    sog = unsigned(bits, sog_at, 10)
    message.sog = None if sog == 1023 else sog


# ---------------------------------------------------------------- NMEA lines

START = re.compile(r"[!$][A-Z0-9]{4,5}(?=,)|![A-Z0-9]{2}VD[MO]")
VDM = re.compile(r"![A-Z0-9]{2}VD[MO]")
TAG = re.compile(r"\\([^\\]*)\\")
CHECKSUM = re.compile(r"\*([0-9A-Fa-f]{2})")
LONG_NUMBER = re.compile(r"[0-9]{9,19}")
GROUP_KEY = re.compile(r"([0-9]+)G([0-9]+)")


def split_sentences(line):
    """The pieces of a line, one a sentence: a piece is a stamp, TAG blocks, a sentence and what follows its checksum."""
    if line.lstrip().startswith("#"):
        return [line]
    hidden = TAG.sub(lambda found: "\\" + " " * (len(found.group()) - 2) + "\\", line)
    starts = [found.start() for found in START.finditer(hidden)]
    if len(starts) < 2:
        return [line]
    cuts = [0]
    for former, latter in zip(starts, starts[1:]):
        block = hidden.find("\\", former)
        cuts.append(block if 0 <= block < latter else latter)
    return [line[a:b] for a, b in zip(cuts, cuts[1:] + [len(line)])]


def xor(text):
    value = 0
    for char in text:
        value ^= ord(char) & 0xFF
    return value


class TagBlock:
    """The fields of the TAG blocks before one sentence."""

    def __init__(self, blocks):
        self.warning = False
        self.c = self.s = self.group = None
        for block in blocks:
            body, star, check = block.partition("*")
            if not star or not re.fullmatch(r"[0-9A-Fa-f]{2}", check.strip()) or int(check, 16) != xor(body):
                self.warning = True
            for field in body.split(","):
                key, _, value = field.partition(":")
                key = key.strip()
                found = GROUP_KEY.fullmatch(key)
                if key == "c" and re.fullmatch(r"[0-9]{1,19}", value.strip()):
                    self.c = stamp_to_ms(int(value))
                elif key == "s" and value.strip():
                    self.s = value.strip()
                elif key == "g":
                    parts = value.split("-", 2)
                    if len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit():
                        self.group = (int(parts[0]), int(parts[1]), parts[2])
                elif found:
                    self.group = (int(found[1]), int(found[2]), value)
        if self.group and not 1 <= self.group[0] <= self.group[1]:
            self.group = None


def clock_of(sentence, comment):
    """Time of day in ms and the other fields of a sentence with a right checksum; None otherwise."""
    body, star, rest = sentence[1:].partition("*")
    found = re.match(r"[0-9A-Fa-f]{2}", rest)
    if not star or not found or int(found[0], 16) != xor(body):
        return None
    fields = body.split(",")
    if len(fields) < comment:
        return None
    clock = re.fullmatch(r"(\d\d)(\d\d)(\d\d)(\.\d*)?", fields[1])
    if not clock:
        return None
    fraction = clock[4] if clock[4] and len(clock[4]) > 1 else "0"
    return (int(clock[1]), int(clock[2]), int(clock[3]), scaled(fraction, 1000)), fields


def date_to_ms(year, month, day, hour, minute, second, ms):
    try:
        moment = datetime(year, month, day, hour, minute, 0, tzinfo=timezone.utc)
    except ValueError:
        return None
    if not 0 <= second <= 60 or not 0 <= ms <= 1000:
        return None
    return milliseconds(moment) + second * 1000 + ms


def receiver_time(sentence):
    """Time of a `$..RMC` (status A) or `$..ZDA` with a right checksum, else None."""
    kind = sentence[3:6]
    if kind == "RMC":
        found = clock_of(sentence, 10)
        if not found:
            return None
        (hour, minute, second, ms), fields = found
        if fields[2] != "A" or not re.fullmatch(r"\d{6}", fields[9]):
            return None
        day, month, year = int(fields[9][:2]), int(fields[9][2:4]), 2000 + int(fields[9][4:])
        return date_to_ms(year, month, day, hour, minute, second, ms)
    if kind == "ZDA":
        found = clock_of(sentence, 5)
        if not found or not all(field.isdigit() for field in found[1][2:5]):
            return None
        (hour, minute, second, ms), fields = found
        return date_to_ms(int(fields[4]), int(fields[3]), int(fields[2]), hour, minute, second, ms)
    return None


def pghp_time(sentence):
    """Time of a Gatehouse `$PGHP,1,year,month,day,hour,minute,second,ms,…` line, else None."""
    fields = sentence.split("*")[0].split(",")
    if len(fields) < 9 or fields[1] != "1" or not all(field.isdigit() for field in fields[2:9]):
        return None
    return date_to_ms(*(int(field) for field in fields[2:9]))


class Assembly:
    """The sentences of one message that have come so far."""

    def __init__(self, line):
        self.line = line
        self.parts = {}
        self.times = {}

    def time(self):
        for number in sorted(self.times):
            if self.times[number] is not None:
                return self.times[number]
        return None


class NmeaReader:
    """Reads the lines of one NMEA file."""

    def __init__(self, source):
        self.source = source
        self.messages = []
        self.fates = Counter()
        self.line = 0
        self.tag_warning = 0
        self.groups = {}
        self.open = {}
        self.pghp = None
        self.receiver = None

    def read(self, data):
        for raw in split_lines(data):
            for piece in split_sentences(raw.decode("latin-1")):
                self.line += 1
                self.expire()
                before, self.pghp = self.pghp, None
                self.piece(piece, before)
        for assembly in self.open.values():
            self.fates["incomplete"] += len(assembly.parts)
        self.open.clear()

    def expire(self):
        for key in [key for key, assembly in self.open.items() if self.line - assembly.line > 1000]:
            self.fates["incomplete"] += len(self.open.pop(key).parts)

    def share_group(self, tag):
        """A TAG group shares c and s among its lines, from the earlier to the later."""
        if not tag.group:
            return
        number, total, name = tag.group
        known = self.groups.get(name)
        if known and known["total"] == total and number > 1 and self.line - known["line"] <= 1000:
            tag.c = known["c"] if tag.c is None else tag.c
            tag.s = known["s"] if tag.s is None else tag.s
        self.groups[name] = {"total": total, "number": number, "line": self.line, "c": tag.c, "s": tag.s}

    def piece(self, piece, pghp_before):
        if piece.lstrip().startswith("#"):
            self.fates["other"] += 1
            return
        blocks = TAG.findall(piece)
        hidden = TAG.sub(lambda found: " " * len(found.group()), piece)
        tag = TagBlock(blocks)
        self.share_group(tag)
        found = VDM.search(hidden)
        if not found:
            self.fates["other"] += 1
            start = hidden.find("$")
            if start >= 0:
                sentence = hidden[start:].rstrip()
                if sentence.startswith("$PGHP,"):
                    self.pghp = pghp_time(sentence)
                else:
                    received = receiver_time(sentence)
                    self.receiver = self.receiver if received is None else received
            return
        self.sentence(hidden[: found.start()], hidden[found.start() :].rstrip(), tag, pghp_before)

    def time_of(self, prefix, suffix, tag, pghp_before):
        if tag.c is not None:
            return tag.c
        for text in re.split(r"[\s,;]+", prefix):
            if LONG_NUMBER.fullmatch(text):
                return stamp_to_ms(int(text))
        for text in suffix.split(","):
            if LONG_NUMBER.fullmatch(text.strip()):
                return stamp_to_ms(int(text))
        if pghp_before is not None:
            return pghp_before
        return self.receiver

    def sentence(self, prefix, sentence, tag, pghp_before):
        body, star, rest = sentence[1:].partition("*")
        check = re.match(r"[0-9A-Fa-f]{2}", rest)
        fields = body.split(",")
        bits = self.fields_to_bits(fields) if star and check else None
        if bits is None:
            self.fates["malformed"] += 1
            return
        total, number = int(fields[1]), int(fields[2])
        if total == 1 and is_too_short(bits):
            self.fates["malformed"] += 1
            return
        if int(check[0], 16) != xor(body):
            self.fates["checksum"] += 1
            return
        if tag.warning:
            self.tag_warning += 1
        t = self.time_of(prefix, rest[2:], tag, pghp_before)
        if total == 1:
            self.emit(bits, t, 1)
            return
        station = tag.s
        if station is None:
            # US Coast Guard: r or b stands before the name of the receiving station.
            fields_behind = re.split(r"[,; \t]", rest[2:])
            station = next((f for f in fields_behind if re.fullmatch(r"[rb][0-9A-Za-z]{3,}", f)), None)
        self.assemble(fields, number, total, bits, t, tag, station)

    @staticmethod
    def fields_to_bits(fields):
        """Payload bits without the fill bits; None when the fields are wrong or not six-bit."""
        if len(fields) != 7 or not re.fullmatch(r"[1-9]", fields[1]) or not re.fullmatch(r"[1-9]", fields[2]):
            return None
        if int(fields[2]) > int(fields[1]) or not re.fullmatch(r"[0-9]?", fields[3]):
            return None
        if not re.fullmatch(r"[0-5]", fields[6]):
            return None
        bits = six_bits(fields[5]) if fields[5] else None
        if bits is None:
            return None
        return bits[: max(0, len(bits) - int(fields[6]))]

    def assemble(self, fields, number, total, bits, t, tag, station):
        key = (station, tag.group[2] if tag.group else None, fields[3], fields[4], total)
        assembly = self.open.get(key)
        if assembly:
            known = assembly.time()
            apart = t is not None and known is not None and abs(t - known) > 30_000
            if number in assembly.parts or apart:
                self.fates["incomplete"] += len(assembly.parts)
                assembly = None
        if not assembly:
            assembly = self.open[key] = Assembly(self.line)
        assembly.parts[number] = bits
        assembly.times[number] = t
        if len(assembly.parts) < total:
            return
        del self.open[key]
        whole = "".join(assembly.parts[n] for n in range(1, total + 1))
        if is_too_short(whole):
            self.fates["malformed"] += total
            return
        self.emit(whole, assembly.time(), total)

    def emit(self, bits, t, lines):
        message = decode_payload(bits)
        message.t, message.lines = t, lines
        message.source, message.index = self.source, len(self.messages)
        self.messages.append(message)


# ---------------------------------------------------------------- tables

NAV_STATUS = {
    "under way using engine": 0, "at anchor": 1, "not under command": 2, "restricted maneuverability": 3,
    "restricted manoeuverability": 3, "restricted manoeuvrability": 3, "constrained by her draught": 4, "moored": 5,
    "aground": 6, "engaged in fishing": 7, "under way sailing": 8,
    "reserved for future amendment [hsc]": 9, "reserved for future amendment of navigational status for hsc": 9,
    "reserved for future amendment [wig]": 10, "reserved for future amendment of navigational status for wig": 10,
    "power-driven vessel towing astern": 11, "power-driven vessel pushing ahead or towing alongside": 12,
    "reserved for future use [11]": 11, "reserved for future use [12]": 12, "reserved for future use [13]": 13,
    "reserved for future use": 13, "ais-sart (active)": 14, "ais-sart": 14, "ais-sart is active": 14,
}

AISDK_TIME = re.compile(r"(\d\d)/(\d\d)/(\d{4}) (\d\d):(\d\d):(\d\d)")
NOAA_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)")


def row_text(text):
    text = text.strip()
    return None if text.lower() == "unknown" else cut_text(text)


def row_number(text):
    """A dimension: a number as short as it can be written; 0 for nothing."""
    value = scaled(text.strip() or "0", 10) or 0
    return str(value // 10) if value % 10 == 0 else f"{value // 10}.{value % 10}"


def row_dimensions(cells, get):
    four = [row_number(get(name) or get(f"Size {name}")) for name in ("A", "B", "C", "D")]
    if any(side != "0" for side in four):
        return "/".join(four)
    length, width = row_number(get("Length")), row_number(get("Width"))
    return f"{length}x{width}" if length != "0" or width != "0" else None


def row_imo(text):
    digits = text.strip().upper().removeprefix("IMO").strip()
    return (int(digits) or None) if digits.isdigit() else None


class TableReader:
    """Reads an aisdk or a MarineCadastre CSV file."""

    def __init__(self, source, dialect):
        self.source = source
        self.dialect = dialect
        self.messages = []
        self.fates = Counter()
        self.line = 0
        self.tag_warning = 0
        self.columns = None

    def read(self, data):
        for raw in split_lines(data):
            self.line += 1
            line = raw.decode("utf-8", "replace").removeprefix("\ufeff")
            if self.columns is None and line.strip():
                self.columns = {name.strip(): at for at, name in enumerate(next(csv.reader([line])))}
                self.fates["other"] += 1
            elif not line.strip() or line.startswith("#"):
                self.fates["other"] += 1
            else:
                self.row(line)

    def row(self, line):
        cells = next(csv.reader([line]))
        if len(cells) != len(self.columns):
            self.fates["malformed"] += 1
            return
        columns = self.columns

        def get(name):
            at = columns.get(name)
            return cells[at].strip() if at is not None else ""

        message = Message()
        message.is_row = True
        message.payload = "\x1f".join(cells)
        if self.dialect == "aisdk":
            good = self.aisdk(message, get)
        else:
            good = self.noaa(message, get)
        if not good or not re.fullmatch(r"[0-9]{1,12}", get("MMSI")):
            self.fates["malformed"] += 1
            return
        message.mmsi = int(get("MMSI"))
        for name, text, absent in (("lon", message.lon, 181_000_000), ("lat", message.lat, 91_000_000)):
            value = None
            if text:
                value = scaled(text, 10**6)
                if value is None:
                    self.fates["malformed"] += 1
                    return
            setattr(message, name, None if value == absent else value)
        sog = scaled(get("SOG"), 10) if get("SOG") else None
        message.sog = sog if sog is not None and 0 <= sog <= 1022 else None
        message.static["dimensions"] = row_dimensions(cells, get)
        message.static["imo"] = row_imo(get("IMO"))
        message.source, message.index = self.source, len(self.messages)
        self.messages.append(message)

    @staticmethod
    def set_class(message, text):
        """Rows count as message 1 (class A) or 18 (class B); a blank column as class A."""
        if text in ("A", ""):
            message.cls, message.type = "A", 1
        elif text == "B":
            message.cls, message.type = "B", 18
            message.nav = None
        else:
            message.fate = "other_type"

    def aisdk(self, message, get):
        stamp = get("# Timestamp")
        if stamp:
            found = AISDK_TIME.fullmatch(stamp)
            if not found:
                return False
            day, month, year, hour, minute, second = map(int, found.groups())
            message.t = date_to_ms(year, month, day, hour, minute, second, 0)
            if message.t is None:
                return False
        message.lon, message.lat = get("Longitude"), get("Latitude")
        message.nav = NAV_STATUS.get(get("Navigational status").lower())
        kind = get("Type of mobile")
        self.set_class(message, kind.removeprefix("Class ").strip())
        draught = scaled(get("Draught"), 10) if get("Draught") else None
        message.static = {
            "draught": draught if draught and draught > 0 else None,
            "destination": row_text(get("Destination")),
            "name": row_text(get("Name")),
            "callsign": row_text(get("Callsign")),
        }
        return True

    def noaa(self, message, get):
        stamp = get("BaseDateTime")
        if stamp:
            found = NOAA_TIME.fullmatch(stamp)
            if not found:
                return False
            message.t = date_to_ms(*map(int, found.groups()), 0)
            if message.t is None:
                return False
        message.lon, message.lat = get("LON"), get("LAT")
        status = scaled(get("Status"), 1) if get("Status") else None
        message.nav = status if status is not None and 0 <= status <= 14 else None
        self.set_class(message, get("TransceiverClass"))
        draught = scaled(get("Draft"), 10) if get("Draft") else None
        message.static = {
            "draught": draught if draught and draught > 0 else None,
            "name": row_text(get("VesselName")),
            "callsign": row_text(get("CallSign")),
        }
        return True


# ---------------------------------------------------------------- files


def split_lines(data):
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line.removesuffix(b"\r") for line in lines]


def read_bytes(path):
    with open(path, "rb") as file:
        data = file.read()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def read_file(path, source):
    """The reader of one file, done: `messages`, `fates`, `line`, `tag_warning`; content decides the format."""
    data = read_bytes(path)
    first = next((line for line in split_lines(data[:100_000]) if line.strip()), b"").removeprefix(b"\xef\xbb\xbf")
    if first.startswith(b"# Timestamp"):
        reader = TableReader(source, "aisdk")
    elif first.startswith(b"MMSI,BaseDateTime"):
        reader = TableReader(source, "noaa")
    else:
        reader = NmeaReader(source)
    reader.read(data)
    return reader
