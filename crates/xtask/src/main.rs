//! The tasks of the project: `cargo xtask demo | test | bench | bless | counts | deny | evaluate | fuzz | kafka | pgo | ports |
//! reproducible | sbom | water | web`.

mod analysts;
mod bench;
mod bless;
mod clock;
#[path = "../../darkwake/ports/import/countries.rs"]
mod countries;
mod counts;
mod demo;
mod divan;
mod evaluate;
mod fuzz;
// The arrows between crates let this one know no other, but it reads the World Port Index as `darkwake ports import` does.
#[path = "../../darkwake/ports/import/index.rs"]
mod index;
mod kafka;
// The arrows between crates let this one know no other; the mask is in the order of this file.
#[expect(dead_code, reason = "of what sea distance needs, making the mask takes the half")]
#[path = "../../model/src/lattice.rs"]
mod lattice;
mod licences;
mod oracle;
mod page;
mod pgo;
mod ports;
mod project;
mod reproducible;
mod say;
mod sbom;
mod scenarios;
mod soak;
mod story;
mod supply;
mod system;
mod test;
mod water;
mod web;

use std::process::ExitCode;

use say::talk;

const USAGE: &str = "\
usage: cargo xtask TASK

  demo [--no-map]           generate the Rajin scenario, replay it, say what it shows, and play it on the map
  test [--only NAME]        build, run all tests, lints, and the comparison with the oracle
       [--soak [--again]]   the long tier; resumes where it was stopped, --again starts over
  bench                     what each stage of a report takes beside the budget and beside others, and instructions
  bench NAME [--FLAG N]     peers, cores, scaling, ships, steady: the bars; decode, geofence, sea, replay: single pieces
  bench live [SECONDS]      latency and throughput on a real Kafka broker
  counts [--bless]          instructions of each stage for a line, against benches/counts.json; --bless writes it anew
  bless                     renew the alerts of the golden cases in tests/golden
  evaluate [FIRST-LAST]     how good judgement is: five generated worlds, or those with these seeds, replayed and scored
  sbom [--out FILE]         what the program is made of, as CycloneDX
  deny [--offline]          cargo-deny: vulnerabilities, licences and sources of what it is made of
  pgo                       build it for the ways that its code takes with generated feeds (profile-guided optimisation), as
                            releases are; takes many minutes
  reproducible [--once]     build it twice in different folders and compare the bytes; takes many minutes; --profile FILE: with
                            a profile that was made before
  fuzz [TARGET…]            give what reads bytes from outside made-up ones, each target a minute or --seconds N;
                            --asan: with AddressSanitizer
  kafka up | down           a real broker on loopback: --brokers 1|3, --name NAME, --while PID
  kafka stop | start        one node of it: --node N, --name NAME
  ports [--check]           remake config/ports/wpi.geojson from the World Port Index
  water [--check]           remake the mask of water and the coast of reports from Natural Earth
  web                       build the page into crates/serve/web/dist
  water --pairs             measure the sea distances of tests/sea_distances/pairs.csv on those coasts";

/// Wrong usage, as in `darkwake`.
const EXIT_USAGE: u8 = 2;

/// An error that comes of what was typed.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["demo", rest @ ..] => demo::run(rest),
        ["test", rest @ ..] => test::run(rest),
        ["bench", rest @ ..] => bench::run(rest),
        ["counts", rest @ ..] => counts::run(rest),
        ["bless", rest @ ..] => bless::run(rest),
        ["sbom", rest @ ..] => sbom::run(rest),
        ["deny", rest @ ..] => supply::run(rest),
        ["pgo", rest @ ..] => pgo::run(rest),
        ["reproducible", rest @ ..] => reproducible::run(rest),
        ["evaluate", rest @ ..] => evaluate::run(rest),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["kafka", rest @ ..] => kafka::run(rest),
        ["ports", ..] => ports::run(&arguments[1..]),
        ["web", rest @ ..] => web::run(rest),
        ["water", rest @ ..] => water::run(rest),
        ["help" | "--help" | "-h"] => {
            say::say(USAGE);
            Ok(())
        }
        _ => Err(Usage(USAGE.to_owned()).into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            talk(&format!("{error:#}"));
            if error.is::<Usage>() { ExitCode::from(EXIT_USAGE) } else { ExitCode::FAILURE }
        }
    }
}
