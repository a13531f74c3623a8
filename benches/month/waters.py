"""The waters of the month: lanes drawn by hand between the North Sea and the Baltic, and the ports of
config/ports that lie on them. Longitude comes first."""
import heapq
import json
import math
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

NODES = {
    "north-sea": (6.00, 57.30), "oslofjord": (10.55, 58.95), "german-bight": (7.60, 54.60), "east": (20.00, 57.60),
    "jammer": (8.60, 57.50), "thyboron-off": (7.90, 56.80), "horns": (7.40, 55.50), "hirtshals-off": (9.90, 57.85),
    "skaw": (10.75, 57.90), "brofjorden-off": (11.15, 58.30), "goteborg-off": (11.45, 57.60), "laeso-west": (10.72, 57.40),
    "laeso-east": (11.45, 57.25), "aalborg-bay": (10.55, 56.98), "anholt-east": (11.85, 56.75), "halmstad-off": (12.60, 56.60),
    "kattegat-middle": (11.15, 56.65), "kullen": (12.35, 56.27), "sound-north": (12.655, 56.045), "ven": (12.63, 55.92),
    "roads": (12.68, 55.75), "drogden": (12.71, 55.56), "sound-south": (12.72, 55.35), "trelleborg-off": (13.05, 55.25),
    "grenaa-off": (11.00, 56.42), "sejero": (11.05, 56.08), "aarhus-bay": (10.60, 56.04), "belt-north": (10.87, 55.66),
    "fyns-hoved": (10.65, 55.68), "little-belt": (9.90, 55.60), "bridge": (11.03, 55.34), "belt-south": (10.95, 54.90),
    "langeland": (10.85, 54.62), "kiel-bay": (10.30, 54.52), "fehmarn": (11.40, 54.58), "lubeck-bay": (11.20, 54.15),
    "kadet": (12.20, 54.47), "gedser-east": (12.55, 54.65), "arkona": (13.60, 54.90), "ystad-off": (13.80, 55.33),
    "bornholmsgat": (14.35, 55.33), "ronne-off": (14.55, 55.12), "sassnitz-off": (13.75, 54.52), "pomerania": (14.28, 54.15),
    "karlshamn-off": (14.90, 55.90), "bornholm-south": (15.00, 54.80), "baltic-middle": (16.50, 55.55),
    "gotland-south": (18.20, 56.40), "rozewie": (18.20, 54.98), "gdansk-bay": (18.95, 54.65), "klaipeda-off": (20.80, 55.72),
    "liepaja-off": (20.75, 56.52),
}
BORDERS = ("north-sea", "oslofjord", "german-bight", "east")
LANES = """
north-sea-jammer jammer-hirtshals-off hirtshals-off-skaw thyboron-off-jammer horns-thyboron-off horns-german-bight
north-sea-thyboron-off oslofjord-skaw oslofjord-brofjorden-off brofjorden-off-goteborg-off brofjorden-off-skaw
skaw-goteborg-off skaw-laeso-east skaw-laeso-west laeso-west-aalborg-bay aalborg-bay-kattegat-middle goteborg-off-laeso-east
laeso-east-anholt-east laeso-east-kattegat-middle anholt-east-halmstad-off anholt-east-kullen halmstad-off-kullen
kullen-sound-north sound-north-ven ven-roads roads-drogden drogden-sound-south sound-south-trelleborg-off
kattegat-middle-grenaa-off grenaa-off-sejero sejero-aarhus-bay sejero-belt-north belt-north-fyns-hoved
fyns-hoved-little-belt belt-north-bridge bridge-belt-south belt-south-langeland langeland-kiel-bay langeland-fehmarn
kiel-bay-fehmarn fehmarn-lubeck-bay fehmarn-kadet kadet-gedser-east gedser-east-arkona gedser-east-trelleborg-off
trelleborg-off-arkona trelleborg-off-ystad-off arkona-ystad-off arkona-bornholmsgat ystad-off-bornholmsgat
bornholmsgat-ronne-off ystad-off-ronne-off arkona-sassnitz-off sassnitz-off-pomerania pomerania-bornholm-south
bornholmsgat-karlshamn-off bornholmsgat-baltic-middle karlshamn-off-baltic-middle bornholm-south-rozewie
arkona-bornholm-south bornholm-south-baltic-middle baltic-middle-gotland-south gotland-south-east rozewie-gdansk-bay
gdansk-bay-klaipeda-off klaipeda-off-liepaja-off liepaja-off-east gotland-south-klaipeda-off baltic-middle-klaipeda-off
"""
# Port, the node from which it is approached, and how much of the traffic is for it.
PORTS = [
    ("WPI29230", "roads", 8), ("WPI24210", "roads", 5), ("WPI29350", "sound-north", 3), ("WPI24120", "sound-north", 6),
    ("SEGOT", "goteborg-off", 12), ("WPI30260", "aarhus-bay", 8), ("WPI30170", "little-belt", 5), ("WPI30640", "horns", 6),
    ("WPI30430", "laeso-west", 5), ("WPI30450", "hirtshals-off", 4), ("WPI30455", "jammer", 4), ("WPI30440", "skaw", 4),
    ("DK-SKAGEN-ANCHORAGE", "skaw", 5), ("WPI30290", "grenaa-off", 3), ("WPI29490", "belt-north", 4), ("WPI29860", "bridge", 1),
    ("WPI29520", "bridge", 1), ("WPI29710", "fehmarn", 5), ("WPI28860", "kadet", 8), ("WPI28930", "kiel-bay", 7),
    ("WPI28880", "lubeck-bay", 7), ("WPI28840", "sassnitz-off", 3), ("WPI28820", "pomerania", 6), ("WPI24250", "trelleborg-off", 5),
    ("WPI24260", "ystad-off", 3), ("WPI29110", "ronne-off", 3), ("WPI24370", "karlshamn-off", 4), ("WPI28710", "gdansk-bay", 9),
    ("WPI28740", "gdansk-bay", 7), ("WPI28660", "klaipeda-off", 7), ("WPI28640", "liepaja-off", 4), ("WPI23950", "brofjorden-off", 5),
    ("WPI24030", "laeso-east", 2), ("WPI24050", "halmstad-off", 2),
]
METRES_A_DEGREE = 111_195.0


def distance_m(a, b):
    """In the plane; over these distances that is as good as on the sphere."""
    east = (b[0] - a[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return math.hypot(east, b[1] - a[1]) * METRES_A_DEGREE


def course_deg(a, b):
    east = (b[0] - a[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return math.degrees(math.atan2(east, b[1] - a[1])) % 360


def ports():
    """Id to (name, (lon, lat)): the point of a circle, the middle of an area."""
    found = {}
    for file in ("wpi.geojson", "areas.geojson"):
        for feature in json.loads((ROOT / "config/ports" / file).read_text())["features"]:
            shape = feature["geometry"]
            place = shape["coordinates"]
            if shape["type"] == "Polygon":
                ring = place[0][:-1]
                place = [sum(vertex[axis] for vertex in ring) / len(ring) for axis in (0, 1)]
            found[feature["properties"]["id"]] = (feature["properties"]["name"], tuple(place))
    return {port: found[port] for port, _, _ in PORTS}


class Chart:
    """Ways from any port or border to any other."""

    def __init__(self):
        self.ports = ports()
        self.gates = {port: gate for port, gate, _ in PORTS} | {border: border for border in BORDERS}
        self.next = {}
        lanes = {name: [] for name in NODES}
        for lane in LANES.split():
            a, b = next((a, lane[len(a) + 1:]) for a in NODES if lane.startswith(a + "-") and lane[len(a) + 1:] in NODES)
            length = distance_m(NODES[a], NODES[b])
            lanes[a].append((b, length))
            lanes[b].append((a, length))
        for goal in NODES:
            self.next[goal] = self._towards(goal, lanes)

    @staticmethod
    def _towards(goal, lanes):
        """For each node the one that comes after it on the way to the goal (Dijkstra)."""
        after, done, heap = {}, set(), [(0.0, goal, goal)]
        while heap:
            so_far, node, follower = heapq.heappop(heap)
            if node in done:
                continue
            done.add(node)
            after[node] = follower
            for other, length in lanes[node]:
                heapq.heappush(heap, (so_far + length, other, node))
        assert len(done) == len(NODES), f"no way to {goal} from {set(NODES) - done}"
        return after

    def way(self, start, goal):
        """The nodes from the gate of one to that of the other."""
        node, last = self.gates[start], self.gates[goal]
        nodes = [node]
        while node != last:
            node = self.next[last][node]
            nodes.append(node)
        return [NODES[node] for node in nodes]
