"""Reports as rows: tables of the Danish Maritime Authority and of MarineCadastre, and GeoParquet as MarineCadastre has it."""
import json
from datetime import datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reports import BEGIN_S, CUT_SHORT, HOUR_S, NO_COG, NO_HEADING, NO_POSITION, NO_SOG, WRONG_MMSI

BEGIN = datetime.fromtimestamp(BEGIN_S, timezone.utc)
TYPE_WORDS = {70: "Cargo", 80: "Tanker", 60: "Passenger", 40: "HSC", 30: "Fishing", 52: "Tug", 37: "Pleasure", 36: "Sailing"}
STATUS_WORDS = {0: "Under way using engine", 1: "At anchor", 5: "Moored", 7: "Engaged in fishing"}
MOBILE = {"A": "Class A", "B": "Class B", "base station": "Base Station", "mark": "AtoN"}
AISDK_HEADER = (
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,IMO,Callsign,Name,Ship type,"
    "Cargo type,Width,Length,Type of position fixing device,Draught,Destination,ETA,Data source type,Size A,Size B,Size C,Size D\n")
NOAA_HEADER = ("mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,vessel_type,status,length,"
               "width,draft,cargo,transceiver\n")
NO_STATUS = 15


def tenths(absent):
    return pa.array([f"{value / 10:.1f}" for value in range(absent)] + [""])


def take(texts, places):
    return texts.take(pa.array(places))


def fixed(values, decimals):
    """Texts of whole numbers, none negative and none over 999, with a point before the last decimals."""
    width = 4 + decimals
    digits = np.empty((len(values), width), np.uint8)
    rest = values.astype(np.uint32)
    for column in [*range(width - 1, 3, -1), 2, 1, 0]:
        tens = rest // 10
        digits[:, column] = rest - tens * 10 + 48
        rest = tens
    digits[:, 3] = ord(".")
    kept = np.ones(digits.shape, bool)
    kept[:, 0] = digits[:, 0] != 48
    kept[:, 1] = kept[:, 0] | (digits[:, 1] != 48)
    ends = np.zeros(len(values) + 1, np.int32)
    np.cumsum(kept.sum(1, dtype=np.int32), out=ends[1:])
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(digits[kept]))


def joined(columns, reports):
    """Rows as one piece of bytes; some end too early."""
    rows = pc.binary_join_element_wise(*columns, ",")
    cut = reports.fault == CUT_SHORT
    if cut.any():
        short = [row[: len(row) // 2] + "\n" for row in rows.filter(pa.array(cut)).to_pylist()]
        rows = pc.replace_with_mask(rows, pa.array(cut), pa.array(short))
    _, ends, data = rows.buffers()
    ends = np.frombuffer(ends, np.int32)
    return memoryview(data)[ends[rows.offset]: ends[rows.offset + len(rows)]]


class Table:
    """What the tables have in common."""

    def __init__(self, month):
        self.month = month
        self.sog, self.cog, self.degrees = tenths(NO_SOG), tenths(NO_COG), pa.array([str(value) for value in range(512)])
        self.is_ship = np.array([bool(ship.transceiver) for ship in month.ships])
        self.is_class_b = np.array([ship.transceiver == "B" for ship in month.ships])

    def status(self, reports):
        return np.where(self.is_class_b[reports.ship] | ~self.is_ship[reports.ship], NO_STATUS, reports.status)

    def times(self, reports, form):
        hour = int(reports.second[0]) // HOUR_S if len(reports) else 0
        begin = BEGIN + timedelta(hours=hour)
        texts = pa.array([(begin + timedelta(seconds=second)).strftime(form) for second in range(HOUR_S)])
        return take(texts, reports.second - hour * HOUR_S)


class Aisdk(Table):
    """`aisdk-YYYY-MM-DD.csv` of the Danish Maritime Authority, which has base stations and aids to navigation too."""
    ending, header = "csv", AISDK_HEADER.encode()

    def __init__(self, month):
        super().__init__(month)
        wrong = ["Class A,0"]
        self.heads = pa.array([f"{MOBILE[ship.transceiver or ship.kind]},{ship.mmsi}" for ship in month.ships] + wrong)
        self.tails = pa.array([self._tail(*voyage) for voyage in month.voyages])
        words = [f"{STATUS_WORDS.get(status, 'Unknown value')},{'0.0' if status in STATUS_WORDS else ''}" for status in range(16)]
        self.states = pa.array(words)
        self.headings = pa.array([str(value) for value in range(NO_HEADING)] + [""])

    @staticmethod
    def name(day):
        return f"aisdk-{BEGIN + timedelta(days=day):%Y-%m-%d}"

    def _tail(self, number, draught, destination, arrival):
        ship = self.month.ships[number]
        if not ship.transceiver:
            return "Unknown,Unknown,,Undefined,,,,GPS,,,,AIS,,,,\n"
        width, length = ship.to_port + ship.to_starboard, ship.to_bow + ship.to_stern
        eta = f"{BEGIN + timedelta(seconds=arrival):%d/%m/%Y %H:%M:00}" if draught else ""
        return (f"{ship.imo or 'Unknown'},{ship.callsign},{ship.name},{TYPE_WORDS[ship.type_code]},"
                f"{'No additional information' if ship.type_code in (70, 80) else ''},{width},{length},GPS,"
                f"{draught / 10 if draught else ''},{destination if draught else 'Unknown'},{eta},AIS,"
                f"{ship.to_bow},{ship.to_stern},{ship.to_port},{ship.to_starboard}\n")

    def encode(self, reports):
        heads = np.where(reports.fault == WRONG_MMSI, len(self.month.ships), reports.ship)
        return joined([
            self.times(reports, "%d/%m/%Y %H:%M:%S"), take(self.heads, heads), fixed(reports.lat, 6), fixed(reports.lon, 6),
            take(self.states, self.status(reports)), take(self.sog, reports.sog), take(self.cog, reports.cog),
            take(self.headings, reports.heading), take(self.tails, reports.voyage)], reports)


class Noaa(Table):
    """`ais-YYYY-MM-DD.csv` of MarineCadastre, which has ships only. Real ones have a report a minute."""
    ending, header = "csv", NOAA_HEADER.encode()

    def __init__(self, month):
        super().__init__(month)
        ships = month.ships
        self.mmsis = pa.array([str(ship.mmsi) for ship in ships] + ["0"])
        self.whos = pa.array([f"{ship.name},{f'IMO{ship.imo:07}' if ship.imo else ''},{ship.callsign},{ship.type_code}" for ship in ships])
        self.tails = pa.array([self._tail(*voyage) for voyage in month.voyages])
        self.states = pa.array([str(status) if status != NO_STATUS else "" for status in range(16)])

    @staticmethod
    def name(day):
        return f"ais-{BEGIN + timedelta(days=day):%Y-%m-%d}"

    def _tail(self, number, draught, _destination, _arrival):
        ship = self.month.ships[number]
        return (f"{ship.to_bow + ship.to_stern},{ship.to_port + ship.to_starboard},{draught / 10 if draught else ''},"
                f"{ship.type_code},{ship.transceiver}\n")

    def encode(self, reports):
        reports = reports.part(self.is_ship[reports.ship])
        mmsis = np.where(reports.fault == WRONG_MMSI, len(self.month.ships), reports.ship)
        return joined([
            take(self.mmsis, mmsis), self.times(reports, "%Y-%m-%d %H:%M:%S"), fixed((reports.lon + 5) // 10, 5),
            fixed((reports.lat + 5) // 10, 5), take(self.sog, reports.sog), take(self.cog, reports.cog),
            take(self.degrees, reports.heading), take(self.whos, reports.ship), take(self.states, self.status(reports)),
            take(self.tails, reports.voyage)], reports)


class Parquet(Table):
    """`ais-YYYY-MM-DD.parquet` of MarineCadastre: GeoParquet 1.0.0, Snappy, the position as WKB only."""
    ending, header = "parquet", b""
    GEO = {"version": "1.0.0", "primary_column": "geometry",
           "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}}}

    def __init__(self, month):
        super().__init__(month)
        ships = month.ships

        def each(value, kind):
            return pa.array([value(ship) for ship in ships], kind)

        self.of_ships = {
            "vessel_name": each(lambda ship: ship.name, pa.string()),
            "imo": each(lambda ship: f"IMO{ship.imo:07}" if ship.imo else None, pa.string()),
            "call_sign": each(lambda ship: ship.callsign, pa.string()),
            "vessel_type": each(lambda ship: ship.type_code, pa.int32()),
            "length": each(lambda ship: ship.to_bow + ship.to_stern, pa.int32()),
            "width": each(lambda ship: ship.to_port + ship.to_starboard, pa.int32()),
            "transceiver": each(lambda ship: ship.transceiver, pa.string()),
        }
        self.mmsis = np.array([ship.mmsi for ship in ships], np.int32)
        self.draughts = pa.array([draught / 10 or None for _, draught, _, _ in month.voyages], pa.float32())

    name = staticmethod(Noaa.name)

    def encode(self, reports):
        """A table, not bytes: the file has its own form."""
        reports = reports.part(self.is_ship[reports.ship])
        time = (BEGIN_S + reports.second.astype(np.int64)) * 1_000
        of = {name: take(values, reports.ship) for name, values in self.of_ships.items()}
        status = self.status(reports)
        columns = {
            "mmsi": np.where(reports.fault == WRONG_MMSI, 0, self.mmsis[reports.ship]).astype(np.int32),
            "base_date_time": pa.array(time, pa.timestamp("ms")),
            "sog": (reports.sog / 10).astype(np.float32), "cog": (reports.cog / 10).astype(np.float32),
            "heading": pa.array(reports.heading.astype(np.int32), mask=reports.heading == NO_HEADING),
            "vessel_name": of["vessel_name"], "imo": of["imo"], "call_sign": of["call_sign"], "vessel_type": of["vessel_type"],
            "status": pa.array(status.astype(np.int32), mask=status == NO_STATUS),
            "length": of["length"], "width": of["width"], "draft": take(self.draughts, reports.voyage),
            "cargo": of["vessel_type"], "transceiver": of["transceiver"], "geometry": self._points(reports),
        }
        return pa.table(columns).replace_schema_metadata({"geo": json.dumps(self.GEO)})

    @staticmethod
    def _points(reports):
        point = np.dtype([("order", "u1"), ("kind", "<u4"), ("lon", "<f8"), ("lat", "<f8")])
        points = np.empty(len(reports), point)
        points["order"], points["kind"] = 1, 1
        points["lon"], points["lat"] = reports.lon / 1e6, reports.lat / 1e6
        ends = np.arange(len(points) + 1, dtype=np.int32) * point.itemsize
        column = pa.BinaryArray.from_buffers(pa.binary(), len(points), [None, pa.py_buffer(ends), pa.py_buffer(points)])
        return pc.if_else(pa.array(reports.fault == NO_POSITION), pa.scalar(None, pa.binary()), column)
