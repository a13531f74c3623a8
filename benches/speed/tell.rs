//! What the benches print.

use std::io::{Write, stdout};

/// A line of results.
pub fn say(text: &str) {
    // Nobody is left to tell if stdout is closed.
    let _ = writeln!(stdout().lock(), "{text}");
}

/// A line about what is going on.
pub fn talk(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A limit that is to be kept.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
    /// Less than this.
    Below(f64),
}

/// Says a measured value, its bar, and whether it is met.
pub fn bar(what: &str, measured: f64, unit: &str, bar: Bar) {
    let (limit, words, is_met) = match bar {
        Bar::AtMost(limit) => (limit, "at most", measured <= limit),
        Bar::AtLeast(limit) => (limit, "at least", measured >= limit),
        Bar::Below(limit) => (limit, "less than", measured < limit),
    };
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    let verdict = if is_met { "met" } else { "NOT MET" };
    say(&format!("{verdict:<8} {what}: {}{unit}, bar {words} {}{unit}", digits(measured), digits(limit)));
}

/// Says whether something holds that has no figure.
pub fn holds(what: &str, is_so: bool) {
    say(&format!("{:<8} {what}", if is_so { "met" } else { "NOT MET" }));
}

/// A figure with as many digits as it is worth.
fn digits(value: f64) -> String {
    if value.abs() < 10.0 { format!("{value:.2}") } else { grouped(value) }
}

/// `1234567.8` as `1,234,568`.
pub fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value <= -0.5 { "-" } else { "" });
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Rows under a head as Markdown, the first two columns to the left, figures to the right.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    const LEFT: usize = 2;
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            if column < LEFT { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        format!("| {} |", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule = widths.iter().enumerate().map(|(column, width)| {
        if column < LEFT { "-".repeat(width + 2) } else { format!("{}:", "-".repeat(width + 1)) }
    });
    let mut lines = vec![line(head.to_vec()), format!("|{}|", rule.collect::<Vec<_>>().join("|"))];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}
