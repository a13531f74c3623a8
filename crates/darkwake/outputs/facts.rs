//! A fact as a row: the columns of all three kinds, empty where they do not apply. What is in braces in a line is a column
//! each (`start` is `start_t`, `start_lon`, `start_lat`); lists are lists.

use anyhow::Context;
use serde_json::{Value, json};

use super::table::{Column, Kind, Table};

/// How facts become rows.
pub static TABLE: Table = Table { columns: &COLUMNS, long: &[], place, time: began };

const SPAN: [Column; 2] = [Column::at("start", Kind::Time, "/start"), Column::at("end", Kind::Time, "/end")];

const COLUMNS: [Column; 74] = [
    Column::at("kind", Kind::Text, "/kind"),
    Column::at("mmsi", Kind::Integer, "/mmsi"),
    Column::at("track", Kind::Text, "/track"),
    // Silences; the length is one of hops, too.
    Column::at("start_t", Kind::Time, "/start/t"),
    Column::at("start_lon", Kind::Number, "/start/lon"),
    Column::at("start_lat", Kind::Number, "/start/lat"),
    Column::at("end_t", Kind::Time, "/end/t"),
    Column::at("end_lon", Kind::Number, "/end/lon"),
    Column::at("end_lat", Kind::Number, "/end/lat"),
    Column::at("start_heard", Kind::Time, "/start_heard"),
    Column::at("end_heard", Kind::Time, "/end_heard"),
    Column::at("duration_ms", Kind::Integer, "/duration_ms"),
    Column::at("distance_m", Kind::Number, "/distance_m"),
    Column::at("speed_kn", Kind::Number, "/speed_kn"),
    Column::at("reports_12h", Kind::Integer, "/reports_12h"),
    Column::at("expected_12h", Kind::Integer, "/expected_12h"),
    Column::at("static_before_draught", Kind::Number, "/static_before/draught"),
    Column::at("static_before_destination", Kind::Text, "/static_before/destination"),
    Column::at("static_before_name", Kind::Text, "/static_before/name"),
    Column::at("static_before_callsign", Kind::Text, "/static_before/callsign"),
    Column::at("static_before_imo", Kind::Integer, "/static_before/imo"),
    Column::at("static_before_dimensions", Kind::Text, "/static_before/dimensions"),
    Column::at("static_after_draught", Kind::Number, "/static_after/draught"),
    Column::at("static_after_destination", Kind::Text, "/static_after/destination"),
    Column::at("static_after_name", Kind::Text, "/static_after/name"),
    Column::at("static_after_callsign", Kind::Text, "/static_after/callsign"),
    Column::at("static_after_imo", Kind::Integer, "/static_after/imo"),
    Column::at("static_after_dimensions", Kind::Text, "/static_after/dimensions"),
    Column::at("changed", Kind::Texts, "/changed"),
    Column::at("heard_static_count", Kind::Integer, "/heard_static/count"),
    Column::at("heard_static_first", Kind::Time, "/heard_static/first"),
    Column::at("heard_static_last", Kind::Time, "/heard_static/last"),
    // Visits; entry and exit are those of hops, too.
    Column::at("port", Kind::Text, "/port"),
    Column::at("name", Kind::Text, "/name"),
    Column::at("country", Kind::Text, "/country"),
    Column::at("port_kind", Kind::Text, "/port_kind"),
    Column::at("parents", Kind::Texts, "/parents"),
    Column::at("first_inside_t", Kind::Time, "/first_inside/t"),
    Column::at("first_inside_lon", Kind::Number, "/first_inside/lon"),
    Column::at("first_inside_lat", Kind::Number, "/first_inside/lat"),
    Column::at("last_inside_t", Kind::Time, "/last_inside/t"),
    Column::at("last_inside_lon", Kind::Number, "/last_inside/lon"),
    Column::at("last_inside_lat", Kind::Number, "/last_inside/lat"),
    Column::at("entry_t", Kind::Time, "/entry/t"),
    Column::at("entry_not_before", Kind::Time, "/entry/not_before"),
    Column::at("entry_not_after", Kind::Time, "/entry/not_after"),
    Column::at("exit_t", Kind::Time, "/exit/t"),
    Column::at("exit_not_before", Kind::Time, "/exit/not_before"),
    Column::at("exit_not_after", Kind::Time, "/exit/not_after"),
    Column::at("stops", Kind::Rows(&SPAN), "/stops"),
    Column::at("gaps", Kind::Rows(&SPAN), "/gaps"),
    Column::at("call", Kind::Text, "/call"),
    Column::at("confidence", Kind::Integer, "/confidence"),
    // Hops.
    Column::at("from", Kind::Text, "/from"),
    Column::at("to", Kind::Text, "/to"),
    Column::at("departure_t", Kind::Time, "/departure/t"),
    Column::at("departure_lon", Kind::Number, "/departure/lon"),
    Column::at("departure_lat", Kind::Number, "/departure/lat"),
    Column::at("arrival_t", Kind::Time, "/arrival/t"),
    Column::at("arrival_lon", Kind::Number, "/arrival/lon"),
    Column::at("arrival_lat", Kind::Number, "/arrival/lat"),
    Column::at("distance_gc_m", Kind::Number, "/distance_gc_m"),
    Column::at("distance_sailed_m", Kind::Number, "/distance_sailed_m"),
    Column::at("mean_speed_kn", Kind::Number, "/mean_speed_kn"),
    Column::at("silences", Kind::Rows(&SPAN), "/silences"),
    Column::at("observed_share", Kind::Number, "/observed_share"),
    Column::at("through_silence", Kind::Boolean, "/through_silence"),
    Column::at("draught_before", Kind::Number, "/draught_before"),
    Column::at("draught_after", Kind::Number, "/draught_after"),
    Column::at("destination_before", Kind::Text, "/destination_before"),
    Column::at("destination_after", Kind::Text, "/destination_after"),
    // Whatever it is.
    Column::at("ambiguous", Kind::Flag, "/ambiguous"),
    Column::at("mid_unknown", Kind::Flag, "/mid_unknown"),
    Column::at("assumed_time", Kind::Flag, "/assumed_time"),
];

/// A silence and a hop lead from one fix to another, a visit begins at one.
fn place(fact: &Value) -> Value {
    let at = |fix: &str| json!([fact[fix]["lon"], fact[fix]["lat"]]);
    let line = |from: &str, to: &str| json!({ "type": "LineString", "coordinates": [at(from), at(to)] });
    match fact["kind"].as_str() {
        Some("silence") => line("start", "end"),
        Some("hop") => line("departure", "arrival"),
        Some("visit") => json!({ "type": "Point", "coordinates": at("first_inside") }),
        Some(_) | None => Value::Null,
    }
}

/// The time of a fact's first fix.
fn began(fact: &str) -> anyhow::Result<i64> {
    #[derive(serde::Deserialize)]
    struct Began {
        start: Option<Fix>,
        first_inside: Option<Fix>,
        departure: Option<Fix>,
    }
    #[derive(serde::Deserialize)]
    struct Fix {
        t: i64,
    }
    let Began { start, first_inside, departure } = serde_json::from_str(fact)?;
    Ok(start.or(first_inside).or(departure).context("a fact has no time")?.t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kind_does_not_have_is_empty_and_what_it_has_is_at_its_place() {
        let visit = json!({
            "kind": "visit", "mmsi": 273_000_001, "track": "273000001", "parents": ["KP-NE"], "entry": null,
            "first_inside": { "t": 1_000, "lon": 130.3, "lat": 42.2 },
            "stops": [{ "start": 1_000, "end": 2_000 }],
        });
        let cell = |name: &str| {
            let column = TABLE.columns.iter().find(|column| column.name == name).unwrap();
            column.cell(&visit)
        };
        assert_eq!(cell("first_inside_lat"), 42.2);
        assert_eq!(cell("stops"), "[{\"end\":2000,\"start\":1000}]");
        assert_eq!(cell("parents"), "[\"KP-NE\"]");
        assert_eq!(
            (cell("entry_t"), cell("start_t"), cell("silences")),
            (Value::Null, Value::Null, Value::Null)
        );
        assert_eq!((cell("ambiguous"), cell("through_silence")), (false.into(), Value::Null));
        assert_eq!(place(&visit), json!({ "type": "Point", "coordinates": [130.3, 42.2] }));
        assert_eq!(began(&visit.to_string()).unwrap(), 1_000);
    }
}
