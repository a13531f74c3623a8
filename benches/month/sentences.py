"""Reports as NMEA sentences with TAG blocks: types 1, 4 and 18 by columns of bits, types 5, 21 and 24 from what was made once."""
from datetime import timedelta

import numpy as np

from reports import BEGIN_S, CUT_SHORT, HOUR_S, WRONG_MMSI
from tables import BEGIN

# Receivers; each hears the ships whose number leaves the same rest.
STATIONS = 40
STATIC_EVERY_S = 360
ARMOUR = bytes(value + 48 if value < 40 else value + 56 for value in range(64))
HEX = b"0123456789ABCDEF"
# `\s:r012,c:1696118400*hh\` and, after it, `!AIVDM,1,1,,A,` + 28 characters + `,0*hh` and the end of the line.
TAG_BYTES, SENTENCE_BYTES, PAYLOAD = 24, 49, 28


def checksum(text):
    value = 0
    for byte in text:
        value ^= byte
    return value


def payload(fields):
    """Armoured characters of (value, bits), and the fill bits (ITU-R M.1371-5, IEC 61162-1)."""
    number, bits = 0, 0
    for value, width in fields:
        number, bits = number << width | value & (1 << width) - 1, bits + width
    fill = -bits % 6
    number <<= fill
    return bytes(ARMOUR[number >> shift & 63] for shift in range(bits + fill - 6, -1, -6)), fill


def six_bit(text, length):
    """As a field; blanks at the end are `@`."""
    number = 0
    for letter in text.upper()[:length].ljust(length, "@"):
        number = number << 6 | ord(letter) & 63
    return number, 6 * length


def sentence(total, number, sequence, channel, part, fill):
    body = f"AIVDM,{total},{number},{sequence},{channel},".encode() + part + f",{fill}".encode()
    return b"!" + body + b"*%02X\r\n" % checksum(body)


class Nmea:
    """`YYYY-MM-DD.nmea`: as a shore network hands it on."""
    ending, header = "nmea", b""

    def __init__(self, month):
        ships = month.ships
        self.mmsis = np.array([ship.mmsi for ship in ships], np.uint32)
        self.is_base = np.array([ship.kind == "base station" for ship in ships])
        self.is_mark = np.array([ship.kind == "mark" for ship in ships])
        self.is_class_b = np.array([ship.transceiver == "B" for ship in ships])
        self.month, self.statics = month, {}
        self.stations = np.array([list(b"r%03d" % station) for station in range(STATIONS)], np.uint8).T
        self.hexes = np.array([[HEX[value >> 4], HEX[value & 15]] for value in range(256)], np.uint8).T
        self.armour = np.frombuffer(ARMOUR, np.uint8)

    @staticmethod
    def name(day):
        return f"{BEGIN + timedelta(days=day):%Y-%m-%d}"

    def encode(self, reports):
        lines = self._lines(reports)
        width = lines.shape[1]
        whole, pieces, done = memoryview(lines.reshape(-1)), [], 0
        replaced = self.is_mark[reports.ship] | (reports.fault == CUT_SHORT)
        with_static = self._with_static(reports)
        for at in np.flatnonzero(with_static | replaced).tolist():
            begin = at * width
            pieces.append(whole[done: begin if replaced[at] else begin + width])
            done = begin + width
            tag = whole[begin: begin + TAG_BYTES]
            if reports.fault[at] == CUT_SHORT:
                pieces += [whole[begin: begin + width // 2], b"\r\n"]
                continue
            for static in self._statics(int(reports.voyage[at])):
                pieces += [tag, static]
        pieces.append(whole[done:])
        return b"".join(pieces)

    def _with_static(self, reports):
        """The first report of a ship in each six minutes is followed by its static data."""
        of_ship = np.flatnonzero(~(self.is_base | self.is_mark)[reports.ship])
        spell = reports.ship[of_ship].astype(np.int64) * 16 + reports.second[of_ship] % HOUR_S // STATIC_EVERY_S
        _, first = np.unique(spell, return_index=True)
        chosen = np.zeros(len(reports), bool)
        chosen[of_ship[first]] = True
        return chosen

    def _lines(self, reports):
        """One line of equal length for each report, as a matrix."""
        hour = int(reports.second[0]) // HOUR_S
        clock = np.array([list(b"%d" % (BEGIN_S + hour * HOUR_S + second)) for second in range(HOUR_S)], np.uint8).T
        out = np.empty((TAG_BYTES + SENTENCE_BYTES, len(reports)), np.uint8)
        form = np.frombuffer(b"\\s:r000,c:0000000000*00\\!AIVDM,1,1,,A," + b"0" * PAYLOAD + b",0*00\r\n", np.uint8)
        out[:] = form[:, None]
        out[3:7] = self.stations[:, (reports.ship + reports.is_copy) % STATIONS]
        out[10:20] = clock[:, reports.second % HOUR_S]
        out[21:23] = self.hexes[:, np.bitwise_xor.reduce(out[1:20], axis=0)]
        out[TAG_BYTES + 12] += (reports.ship % 2).astype(np.uint8)
        out[TAG_BYTES + 14: TAG_BYTES + 14 + PAYLOAD] = self.armour[self._six_bits(reports)]
        end = TAG_BYTES + 14 + PAYLOAD + 2
        out[end + 1: end + 3] = self.hexes[:, np.bitwise_xor.reduce(out[TAG_BYTES + 1: end], axis=0)]
        return np.ascontiguousarray(out.T)

    def _six_bits(self, reports):
        six = np.zeros((PAYLOAD, len(reports)), np.uint8)
        base, class_b = self.is_base[reports.ship], self.is_class_b[reports.ship]
        for which, fields in ((~base & ~class_b, self._type_1), (class_b, self._type_18), (base, self._type_4)):
            places = np.flatnonzero(which)
            if len(places):
                six[:, places] = columns_of_bits(fields(reports.part(places)), len(places))
        return six

    def _head(self, number, reports):
        mmsi = np.where(reports.fault == WRONG_MMSI, 0, self.mmsis[reports.ship])
        return [(number, 6), (0, 2), (mmsi, 30)]

    @staticmethod
    def _place(reports):
        """Longitude and latitude in 1/10,000 minute."""
        return [((reports.lon.astype(np.int64) * 6 + 5) // 10, 28), ((reports.lat.astype(np.int64) * 6 + 5) // 10, 27)]

    def _type_1(self, reports):
        return [*self._head(1, reports), (reports.status, 4), (0, 8), (reports.sog, 10), (1, 1), *self._place(reports),
                (reports.cog, 12), (reports.heading, 9), (reports.second % 60, 6), (0, 2), (0, 3), (0, 1),
                (reports.second * 7 + reports.ship, 19)]

    def _type_18(self, reports):
        return [*self._head(18, reports), (0, 8), (reports.sog, 10), (0, 1), *self._place(reports), (reports.cog, 12),
                (reports.heading, 9), (reports.second % 60, 6), (0, 2), (0b1_0_1_1_1_0_0, 7), (reports.second * 7 + reports.ship, 20)]

    def _type_4(self, reports):
        day = BEGIN + timedelta(seconds=int(reports.second[0]))
        return [*self._head(4, reports), (day.year, 14), (day.month, 4), (day.day, 5), (day.hour, 5),
                (reports.second // 60 % 60, 6), (reports.second % 60, 6), (1, 1), *self._place(reports), (1, 4), (0, 10), (0, 1), (0, 19)]

    def _statics(self, voyage):
        """Sentences without TAG blocks, made when they are first said."""
        if voyage not in self.statics:
            number, draught, destination, arrival = self.month.voyages[voyage]
            ship = self.month.ships[number]
            if ship.kind == "mark":
                self.statics[voyage] = [self._type_21(ship, number)]
            elif ship.transceiver == "B":
                self.statics[voyage] = self._type_24(ship)
            else:
                self.statics[voyage] = self._type_5(ship, draught, destination, arrival, voyage % 10)
        return self.statics[voyage]

    @staticmethod
    def _dimensions(ship):
        return [(ship.to_bow, 9), (ship.to_stern, 9), (ship.to_port, 6), (ship.to_starboard, 6)]

    def _type_5(self, ship, draught, destination, arrival, sequence):
        eta = BEGIN + timedelta(seconds=arrival)
        armoured, fill = payload([
            (5, 6), (0, 2), (ship.mmsi, 30), (0, 2), (ship.imo, 30), six_bit(ship.callsign, 7), six_bit(ship.name, 20),
            (ship.type_code, 8), *self._dimensions(ship), (1, 4), (eta.month, 4), (eta.day, 5), (eta.hour, 5), (eta.minute, 6),
            (draught, 8), six_bit(destination, 20), (0, 1), (0, 1)])
        return [sentence(2, 1, sequence, "A", armoured[:60], 0), sentence(2, 2, sequence, "A", armoured[60:], fill)]

    def _type_24(self, ship):
        head = [(24, 6), (0, 2), (ship.mmsi, 30)]
        named, _ = payload([*head, (0, 2), six_bit(ship.name, 20), (0, 8)])
        made, _ = payload([*head, (1, 2), (ship.type_code, 8), (0, 42), six_bit(ship.callsign, 7), *self._dimensions(ship), (0, 6)])
        return [sentence(1, 1, "", "A", named, 0), sentence(1, 1, "", "A", made, 0)]

    def _type_21(self, ship, number):
        place = np.flatnonzero(self.month.columns["ship"] == number)[0]
        lon, lat = (round(self.month.columns[axis][place] * 600_000) for axis in ("lon0", "lat0"))
        armoured, fill = payload([
            (21, 6), (0, 2), (ship.mmsi, 30), (1, 5), six_bit(f"MARK {number}", 20), (0, 1), (lon, 28), (lat, 27), (0, 30), (1, 4),
            (60, 6), (0, 1), (0, 8), (0, 1), (0, 1), (0, 1), (0, 1)])
        return sentence(1, 1, "", "A", armoured, fill)


def columns_of_bits(fields, count):
    """Six bits a row from (values, bits), most significant first."""
    six, offset = np.zeros((PAYLOAD, count), np.uint8), 0
    for value, width in fields:
        end = offset + width
        value = np.asarray(value).astype(np.uint32) & np.uint32((1 << width) - 1)
        for row in range(offset // 6, (end + 5) // 6):
            shift = end - (row + 1) * 6
            part = value >> np.uint32(shift) if shift >= 0 else value << np.uint32(-shift)
            six[row] |= (part & np.uint32(63)).astype(np.uint8)
        offset = end
    return six
