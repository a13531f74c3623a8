//! What a case says in words, and its map.

use std::fmt::Write as _;

use engine::World;
use model::position::UNITS_PER_DEGREE;
use model::{EventTime, PortIndex};
use serde_json::{Value, json};

use super::case::collection;

/// The version of the program that made it.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Entries of evidence that are written out.
const SHOWN: usize = 8;

/// The case in words: what was decided when, and on what.
pub fn story(revisions: &[Value], messages: usize, left_out: usize) -> String {
    let Some(last) = revisions.last() else { return String::new() };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let mut out = format!("# Alert {}\n\n{}\n\n", text(&last["id"]), text(&last["explain"]));
    let vessel = &last["vessel"];
    if !vessel.is_null() {
        let _ = writeln!(
            out,
            "| ship | |\n|---|---|\n| name | {} |\n| MMSI | {} |\n| IMO | {} |\n| call sign | {} |\n| flag | {} |\n| listed as | {} |\n",
            cell(&text(&vessel["name"])),
            text(&vessel["mmsi"]),
            text(&vessel["imo"]),
            cell(&text(&vessel["callsign"])),
            text(&vessel["flag"]),
            cell(
                &vessel["listed_as"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(text)
                    .collect::<Vec<_>>()
                    .join("; ")
            ),
        );
    }
    out.push_str("## Decided step by step\n\n| revision | decided at (event time) | status | grade | score | why |\n|---|---|---|---|---|---|\n");
    for revision in revisions {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            text(&revision["revision"]),
            moment(revision["at"].as_i64()),
            text(&revision["status"]),
            text(&revision["grade"]),
            text(&revision["score"]),
            cell(&text(&revision["explain"])),
        );
    }
    out.push_str("\n## Evidence of the last revision\n\n| what | value | why |\n|---|---|---|\n");
    for piece in last["evidence"].as_array().into_iter().flatten() {
        let value = match piece["value"].as_array() {
            Some(list) if list.len() > SHOWN => format!("{} entries, in alert.jsonl", list.len()),
            _ => text(&piece["value"]),
        };
        let _ =
            writeln!(out, "| {} | {} | {} |", text(&piece["what"]), cell(&value), cell(&text(&piece["why"])));
    }
    let candidates = last["ports"]["candidates"].as_array().map_or(&[][..], Vec::as_slice);
    if !candidates.is_empty() {
        out.push_str("\n## Ports at which it could have called\n\n| port | p | earliest arrival | latest departure | longest stay, h |\n|---|---|---|---|---|\n");
        for candidate in candidates {
            let stay = candidate["longest_stay_ms"]
                .as_f64()
                .map_or("–".to_owned(), |ms| format!("{:.1}", ms / 3_600_000.0));
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {stay} |",
                text(&candidate["port"]),
                text(&candidate["p"]),
                moment(candidate["earliest_arrival"].as_i64()),
                moment(candidate["latest_departure"].as_i64()),
            );
        }
    }
    let _ = write!(
        out,
        "\n## Files\n\n\
         - `alert.jsonl`: this alert, all revisions; `ship.jsonl`: all alerts of the ship; `facts.jsonl`: its silences, visits and hops\n\
         - `lines.txt`: the lines of the inputs in which its {messages} messages stand{}\n\
         - `log/`: what the core was given of this ship, with what was measured of all others (who was heard where)\n\
         - `map.geojson`: the places\n\
         - `replay.sh`: replays `log/` and compares the result with `ship.jsonl`; it was done once when this was made\n\
         - `MANIFEST.sha256`: hashes of all files (`sha256sum -c MANIFEST.sha256`); with `MANIFEST.sig`, an Ed25519 signature of it:\n  \
         `openssl pkeyutl -verify -pubin -inkey key.pub -rawin -in MANIFEST.sha256 -sigfile MANIFEST.sig`\n\n\
         Made with darkwake {VERSION}, configuration {}, ports {}.\n\n\
         What it never claims: from silence it does not follow that a ship called anywhere. It could have called.\n",
        if left_out > 0 {
            format!("; {left_out} of them came from where no lines can be read again")
        } else {
            String::new()
        },
        text(&last["config"]),
        text(&last["ports_file"]),
    );
    out
}

/// Text in a cell of a table: names are what ships send, and may hold anything.
fn cell(text: &str) -> String {
    let plain = |c: char| match c {
        '|' | '<' | '>' | '`' | '[' | ']' | '*' | '_' | '\\' => format!("\\{c}"),
        c if c.is_control() => " ".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(plain).collect()
}

/// A moment in UTC.
fn moment(ms: Option<i64>) -> String {
    let Some(ms) = ms else { return "–".to_owned() };
    // Seconds are enough for people.
    EventTime(ms).to_iso().replacen('T', " ", 1).replace(".000Z", " UTC")
}

/// Where it was, where the silences of the ship were, and the ports in question.
pub fn map(last: &Value, facts: &[String], world: &World) -> String {
    let mut features = vec![json!({
        "type": "Feature",
        "geometry": last["where"],
        "properties": { "what": "alert", "id": last["id"], "explain": last["explain"] },
    })];
    for fact in facts.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if fact["kind"] != "silence" {
            continue;
        }
        let place = |fix: &Value| json!([fix["lon"], fix["lat"]]);
        features.push(json!({
            "type": "Feature",
            "geometry": { "type": "LineString", "coordinates": [place(&fact["start"]), place(&fact["end"])] },
            "properties": { "what": "silence", "start": fact["start"]["t"], "end": fact["end"]["t"] },
        }));
    }
    let ports = world.ports();
    for candidate in last["ports"]["candidates"].as_array().into_iter().flatten() {
        let Some(at) = ports.list.iter().position(|port| candidate["port"] == port.id.as_str()) else {
            continue;
        };
        let middle = world.middle(PortIndex(at as u32));
        let degrees = |units: i32| f64::from(units) / f64::from(UNITS_PER_DEGREE);
        features.push(json!({
            "type": "Feature",
            "geometry": { "type": "Point", "coordinates": [degrees(middle.lon), degrees(middle.lat)] },
            "properties": { "what": "port in question", "port": candidate["port"], "name": ports.list[at].name, "p": candidate["p"] },
        }));
    }
    collection(&features)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_a_table() {
        assert_eq!(cell("A|B\n<img>"), "A\\|B \\<img\\>");
    }
}
