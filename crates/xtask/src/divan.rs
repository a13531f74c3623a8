//! Reads the trees that divan prints.
//!
//! ```text
//! decode            fastest       │ slowest       │ median        │ mean          │ samples │ iters
//! ├─ nmea                         │               │               │               │         │
//! │  ╰─ single      61.2 ns       │ 70.1 ns       │ 62.0 ns       │ 62.4 ns       │ 100     │ 1000
//! │                 16.3 Mitem/s  │ 14.2 Mitem/s  │ 16.1 Mitem/s  │ 16 Mitem/s    │         │
//! ╰─ table          …
//! ```

/// The median of one bench.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bench {
    /// Path in the tree: `decode/nmea/single`.
    pub path: String,
    /// Time of one run.
    pub median: String,
    /// Items or bytes a second, where the bench counts them.
    pub throughput: Vec<String>,
}

/// The columns after the name: fastest, slowest, median, mean, samples, iters.
const COLUMNS: usize = 6;
const MEDIAN: usize = 2;

/// Reads line after line.
#[derive(Debug, Default)]
pub struct Reader {
    path: Vec<String>,
    /// The benches so far.
    pub benches: Vec<Bench>,
}

impl Reader {
    /// Takes one line; others than divan's are passed over.
    pub fn read(&mut self, line: &str) {
        let (depth, rest) = branch(line);
        let cells: Vec<&str> = rest.split('│').map(str::trim).collect();
        if cells.len() != COLUMNS {
            return;
        }
        // The first cell is "name   fastest"; a cell has single blanks only.
        let first: Vec<&str> = cells[0].split("  ").map(str::trim).filter(|part| !part.is_empty()).collect();
        let is_head = depth == 0 && cells[MEDIAN] == "median";
        let name = match first.as_slice() {
            [name, ..] if is_head || is_branch(line) => *name,
            _ => return self.more(cells[MEDIAN]),
        };
        self.path.truncate(depth);
        self.path.push(name.to_owned());
        if !is_head && !cells[MEDIAN].is_empty() {
            let (path, median) = (self.path.join("/"), cells[MEDIAN].to_owned());
            self.benches.push(Bench { path, median, throughput: Vec::new() });
        }
    }

    /// A line under a bench: its counters.
    fn more(&mut self, median: &str) {
        if let Some(bench) = self.benches.last_mut().filter(|_| median.ends_with("/s")) {
            bench.throughput.push(median.to_owned());
        }
    }
}

/// The depth in the tree, and what follows the branches.
fn branch(line: &str) -> (usize, &str) {
    let mut depth = 0;
    let mut rest = line;
    loop {
        let Some(after) = ["│  ", "├─ ", "╰─ "].iter().find_map(|mark| rest.strip_prefix(mark))
        else {
            // Below a last branch there is no bar to show the depth.
            match rest.strip_prefix("   ").filter(|_| is_indented(rest)) {
                Some(after) => {
                    depth += 1;
                    rest = after;
                    continue;
                }
                None => return (depth, rest),
            }
        };
        depth += 1;
        let is_own = rest.starts_with(['├', '╰']);
        rest = after;
        if is_own {
            return (depth, rest);
        }
    }
}

fn is_indented(rest: &str) -> bool {
    rest.trim_start().starts_with(['│', '├', '╰']) && rest.starts_with("   ")
}

fn is_branch(line: &str) -> bool {
    line.trim_start_matches(['│', ' ']).starts_with(['├', '╰'])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\
Timer precision: 20 ns
decode            fastest       │ slowest       │ median        │ mean          │ samples │ iters
├─ nmea                         │               │               │               │         │
│  ╰─ single      61.2 ns       │ 70.1 ns       │ 62.0 ns       │ 62.4 ns       │ 100     │ 1000
│                 16.3 Mitem/s  │ 14.2 Mitem/s  │ 16.1 Mitem/s  │ 16 Mitem/s    │         │
├─ table          1.5 ms        │ 2 ms          │ 1.6 ms        │ 1.6 ms        │ 100     │ 100
╰─ json                         │               │               │               │         │
   ├─ 1           0.626 ns      │ 1.735 ns      │ 0.657 ns      │ 0.672 ns      │ 100     │ 819200
   │              1 GB/s        │ 1 GB/s        │ 1.5 GB/s      │ 1 GB/s        │         │
   ╰─ 32          6.267 ms      │ 6.954 ms      │ 6.283 ms      │ 6.344 ms      │ 100     │ 100
";

    #[test]
    fn the_tree_is_read() {
        let mut reader = Reader::default();
        PRINTED.lines().for_each(|line| reader.read(line));
        let read: Vec<(&str, &str, String)> = reader
            .benches
            .iter()
            .map(|bench| (bench.path.as_str(), bench.median.as_str(), bench.throughput.join(" ")))
            .collect();
        let expect = [
            ("decode/nmea/single", "62.0 ns", "16.1 Mitem/s"),
            ("decode/table", "1.6 ms", ""),
            ("decode/json/1", "0.657 ns", "1.5 GB/s"),
            ("decode/json/32", "6.283 ms", ""),
        ];
        assert_eq!(read, expect.map(|(path, median, throughput)| (path, median, throughput.to_owned())));
    }
}
