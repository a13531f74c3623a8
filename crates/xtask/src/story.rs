//! The story of the listed ships: what the facts show, and beside it what the generator let happen.
//!
//! Facts and truth are kept apart in every line. The facts know of no call that nobody heard, so nothing here says that
//! a ship called anywhere because it was silent.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::clock::{day, hours, minute};

/// Shorter silences are left out, ms.
const LONG_SILENCE_MS: i64 = 4 * 3_600_000;

/// Names of ports by their id.
pub type Names = BTreeMap<String, String>;

/// A time with both ends, in ms.
#[derive(Clone, Copy)]
struct Span {
    start: i64,
    end: i64,
}

impl Span {
    fn covers(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    fn length_ms(self) -> i64 {
        self.end - self.start
    }
}

/// The whole story.
pub fn tell(truth: &Value, facts: &[Value], names: &Names) -> Result<String> {
    let listed: Vec<&Value> = truth["ships"].as_array().context("no ships in the truth")?.iter().collect();
    let all = listed.len();
    let listed: Vec<&Value> = listed.into_iter().filter(|ship| ship["watched"] == true).collect();
    ensure!(!listed.is_empty(), "no ship in the truth is `watched`");
    let mut text = format!(
        "\nGenerated data: {all} ships, {} to {}, {} of them listed. Times are UTC.\n\
         \"facts\" is what darkwake read from the feed, \"truth\" is what the generator let happen.\n",
        day(integer(truth, "/start")?),
        day(integer(truth, "/end")?),
        listed.len(),
    );
    let (mut covered, mut hidden) = (0, 0);
    for ship in listed {
        let (chapter, of_ship) = chapter(ship, facts, names)?;
        text += &chapter;
        covered += of_ship.0;
        hidden += of_ship.1;
    }
    text +=
        &format!("\nHidden calls that lie wholly within a silence of the facts: {covered} of {hidden}.\n");
    Ok(text)
}

/// The names of the ports in a GeoJSON port file.
pub fn port_names(file: &Value) -> Names {
    let features = file["features"].as_array().into_iter().flatten();
    let named = features.filter_map(|feature| {
        let properties = &feature["properties"];
        Some((properties["id"].as_str()?.to_owned(), properties["name"].as_str()?.to_owned()))
    });
    named.collect()
}

/// One ship; also how many of its hidden calls are covered, and how many there are.
fn chapter(ship: &Value, facts: &[Value], names: &Names) -> Result<(String, (usize, usize))> {
    let mmsi = integer(ship, "/mmsi")?;
    let own: Vec<&Value> = facts.iter().filter(|fact| fact["mmsi"] == mmsi).collect();
    let of_kind = |kind: &'static str| own.iter().copied().filter(move |fact| fact["kind"] == kind);
    let imo = ship["imo"].as_u64().map_or_else(String::new, |imo| format!("  IMO {imo}"));
    let mut text = format!("\n{}{imo}  MMSI {mmsi}\n", ship["name"].as_str().unwrap_or("?"));

    let mut silences = Vec::new();
    for fact in of_kind("silence") {
        let span = Span { start: integer(fact, "/start_heard")?, end: integer(fact, "/end_heard")? };
        if span.length_ms() >= LONG_SILENCE_MS {
            text += &silence(fact, span)?;
            silences.push(span);
        }
    }
    let mut hops = Vec::new();
    for fact in of_kind("hop").filter(|fact| fact["through_silence"] == true) {
        let span = Span { start: integer(fact, "/departure/t")?, end: integer(fact, "/arrival/t")? };
        text += &hop(fact, span, names);
        hops.push(span);
    }
    if hops.is_empty() {
        text += "  facts  no hop through silence\n";
    }
    let mut covered = (0, 0);
    for call in ship["calls"].as_array().into_iter().flatten().filter(|call| call["hidden"] == true) {
        let span = Span { start: integer(call, "/start")?, end: integer(call, "/end")? };
        let around = silences.iter().find(|silence| silence.covers(span));
        text += &hidden_call(call, span, around.copied(), hops.iter().any(|hop| hop.covers(span)), names);
        covered.0 += usize::from(around.is_some());
        covered.1 += 1;
    }
    Ok((text, covered))
}

fn silence(fact: &Value, span: Span) -> Result<String> {
    let changes: Vec<String> = fact["changed"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|key| *key != "draught")
        .map(|key| {
            format!("; {key} {} -> {}", plain(&fact["static_before"][key]), plain(&fact["static_after"][key]))
        })
        .collect();
    Ok(format!(
        "  facts  was silent {}: {} at {} -> {} at {}, {:.0} km away ({} kn)\n         draught {} -> {}{}\n",
        hours(span.length_ms()),
        minute(span.start),
        place(&fact["start"])?,
        minute(span.end),
        place(&fact["end"])?,
        fact["distance_m"].as_f64().unwrap_or(0.0) / 1_000.0,
        plain(&fact["speed_kn"]),
        metres(&fact["static_before"]["draught"]),
        metres(&fact["static_after"]["draught"]),
        changes.concat(),
    ))
}

fn hop(fact: &Value, span: Span, names: &Names) -> String {
    format!(
        "  facts  hop through silence: {} -> {}, {} -> {}, {}, {:.0} % of it observed\n",
        port(&fact["from"], names),
        port(&fact["to"], names),
        minute(span.start),
        minute(span.end),
        hours(span.length_ms()),
        fact["observed_share"].as_f64().unwrap_or(0.0) * 100.0,
    )
}

fn hidden_call(call: &Value, span: Span, around: Option<Span>, is_in_hop: bool, names: &Names) -> String {
    let cover = match around {
        Some(silence) => format!(
            "covered: the silence of {} began {} before it and ended {} after it{}",
            hours(silence.length_ms()),
            hours(span.start - silence.start),
            hours(silence.end - span.end),
            if is_in_hop { "; a hop through silence spans it" } else { "; no hop spans it" },
        ),
        None => "not covered: no silence of 4 h or more spans it".to_owned(),
    };
    format!(
        "  truth  hidden call at {} between {} and {}, {}\n         {cover}\n",
        port(&call["port"], names),
        minute(span.start),
        minute(span.end),
        hours(span.length_ms()),
    )
}

fn integer(value: &Value, pointer: &str) -> Result<i64> {
    value.pointer(pointer).and_then(Value::as_i64).with_context(|| format!("no {pointer} in {value:.200}"))
}

fn place(fix: &Value) -> Result<String> {
    let degrees = |key: &str| fix[key].as_f64().with_context(|| format!("no {key} in {fix}"));
    let (lat, lon) = (degrees("lat")?, degrees("lon")?);
    let (north, east) = (if lat < 0.0 { 'S' } else { 'N' }, if lon < 0.0 { 'W' } else { 'E' });
    Ok(format!("{:.3}{north} {:.3}{east}", lat.abs(), lon.abs()))
}

fn port(id: &Value, names: &Names) -> String {
    let id = id.as_str().unwrap_or("?");
    names.get(id).map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
}

fn metres(value: &Value) -> String {
    value.as_f64().map_or_else(|| "not heard".to_owned(), |metres| format!("{metres:.1} m"))
}

/// A value as text; nothing was heard where there is none.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "not heard".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HOUR: i64 = 3_600_000;

    fn truth(start: i64, end: i64) -> Value {
        json!({"start": 0, "end": 100 * HOUR, "ships": [
            {"mmsi": 273_000_001, "imo": 9_179_842, "name": "ANGARA", "watched": true,
             "calls": [{"port": "KPRJN", "start": start, "end": end, "hidden": true},
                       {"port": "RUVYP", "start": 90 * HOUR, "end": 95 * HOUR, "hidden": false}]},
            {"mmsi": 273_000_009, "name": "OTHER", "watched": false, "calls": []},
        ]})
    }

    fn silence_fact() -> Value {
        json!({"kind": "silence", "mmsi": 273_000_001, "start_heard": 10 * HOUR, "end_heard": 50 * HOUR,
            "start": {"t": 0, "lon": 131.4, "lat": 42.5}, "end": {"t": 0, "lon": -1.0, "lat": -2.0},
            "distance_m": 85_082.5, "speed_kn": 1.1, "static_before": {"draught": 4.3, "destination": "ZARUBINO"},
            "static_after": {"draught": null, "destination": "VOSTOCHNY"}, "changed": ["destination"]})
    }

    fn check(call: (i64, i64), expect: &[&str]) {
        let names = Names::from([("KPRJN".to_owned(), "Rajin".to_owned())]);
        let told = tell(&truth(call.0 * HOUR, call.1 * HOUR), &[silence_fact()], &names).unwrap();
        for part in expect {
            assert!(told.contains(part), "{part:?} is not in {told}");
        }
    }

    #[test]
    fn a_call_within_a_silence_is_covered() {
        check(
            (20, 40),
            &[
                "ANGARA  IMO 9179842  MMSI 273000001",
                "was silent 40.0 h: 1970-01-01 10:00 at 42.500N 131.400E -> 1970-01-03 02:00 at 2.000S 1.000W, 85 km away (1.1 kn)",
                "draught 4.3 m -> not heard; destination ZARUBINO -> VOSTOCHNY",
                "no hop through silence",
                "hidden call at Rajin (KPRJN) between 1970-01-01 20:00 and 1970-01-02 16:00, 20.0 h",
                "covered: the silence of 40.0 h began 10.0 h before it and ended 10.0 h after it; no hop spans it",
                "1 of 1",
            ],
        );
    }

    #[test]
    fn a_call_that_outlasts_the_silence_is_not_covered() {
        check((20, 51), &["not covered", "0 of 1"]);
    }
}
