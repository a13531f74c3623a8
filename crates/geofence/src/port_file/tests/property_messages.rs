//! What a person sees when a file or a property is wrong: port files with something wrong, and the exact messages.

use super::{check, collection};

#[test]
fn text_that_is_no_json_is_one_problem_with_its_place() {
    check(
        r#""#,
        r#"
error: not JSON: EOF while parsing a value
 --> ports.geojson:1:1
  |
1 | 
  | ^
  = help: the file is empty
"#,
    );
    check(
        r#"{"type":"FeatureCollection",
 "features":[{"type":"Feature" "properties":{}}]}"#,
        r#"
error: not JSON: expected `,` or `}`
 --> ports.geojson:2:32
  |
2 |  "features":[{"type":"Feature" "properties":{}}]}
  |                                ^
"#,
    );
    check(
        r#"<kml xmlns="http://www.opengis.net/kml/2.2"/>"#,
        r#"
error: not JSON: expected value
 --> ports.geojson:1:1
  |
1 | <kml xmlns="http://www.opengis.net/kml/2.2"/>
  | ^
  = help: this looks like XML or HTML; convert it to GeoJSON first, for example with ogr2ogr
"#,
    );
    check(
        r#"{"type":"Feature","properties":{}}
{"type":"Feature","properties":{}}
"#,
        r#"
error: not JSON: trailing characters
 --> ports.geojson:2:1
  |
2 | {"type":"Feature","properties":{}}
  | ^
  = help: features one a line belong into {"type": "FeatureCollection", "features": [...]}
"#,
    );
}

#[test]
fn json_that_is_no_feature_collection_is_one_problem() {
    check(
        r#"{"type":"Feature","properties":{},"geometry":null}"#,
        r#"
error: not a GeoJSON FeatureCollection: its "type" is "Feature"
 --> ports.geojson:1:9
  |
1 | {"type":"Feature","properties":{},"geometry":null}
  |         ^^^^^^^^^
  = help: a port file is {"type": "FeatureCollection", "features": [...]}
"#,
    );
    check(
        r#"[1,2]"#,
        r#"
error: not a GeoJSON FeatureCollection: it is a list
 --> ports.geojson:1:1
  |
1 | [1,2]
  | ^^^^^
  = help: a port file is {"type": "FeatureCollection", "features": [...]}
"#,
    );
    check(
        r#"{"ports":[]}"#,
        r#"
error: not a GeoJSON FeatureCollection: it has no "type"
 --> ports.geojson:1:1
  |
1 | {"ports":[]}
  | ^^^^^^^^^^^^
  = help: a port file is {"type": "FeatureCollection", "features": [...]}
"#,
    );
    check(
        r#"{"type":"FeatureCollection","features":{}}"#,
        r#"
error: the FeatureCollection has no list of "features"
 --> ports.geojson:1:40
  |
1 | ...eatureCollection","features":{}}
  |                                 ^^
"#,
    );
}

#[test]
fn a_member_that_is_no_feature_is_told() {
    check(
        &collection(&[
            r#"7"#,
            r#"{"type":"Port","properties":{"id":"A"}}"#,
            r#"{"type":"Feature","properties":[],"geometry":null}"#,
        ]),
        r#"
error: feature 1 is 7, not a Feature
 --> ports.geojson:2:1 (feature 1)
  |
2 | 7,
  | ^

error: the "type" of "A" is "Port", not "Feature"
 --> ports.geojson:3:9 (feature 2, A)
  |
3 | {"type":"Port","properties":{"id":"A"}},
  |         ^^^^^^

error: the properties of feature 3 are a list, not an object
 --> ports.geojson:4:32 (feature 3)
  |
4 | {"type":"Feature","properties":[],"geometry":null}
  |                                ^^
"#,
    );
}

#[test]
fn an_id_is_needed() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"name":"Rajin (Najin)","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"  ","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
            r#"{"type":"Feature","id":17,"properties":{"country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
        ]),
        r#"
error: feature 1 ("Rajin (Najin)") has no `id`
 --> ports.geojson:2:32 (feature 1)
  |
2 | {"type":"Feature","properties":{"name":"Rajin (Najin)","country":"KP","kind":"port"},
  |                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: add a text that no other feature has and that stays, such as "id": "RAJIN-NAJIN"

error: the `id` of feature 2 is empty
 --> ports.geojson:4:38 (feature 2)
  |
4 | ..."Feature","properties":{"id":"  ","country":"KP","kind":"port"},
  |                                 ^^^^
  = help: add a text that no other feature has and that stays, such as "id": "KPRJN"

error: the `id` of feature 3 is 17, not text
 --> ports.geojson:6:24 (feature 3)
  |
6 | {"type":"Feature","id":17,"properties":{"country":"KP","kind":"port"},
  |                        ^^
  = help: write it as text: "id": "17"
"#,
    );
}

#[test]
fn an_id_is_taken_once() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Najin","country":"KP","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[1,1],[2,1],[2,2],[1,1]]]}}"#,
        ]),
        r#"
error: the id "KPRJN" is taken by the feature at ports.geojson:2
 --> ports.geojson:4:38 (feature 2, KPRJN)
  |
4 | ..."Feature","properties":{"id":"KPRJN","name":"Najin","country":"KP","kind":"port"},
  |                                 ^^^^^^^
  = help: give each feature an id of its own
"#,
    );
}

#[test]
fn what_is_missing_is_assumed_and_told() {
    check(
        &collection(&[r#"{"type":"Feature","properties":{"id":"KPRJN"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#]),
        r#"
warning: "KPRJN" has no `name`; its id is used
 --> ports.geojson:2:32 (feature 1, KPRJN)
  |
2 | {"type":"Feature","properties":{"id":"KPRJN"},
  |                                ^^^^^^^^^^^^^^

warning: "KPRJN" has no `country`; ZZ is used, so rules by country miss it
 --> ports.geojson:2:32 (feature 1, KPRJN)
  |
2 | {"type":"Feature","properties":{"id":"KPRJN"},
  |                                ^^^^^^^^^^^^^^
  = help: add two letters of ISO 3166-1, such as "country": "KP"

warning: "KPRJN" has no `kind`; it is taken for a port
 --> ports.geojson:2:32 (feature 1, KPRJN)
  |
2 | {"type":"Feature","properties":{"id":"KPRJN"},
  |                                ^^^^^^^^^^^^^^
  = help: add one of port, terminal, anchorage, naval, shipyard, sts_area, zone
"#,
    );
}

#[test]
fn countries_are_two_capital_letters() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"A","name":"A","country":"kp","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"B","country":"North Korea","kind":"port"},
 "geometry":{"type":"Polygon","coordinates":[[[1,1],[2,1],[2,2],[1,1]]]}}"#,
        ]),
        r#"
warning: the `country` of "A" is "kp"; KP is used
 --> ports.geojson:2:63 (feature 1, A)
  |
2 | ...id":"A","name":"A","country":"kp","kind":"port"},
  |                                 ^^^^

warning: the `country` of "B" is "North Korea"; ZZ is used, so rules by country miss it
 --> ports.geojson:4:63 (feature 2, B)
  |
4 | ...id":"B","name":"B","country":"North Korea","kind":"port"},
  |                                 ^^^^^^^^^^^^^
  = help: countries are two capital letters of ISO 3166-1, such as "KP"
"#,
    );
}

#[test]
fn kinds_are_known() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"A","name":"A","country":"KP","kind":"harbour"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"B","country":"KP","kind":"STS area"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"C","name":"C","country":"KP","kind":3},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
        ]),
        r#"
error: the `kind` of "A" is "harbour", which is no kind of port
 --> ports.geojson:2:75 (feature 1, A)
  |
2 | ...e":"A","country":"KP","kind":"harbour"},
  |                                 ^^^^^^^^^
  = help: kinds are port, terminal, anchorage, naval, shipyard, sts_area, zone

error: the `kind` of "B" is "STS area", which is no kind of port
 --> ports.geojson:4:75 (feature 2, B)
  |
4 | ...e":"B","country":"KP","kind":"STS area"},
  |                                 ^^^^^^^^^^
  = help: write it "sts_area"

error: the `kind` of "C" is 3, which is no kind of port
 --> ports.geojson:6:75 (feature 3, C)
  |
6 | ...e":"C","country":"KP","kind":3},
  |                                 ^
  = help: kinds are port, terminal, anchorage, naval, shipyard, sts_area, zone
"#,
    );
}

#[test]
fn the_exit_buffer_is_metres_from_zero_on() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port","exit_buffer_m":-1},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"Rajin","country":"KP","kind":"port","exit_buffer_m":"1 km"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
        ]),
        r#"
error: `exit_buffer_m` of "KPRJN" is -1
 --> ports.geojson:2:106 (feature 1, KPRJN)
  |
2 | ...kind":"port","exit_buffer_m":-1},
  |                                 ^^
  = help: it is metres, 0 or more; without it 1000 is used

error: `exit_buffer_m` of "B" is "1 km"
 --> ports.geojson:4:102 (feature 2, B)
  |
4 | ...kind":"port","exit_buffer_m":"1 km"},
  |                                 ^^^^^^
  = help: it is metres, 0 or more; without it 1000 is used
"#,
    );
}

#[test]
fn validity_is_two_dates_in_order() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port","valid_from":"1 October 2023"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"Rajin","country":"KP","kind":"port","valid_from":"2023-10-01","valid_to":"2023-10-01T00:00:00Z"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
        ]),
        r#"
error: `valid_from` of "KPRJN" is "1 October 2023", which is no date
 --> ports.geojson:2:103 (feature 1, KPRJN)
  |
2 | ...","kind":"port","valid_from":"1 October 2023"},
  |                                 ^^^^^^^^^^^^^^^^
  = help: write "2023-10-01" (00:00 UTC) or "2023-10-01T12:00:00Z"

error: `valid_to` of "B" is not after its `valid_from`
 --> ports.geojson:4:123 (feature 2, B)
  |
4 | ...rom":"2023-10-01","valid_to":"2023-10-01T00:00:00Z"},
  |                                 ^^^^^^^^^^^^^^^^^^^^^^
  = help: it is valid from valid_from on and ends before valid_to
"#,
    );
}

#[test]
fn properties_of_a_wrong_type_are_told() {
    check(
        &collection(&[
            r#"{"type":"Feature","properties":{"id":"KPRJN","name":"Rajin","country":"KP","kind":"port","wpi":"60510","watch":"dprk"},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
            r#"{"type":"Feature","properties":{"id":"B","name":"Rajin","country":"KP","kind":"port","aliases":"Najin","no_ais_expected":1},
 "geometry":{"type":"Polygon","coordinates":[[[130.27,42.2],[130.3,42.2],[130.3,42.25],[130.27,42.25],[130.27,42.2]]]}}"#,
        ]),
        r#"
error: `wpi` of "KPRJN" is not a World Port Index number or a list of them
 --> ports.geojson:2:96 (feature 1, KPRJN)
  |
2 | ...ry":"KP","kind":"port","wpi":"60510","watch":"dprk"},
  |                                 ^^^^^^^
  = help: write "wpi": 60510 or "wpi": [60510, 60520]

error: `watch` of "KPRJN" is not a list of texts
 --> ports.geojson:2:112 (feature 1, KPRJN)
  |
2 | ..."port","wpi":"60510","watch":"dprk"},
  |                                 ^^^^^^
  = help: write "watch": ["dprk"]

warning: `aliases` of "B" is not a list of texts; it is ignored
 --> ports.geojson:4:96 (feature 2, B)
  |
4 | ..."KP","kind":"port","aliases":"Najin","no_ais_expected":1},
  |                                 ^^^^^^^

warning: `no_ais_expected` of "B" is not true or false; it is ignored
 --> ports.geojson:4:122 (feature 2, B)
  |
4 | ...s":"Najin","no_ais_expected":1},
  |                                 ^
"#,
    );
}
