//! How fast it is, and the bars it is held to.
//!
//! ```text
//! cargo bench --bench speed -- budget     each stage of a report and the whole way, beside others on the same lines
//! cargo bench --bench speed -- peers      a whole replay beside what others take only to decode
//! cargo bench --bench speed -- cores      one core and two
//! cargo bench --bench speed -- scaling    10,000 to 1,000,000 ships, 4,000 and 15,000 port polygons
//! cargo bench --bench speed -- ships      memory of 1,000,000 ships [--hours N]
//! cargo bench --bench speed -- steady     memory and speed over ten minutes [--minutes N]
//! cargo bench -q --bench speed -- feed    writes sentences of a fleet, as many as there are lines [--ships N] [--lines N]
//!
//!   --rounds N   all is measured so often, and the median counts
//!   --lines N    lines of a feed    --ships N   ships of a fleet, where that is open
//!   --program FILE   the `darkwake` that is run, where that is another than the one that is built with this, as of `cargo xtask pgo`
//! ```
//!
//! What counts is processor time, which others on the machine do not add to; where wall time counts it is said.

mod anchors;
#[path = "../../tests/geofence_oracle/areas.rs"]
mod areas;
mod bars;
mod budget;
mod cost;
mod feeds;
mod fleet;
mod lines;
mod ports;
mod real;
mod stages;
mod symbols;
mod tell;

use feeds::Feed;
use fleet::Rows;
use stages::WORLD;
use tell::{say, talk};

/// What can be asked for.
struct Options {
    rounds: usize,
    lines: usize,
    ships: usize,
    hours: i64,
    minutes: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((name, rest)) = arguments.split_first() else { return say(NAMES) };
    if let ("one", [ships, ports]) = (*name, rest) {
        let number = |text: &str| text.parse().expect("a number");
        return bars::one(number(ships), number(ports));
    }
    let Some(options) = Options::read(rest) else { return say(NAMES) };
    match *name {
        "budget" => budget(&options),
        "peers" => bars::peers(&options),
        "cores" => bars::cores(&options),
        "scaling" => bars::scaling(&options),
        "ships" => bars::ships(&options),
        "steady" => bars::steady(&options),
        "feed" => Feed::write(options.ships, options.lines),
        _ => say(NAMES),
    }
}

const NAMES: &str = "budget, peers, cores, scaling, ships, steady or feed, and [--rounds N] [--lines N] [--ships N] [--hours N] [--minutes N] [--program FILE]?";

impl Options {
    fn read(arguments: &[&str]) -> Option<Options> {
        let mut options = Options { rounds: 3, lines: 1_000_000, ships: 60_000, hours: 1, minutes: 10 };
        for pair in arguments.chunks(2) {
            let [flag, value] = pair else { return None };
            if *flag == "--program" {
                cost::use_program(value);
                continue;
            }
            let number: usize = value.parse().ok().filter(|number| *number > 0)?;
            match *flag {
                "--rounds" => options.rounds = number,
                "--lines" => options.lines = number,
                "--ships" => options.ships = number,
                "--hours" => options.hours = number as i64,
                "--minutes" => options.minutes = number as u64,
                _ => return None,
            }
        }
        Some(options)
    }
}

/// What a report may take all the way, ns: sentences of so many ships, of very many, and rows.
const SENTENCE_NS: f64 = 350.0;
const MANY_SHIPS_NS: f64 = 450.0;
const ROW_NS: f64 = 450.0;
const MANY_SHIPS: usize = 500_000;

fn budget(options: &Options) {
    let ships = options.ships;
    let mixed = Feed::mixed(options.lines, SENTENCE_NS);
    if let Err(path) = &mixed {
        talk(&format!("there are no real sentences at {}: generated ones alone", path.display()));
    }
    // One after another, so that the memory of one is free for the next.
    let generated: [Box<dyn FnOnce() -> Feed>; 4] = [
        Box::new(move || Feed::fleet(ships, SENTENCE_NS)),
        Box::new(|| Feed::fleet(MANY_SHIPS, MANY_SHIPS_NS)),
        Box::new(move || Feed::rows(ships, Rows::Aisdk, ROW_NS)),
        Box::new(move || Feed::rows(ships, Rows::Noaa, ROW_NS)),
    ];
    let feeds = mixed.ok().into_iter().chain(generated.into_iter().map(|make| make()));
    budget::run(feeds, options.rounds, &WORLD);
}
