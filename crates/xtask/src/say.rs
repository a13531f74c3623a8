//! Text for the person who started a task: results on stdout, talk on stderr, numbers and tables as people read them.

use std::io::{Write, stderr, stdout};

/// A line of results.
pub fn say(text: &str) {
    // Nobody is left to tell if stdout is closed, and the task goes on.
    let _ = writeln!(stdout().lock(), "{text}");
}

/// A line about what is going on.
pub fn talk(text: &str) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Rows under a head, the columns padded to their widest cell and parted by `|`, as Markdown reads tables too.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> =
            cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        format!("| {} |", padded.join(" | "))
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
    let mut lines = vec![line(&mut head.iter().copied()), format!("|{}|", rule.join("|"))];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["decode".to_owned(), "60 ns".to_owned()], vec!["é".to_owned(), "1 µs".to_owned()]];
        let expect = "| what   | time  |\n|--------|-------|\n| decode | 60 ns |\n| é      | 1 µs  |";
        assert_eq!(table(&["what", "time"], &rows), expect);
    }
}
