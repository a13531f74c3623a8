//! What a person sees when a geometry is wrong: port files with something wrong, and the exact messages.

use super::{check, collection};

#[test]
fn only_areas_are_ports() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
 "geometry":null}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"LineString","coordinates":[[130,42],[131,42]]}}"#,
            r#"{"type":"Feature","properties":{"id":"C","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[]}}"#,
            r#"{"type":"Feature","properties":{"id":"D","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"MultiPolygon","coordinates":[[[[1,1],[2,1],[2,2],[1,1]]],[]]}}"#,
        ]),
        r#"
error: "KPRJN" has no geometry
 --> ports.geojson:3:13 (feature 1, KPRJN)
  |
3 |  "geometry":null},
  |             ^^^^

error: the geometry of "B" is "LineString", which is no area
 --> ports.geojson:5:21 (feature 2, B)
  |
5 |  "geometry":{"type":"LineString","coordinates":[[130,42],[131,42]]}},
  |                     ^^^^^^^^^^^^
  = help: use a Polygon, a MultiPolygon or a Point with "radius_km"

error: the geometry of "C" has no coordinates
 --> ports.geojson:7:45 (feature 3, C)
  |
7 | ...ype":"Polygon","coordinates":[]}},
  |                                 ^^

error: ring 1 of polygon 2 of "D" is missing
 --> ports.geojson:9:79 (feature 4, D)
  |
9 | ...[[[[1,1],[2,1],[2,2],[1,1]]],[]]}}
  |                                 ^^
"#,
    );
}

#[test]
fn a_point_needs_a_radius() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Point","coordinates":[130.3,42.2]}}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"Rajin","country":"KP","kind":"port","radius_km":0},
 "geometry":{"type":"Point","coordinates":[130.3,42.2]}}"#,
            r#"{"type":"Feature","properties":{"id":"C","name":"Rajin","country":"KP","kind":"port","radius_km":3000},
 "geometry":{"type":"Point","coordinates":[130.3,42.2]}}"#,
        ]),
        r#"
error: "KPRJN" is a Point without `radius_km`
 --> ports.geojson:2:32 (feature 1, KPRJN)
  |
2 | {"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
  |                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: a Point needs a radius in kilometres above 0, such as "radius_km": 3

error: `radius_km` of "B" is 0
 --> ports.geojson:4:98 (feature 2, B)
  |
4 | ...P","kind":"port","radius_km":0},
  |                                 ^
  = help: a Point needs a radius in kilometres above 0, such as "radius_km": 3

warning: "C" has a radius of 3000 km
 --> ports.geojson:6:98 (feature 3, C)
  |
6 | ...P","kind":"port","radius_km":3000},
  |                                 ^^^^
  = help: `radius_km` is kilometres; if it is meant, make its kind "zone"
"#,
    );
}

#[test]
fn positions_are_longitude_and_latitude_in_degrees() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[42.2,130.27],[42.2,130.3],[42.25,130.3],[42.2,130.27]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130,42],[131,"42"],[131,43],[130,42]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"C","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130,42],[131,42],[391,43],[130,42]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"D","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[14501500.5,5200000],[14501500,5201000],[14502500,5201000],[14501500.5,5200000]]]}}"#,
        ]),
        r#"
error: latitude 130.27 of "KPRJN" is not within -90..90
 --> ports.geojson:3:47 (feature 1, KPRJN)
  |
3 | ...e":"Polygon","coordinates":[[[42.2,130.27],[42.2,130.3],[42.25,130.3],[42.2,130.27]]]}},
  |                                 ^^^^^^^^^^^^^
  = help: this looks like latitude, longitude; GeoJSON has longitude first

error: a position of "B" is not [longitude, latitude]
 --> ports.geojson:5:56 (feature 2, B)
  |
5 | ...on","coordinates":[[[130,42],[131,"42"],[131,43],[130,42]]]}},
  |                                 ^^^^^^^^^^

error: longitude 391 of "C" is not within -360..360
 --> ports.geojson:7:65 (feature 3, C)
  |
7 | ...dinates":[[[130,42],[131,42],[391,43],[130,42]]]}},
  |                                 ^^^^^^^^

error: 14501500.5,5200000 of "D" is no longitude and latitude
 --> ports.geojson:9:47 (feature 4, D)
  |
9 | ...e":"Polygon","coordinates":[[[14501500.5,5200000],[14501500,5201000],[14502500,5201000],[14501500.5,5200000]]]}}
  |                                 ^^^^^^^^^^^^^^^^^^^^
  = help: coordinates are degrees of WGS 84; these look projected, in metres
"#,
    );
}

#[test]
fn a_ring_has_four_positions() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130,42],[131,42],[130,42]]]}}"#,
        ]),
        r#"
error: ring 1 of "KPRJN" has 3 positions
 --> ports.geojson:3:46 (feature 1, KPRJN)
  |
3 | ...pe":"Polygon","coordinates":[[[130,42],[131,42],[130,42]]]}}
  |                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: a ring has at least 4, the last one equal to the first
"#,
    );
}

#[test]
fn an_open_ring_is_closed() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130,42],[131,42],[131,43],[130,43]]]}}"#,
        ]),
        r#"
warning: ring 1 of "KPRJN" is not closed; it is closed for you
 --> ports.geojson:3:74 (feature 1, KPRJN)
  |
3 | ...[[[130,42],[131,42],[131,43],[130,43]]]}}
  |                                 ^^^^^^^^
  = help: repeat the first position at the end
"#,
    );
}

#[test]
fn a_ring_without_area_is_told() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130,42],[130,42],[130.0000001,42],[130,42]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"MultiPolygon","coordinates":[
  [[[1,1],[2,2],[3,3],[1,1]]],[[[1,1],[2,1],[2,2],[1,1]]]]}}"#,
        ]),
        r#"
error: ring 1 of "KPRJN" has no area: its positions lie in one point or line
 --> ports.geojson:3:46 (feature 1, KPRJN)
  |
3 | ...pe":"Polygon","coordinates":[[[130,42],[130,42],[130.0000001,42],[130,42]]]}},
  |                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

warning: ring 1 of polygon 1 of "B" has no area and is left out
 --> ports.geojson:6:4 (feature 2, B)
  |
6 |   [[[1,1],[2,2],[3,3],[1,1]]],[[[1,1],[2,1],[2,2],[1,1]]]]}}
  |    ^^^^^^^^^^^^^^^^^^^^^^^^^
"#,
    );
}

#[test]
fn a_ring_that_crosses_itself_is_told_with_the_place() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.232],[130.29,42.246],[130.312,42.23],[130.275,42.246],[130.27,42.232]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130,42],[131,42],[131,43],[131.5,43],[131,43],[130,43],[130,42]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"C","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[179.5,1],[-179.5,2],[-179.5,1],[179.5,2],[179.5,1]]]}}"#,
        ]),
        r#"
error: ring 1 of "KPRJN" crosses itself near 130.28427,42.24199
 --> ports.geojson:3:47 (feature 1, KPRJN)
  |
3 | ...e":"Polygon","coordinates":[[[130.27,42.232],[130.29,42.246],[130.312,42.23],[130.275,42.246],[130.27,42.232]]]}},
  |                                 ^^^^^^^^^^^^^^^
  = help: the edge from position 1 of ring 1 meets the one from position 3 of ring 1 (line 3, column 79)

error: ring 1 of "B" runs back over itself near 131.00000,43.00000
 --> ports.geojson:5:65 (feature 2, B)
  |
5 | ...dinates":[[[130,42],[131,42],[131,43],[131.5,43],[131,43],[130,43],[130,42]]]}},
  |                                 ^^^^^^^^
  = help: the edge from position 3 of ring 1 meets the one from position 4 of ring 1 (line 5, column 74)

error: ring 1 of "C" crosses itself near -180.00000,1.50000
 --> ports.geojson:7:47 (feature 3, C)
  |
7 | ...e":"Polygon","coordinates":[[[179.5,1],[-179.5,2],[-179.5,1],[179.5,2],[179.5,1]]]}}
  |                                 ^^^^^^^^^
  = help: the edge from position 1 of ring 1 meets the one from position 3 of ring 1 (line 7, column 68)
"#,
    );
}

#[test]
fn holes_lie_in_their_outer_ring() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130,42],[131,42],[131,43],[130,43],[130,42]],
  [[132,42],[133,42],[133,43],[132,42]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130,42],[131,42],[131,43],[130,43],[130,42]],
  [[130.5,42.5],[131.5,42.5],[130.5,42.7],[130.5,42.5]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"C","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130,42],[131,42],[131,43],[130,43],[130,42]],
  [[130.2,42.2],[130.8,42.2],[130.8,42.8],[130.2,42.2]],
  [[130.6,42.3],[130.7,42.3],[130.7,42.4],[130.6,42.3]]]}}"#,
        ]),
        r#"
error: ring 2 of "KPRJN" is a hole, but lies outside ring 1
 --> ports.geojson:4:3 (feature 1, KPRJN)
  |
4 |   [[132,42],[133,42],[133,43],[132,42]]]}},
  |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: the first ring is the outer one; areas of their own belong into a MultiPolygon

error: ring 1 of "B" crosses ring 2 near 131.00000,42.50000
 --> ports.geojson:6:56 (feature 2, B)
  |
6 | ...on","coordinates":[[[130,42],[131,42],[131,43],[130,43],[130,42]],
  |                                 ^^^^^^^^
  = help: the edge from position 2 of ring 1 meets the one from position 1 of ring 2 (line 7, column 4)

error: ring 3 of "C" is a hole inside another hole, ring 2
  --> ports.geojson:11:3 (feature 3, C)
   |
11 |   [[130.6,42.3],[130.7,42.3],[130.7,42.4],[130.6,42.3]]]}}
   |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   = help: land in a hole is a polygon of its own in a MultiPolygon
"#,
    );
}

#[test]
fn a_port_of_more_than_five_degrees_is_suspicious() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130,42],[136.5,42],[131,43],[130,42]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"Rajin","country":"KP","kind":"zone"},
 "geometry":{"type":"Polygon","coordinates":[[[130,42],[136,42],[131,43],[130,42]]]}}"#,
        ]),
        r#"
warning: "KPRJN" is 6.5 degrees large
 --> ports.geojson:3:13 (feature 1, KPRJN)
  |
3 |  "geometry":{"type":"Polygon","coordinates":[[[130,42],[136.5,42],[131,43],[130,42]]]}},
  |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: look for a wrong position; if it is meant, make its kind "zone"
"#,
    );
}

#[test]
fn a_ring_around_a_pole_is_no_area() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[0,80],[90,80],[180,80],[-90,80],[0,80]]]}}"#,
        ]),
        r#"
error: ring 1 of "KPRJN" goes around a pole or the whole globe
 --> ports.geojson:3:46 (feature 1, KPRJN)
  |
3 | ...pe":"Polygon","coordinates":[[[0,80],[90,80],[180,80],[-90,80],[0,80]]]}}
  |                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: steps of more than 180 degrees are taken across the antimeridian; cut the area there into a MultiPolygon
"#,
    );
}

#[test]
fn one_area_is_one_port() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130,42],[131,42],[131,43],[130,42]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[131,43],[131,42],[130,42],[130,42],[131,43]]]}}"#,
        ]),
        r#"
warning: "B" has the same area as "KPRJN" (ports.geojson:2)
 --> ports.geojson:5:13 (feature 2, B)
  |
5 |  "geometry":{"type":"Polygon","coordinates":[[[131,43],[131,42],[130,42],[130,42],[131,43]]]}}
  |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: a ship in it visits both; remove one, or give them valid_from and valid_to
"#,
    );
}
