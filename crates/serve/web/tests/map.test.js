import assert from "node:assert/strict";
import { test } from "node:test";
import { around, circle, covers, holds, pointsOf, unwrapped, withMargin, wrapLongitude } from "../src/map/bounds.js";
import { decode, unpack } from "../src/map/basemap.js";
import { markSize, mercatorX, mercatorY } from "../src/map/ships.js";
import { portsFrom } from "../src/ports.js";

test("longitudes_wrap", () => {
  assert.deepEqual([190, -190, 180, 540, 0].map(wrapLongitude), [-170, 170, -180, -180, 0]);
});

test("a_window_over_the_antimeridian_has_west_greater_than_east", () => {
  const window = withMargin([170, -10, 190, 10], 0.5);
  assert.deepEqual(window, [160, -20, -160, 20]);
  assert.ok(holds(window, 179, 0) && holds(window, -179, 0) && !holds(window, 0, 0));
  assert.ok(covers(window, [171, -5, 189, 5]));
  assert.ok(!covers(window, [171, -5, 205, 5]));
});

test("a_window_around_the_world_is_the_world", () => {
  assert.deepEqual(withMargin([-170, -80, 170, 80], 0.5), [-180, -90, 180, 90]);
  assert.ok(covers([-180, -90, 180, 90], [-300, -80, 300, 80]));
});

test("the_box_around_points_takes_the_short_way", () => {
  assert.deepEqual(around([[179, 1], [-179, 2]]), [179, 1, 181, 2]);
  assert.equal(around([]), null);
});

test("points_of_any_geometry_are_found", () => {
  assert.deepEqual(pointsOf({ type: "Point", coordinates: [1, 2] }), [[1, 2]]);
  assert.equal(pointsOf({ type: "MultiPolygon", coordinates: [[[[0, 0], [1, 0], [0, 0]]]] }).length, 3);
  assert.deepEqual(pointsOf(null), []);
});

test("a_line_over_the_antimeridian_is_not_drawn_around_the_world", () => {
  assert.deepEqual(unwrapped([[179, 0], [-179, 1], [178, 2]]), [[179, 0], [181, 1], [178, 2]]);
});

test("a_circle_has_its_radius_in_all_directions", () => {
  const [ring] = circle(131, 42, 111_195).coordinates;
  assert.ok(Math.abs(ring[0][1] - 43) < 1e-6);
  assert.ok(Math.abs((ring[16][0] - 131) * Math.cos((42 * Math.PI) / 180) - 1) < 1e-6);
});

test("the_base_map_is_packed_as_differences", () => {
  assert.deepEqual(decode([500, 250, 5, -5], 500), [[1, 0.5], [1.01, 0.49]]);
  const { land, borders, names } = unpack({ scale: 1, land: [[[0, 0, 1, 0, 0, 1, -1, -1]]], borders: [[0, 0, 1, 1]], names: [{ name: "A", at: [1, 2], area: 3 }] });
  assert.deepEqual(/** @type {any} */ (land.features[0].geometry).coordinates[0].at(-1), [0, 0]);
  assert.equal(borders.features.length, 1);
  assert.deepEqual(names.features[0].properties, { name: "A", area: 3, rank: 0 });
});

test("positions_are_web_mercator", () => {
  assert.equal(mercatorX(0), 0.5);
  assert.ok(Math.abs(mercatorY(0) - 0.5) < 1e-12);
  assert.ok(Math.abs(mercatorY(85.0511287) - 0) < 1e-4);
});

test("marks_grow_with_the_zoom", () => {
  assert.equal(markSize(0), 5);
  assert.ok(markSize(6) > 8 && markSize(6) < 13);
  assert.equal(markSize(20), 26);
});

test("ports_get_a_point_whatever_their_shape", () => {
  const ports = portsFrom({ type: "FeatureCollection", features: [
    { type: "Feature", properties: { id: "A", name: "Alpha", listed: true }, geometry: { type: "Polygon", coordinates: [[[0, 0], [2, 0], [2, 2], [0, 0]]] } },
    { type: "Feature", properties: { name: "no id" }, geometry: { type: "Point", coordinates: [1, 1] } },
  ] });
  assert.deepEqual([...ports.values()].map(({ id, lon, lat, listed }) => [id, lon, lat, listed]), [["A", 1, 1, true]]);
});
