//! Numbers as the contract prints them: rounded half away from zero to stated digits.

use std::fmt::Write;

use model::number::round;

/// Appends a number with `decimals` digits behind the point.
pub fn fixed(out: &mut String, value: f64, decimals: u32) {
    let scale = 10_i64.pow(decimals);
    let units = round(value * scale as f64);
    scaled(out, units, decimals);
}

/// Appends an integer of 10^-`decimals` as a decimal number.
pub fn scaled(out: &mut String, units: i64, decimals: u32) {
    let scale = 10_u64.pow(decimals);
    let magnitude = units.unsigned_abs();
    if units < 0 {
        out.push('-');
    }
    let _ = write!(out, "{}", magnitude / scale);
    if decimals > 0 {
        let _ = write!(out, ".{:0width$}", magnitude % scale, width = decimals as usize);
    }
}

/// Appends `null` or what `write` appends.
pub fn or_null<T>(out: &mut String, value: Option<T>, write: impl FnOnce(&mut String, T)) {
    match value {
        Some(value) => write(out, value),
        None => out.push_str("null"),
    }
}

/// Appends a text with quotes and escapes.
pub fn text(out: &mut String, value: &str) {
    out.push('"');
    for character in value.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if u32::from(control) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Appends items with commas between.
pub fn list<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut String, T)) {
    out.push('[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_away_from_zero_and_zero_has_no_sign() {
        let print = |value, decimals| {
            let mut out = String::new();
            fixed(&mut out, value, decimals);
            out
        };
        assert_eq!(print(0.25, 1), "0.3");
        assert_eq!(print(-0.25, 1), "-0.3");
        assert_eq!(print(-0.01, 1), "0.0");
        assert_eq!(print(183_402.449, 1), "183402.4");
    }

    #[test]
    fn texts_are_what_a_json_parser_reads_back() {
        for value in ["", "a\"b\\c", "tab\t\u{1}", "Дунай"] {
            let mut out = String::new();
            text(&mut out, value);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), value);
        }
    }
}
