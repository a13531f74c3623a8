//! Sea distance: decoding the mask, searches of some bounds, and questions to a search.
//!
//! `Busan` lies among coasts, `Pacific` in open sea; 1,500 nm is the bound of reach (EVENTS.md 5).

use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use geofence::sea::{Sea, Ways};
use model::Position;
use model::position::NAUTICAL_MILE_M;

static FROM_BUSAN: LazyLock<Ways> =
    LazyLock::new(|| Sea::built_in().search(Start::Busan.position(), 1_500.0 * NAUTICAL_MILE_M));

/// Where a search starts.
#[derive(Clone, Copy, Debug)]
enum Start {
    Busan,
    Pacific,
}

impl Start {
    const ALL: [Start; 2] = [Start::Busan, Start::Pacific];

    fn position(self) -> Position {
        match self {
            Start::Busan => at(129.033, 35.1),
            Start::Pacific => at(-160.0, 40.0),
        }
    }
}

fn at(lon: f64, lat: f64) -> Position {
    Position::from_degrees(lon, lat).expect("a position on the globe")
}

#[divan::bench(sample_size = 1)]
fn decode_mask() -> Sea {
    Sea::from_mask()
}

#[divan::bench(args = Start::ALL, sample_size = 1)]
fn search_150_nm(bencher: Bencher<'_, '_>, start: Start) {
    search(bencher, start, 150.0);
}

#[divan::bench(args = Start::ALL, sample_size = 1)]
fn search_1500_nm(bencher: Bencher<'_, '_>, start: Start) {
    search(bencher, start, 1_500.0);
}

#[divan::bench(args = Start::ALL, sample_size = 1, sample_count = 5)]
fn search_world(bencher: Bencher<'_, '_>, start: Start) {
    search(bencher, start, 13_000.0);
}

fn search(bencher: Bencher<'_, '_>, start: Start, bound_nm: f64) {
    let sea = Sea::built_in();
    bencher.bench(|| sea.search(black_box(start.position()), bound_nm * NAUTICAL_MILE_M));
}

/// In sight, behind one cape, and behind many.
#[divan::bench(args = ["Tsushima", "Vladivostok", "Manila"])]
fn distance_from_busan(bencher: Bencher<'_, '_>, port: &str) {
    let to = match port {
        "Tsushima" => at(129.3, 34.7),
        "Vladivostok" => at(131.888, 43.109),
        _ => at(120.967, 14.583),
    };
    LazyLock::force(&FROM_BUSAN);
    bencher.bench(|| FROM_BUSAN.distance_m(Sea::built_in(), black_box(to)));
}

fn main() {
    divan::main();
}
