"""The reports of one hour, as columns in the order of time, with all that is wrong in real feeds."""
from dataclasses import dataclass

import numpy as np

HOUR_S = 3_600
# Of 2023-10-01, a Sunday: times are seconds after it.
BEGIN_S = 1_696_118_400
# Shares of the reports that are sent: never heard; heard twice; and of those heard, with a fault.
LOST, TWICE = 0.20, 0.01
NO_SOG, NO_COG, NO_HEADING = 1_023, 3_600, 511
GOOD, NO_POSITION, NULL_ISLAND, CUT_SHORT, WRONG_MMSI, DISPLACED = range(6)
FAULTS = {NO_POSITION: 3e-4, NULL_ISLAND: 1e-5, CUT_SHORT: 1e-4, WRONG_MMSI: 1e-4, DISPLACED: 2e-5}
# What of the reports that are sent becomes a row.
ROWS_A_REPORT = (1 - LOST) * (1 + TWICE)
DEGREES_A_METRE = 1 / 111_195


@dataclass
class Reports:
    """Columns of equal length. Positions in 10^-6 degree, speed and course in tenths; what is absent is as in ITU-R M.1371."""
    second: np.ndarray
    ship: np.ndarray
    voyage: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    sog: np.ndarray
    cog: np.ndarray
    heading: np.ndarray
    status: np.ndarray
    fault: np.ndarray
    is_copy: np.ndarray

    def __len__(self):
        return len(self.second)

    def part(self, which):
        """Those that a slice, a mask or places choose."""
        return Reports(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


class Hours:
    """Makes the hours of a month, one after another."""

    def __init__(self, month, seed):
        self.columns, self.seed = month.columns, seed
        self.phase = np.array([ship.phase_s for ship in month.ships], np.int32)
        self.is_ship = np.array([bool(ship.transceiver) for ship in month.ships])
        self.is_class_b = np.array([ship.transceiver == "B" for ship in month.ships])

    def hour(self, number):
        draw = np.random.default_rng((self.seed, number))
        begin, end = number * HOUR_S, (number + 1) * HOUR_S
        # Segments are in the order of their beginnings.
        begun = np.searchsorted(self.columns["t0"], end)
        chosen = np.flatnonzero(self.columns["t1"][:begun] > begin)
        of = {name: column[chosen] for name, column in self.columns.items()}
        second, segment = self._times(of, begin, end)
        kept = draw.random(len(second), np.float32) >= LOST
        second, segment = second[kept], segment[kept]
        order = np.argsort((second - begin).astype(np.uint16), kind="stable")
        second, segment = second[order], segment[order]
        copies = np.repeat(np.arange(len(second)), 1 + (draw.random(len(second), np.float32) < TWICE))
        is_copy = np.zeros(len(copies), bool)
        is_copy[1:] = copies[1:] == copies[:-1]
        reports = self._reports(of, second, segment, draw).part(copies)
        reports.is_copy = is_copy
        return reports

    def _times(self, of, begin, end):
        """When each of the segments is heard, segment by segment."""
        phase = self.phase[of["ship"]] % of["interval"]
        first = -((phase - np.maximum(of["t0"], begin)) // of["interval"])
        last = -((phase - np.minimum(of["t1"], end)) // of["interval"])
        count = np.maximum(last - first, 0)
        segment = np.repeat(np.arange(len(count), dtype=np.int32), count)
        nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[segment]
        return (phase[segment] + nth * of["interval"][segment]).astype(np.int32), segment

    def _reports(self, of, second, segment, draw):
        count = len(second)
        span = (second - of["t0"][segment]) / (of["t1"] - of["t0"])[segment]
        noise = draw.standard_normal((4, count), np.float32)
        lon = of["lon0"][segment] + (of["lon1"] - of["lon0"])[segment] * span + noise[0] * (7 * DEGREES_A_METRE)
        lat = of["lat0"][segment] + (of["lat1"] - of["lat0"])[segment] * span + noise[1] * (4 * DEGREES_A_METRE)
        speed, ship = of["sog"][segment], of["ship"][segment]
        moves = speed > 0.5
        sog = np.rint(np.abs(speed + noise[2] * np.where(moves, np.float32(0.2), np.float32(0.04))) * 10).astype(np.int16)
        cog = np.rint(of["cog"][segment] * 10 + noise[3] * np.where(moves, np.float32(10), np.float32(400)))
        cog = cog.astype(np.int16) % 3_600
        heading = np.rint(of["cog"][segment] + noise[2]).astype(np.int16) % 360
        heading[self.is_class_b[ship]] = NO_HEADING
        # Base stations and aids to navigation have none of these.
        sog[~self.is_ship[ship]], cog[~self.is_ship[ship]], heading[~self.is_ship[ship]] = NO_SOG, NO_COG, NO_HEADING
        reports = Reports(
            second=second, ship=ship, voyage=of["voyage"][segment],
            lon=np.rint(lon * 1e6).astype(np.int32), lat=np.rint(lat * 1e6).astype(np.int32),
            sog=sog, cog=cog, heading=heading, status=of["status"][segment],
            fault=np.zeros(count, np.uint8), is_copy=np.zeros(count, bool))
        self._spoil(reports, draw)
        return reports

    def _spoil(self, reports, draw):
        chance = draw.random(len(reports), np.float32)
        low = 0.0
        for fault, share in FAULTS.items():
            reports.fault[(chance >= low) & (chance < low + share) & self.is_ship[reports.ship]] = fault
            low += share
        reports.lat[reports.fault == NO_POSITION] = 91_000_000
        reports.lon[reports.fault == NO_POSITION] = 181_000_000
        reports.lat[reports.fault == NULL_ISLAND] = 0
        reports.lon[reports.fault == NULL_ISLAND] = 0
        reports.lat[reports.fault == DISPLACED] += 2_000_000
