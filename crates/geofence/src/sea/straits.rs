//! Passages that are too narrow for cells of resolution 5: canals, and straits that the mask does not connect.

use model::Position;

/// A way between two gates that ships take without leaving it.
#[derive(Clone, Copy, Debug)]
pub struct Passage {
    /// As on the chart.
    pub name: &'static str,
    /// Gates and turns, degrees east and north. The gates lie in water cells.
    pub course: &'static [(f64, f64)],
    /// From gate to gate, metres.
    pub length_m: f64,
}

impl Passage {
    /// Its gates and turns as positions.
    pub fn positions(&self) -> impl DoubleEndedIterator<Item = Position> + use<> {
        self.course.iter().filter_map(|(lon, lat)| Position::from_degrees(*lon, *lat))
    }
}

/// All of them. The mask connects the other straits by itself: Gibraltar, Messina, Bonifacio, Bab el Mandeb, Hormuz,
/// Malacca and Singapore, Korea, Kanmon, Tsugaru, La Pérouse, Tatar, Kerch, the Danish straits, Magellan, Torres.
///
/// Lengths are those of the passage as published, and the great circles from its ends to the gates, which lie in the
/// next water cells of open sea.
pub static PASSAGES: &[Passage] = &[
    Passage {
        name: "Suez Canal",
        // Port Said, El Ballah, Lake Timsah, Great Bitter Lake, Port Tewfik.
        course: &[
            (32.37, 31.27),
            (32.33, 30.80),
            (32.30, 30.57),
            (32.37, 30.35),
            (32.57, 29.93),
            (32.57, 29.90),
        ],
        // Suez Canal Authority: 193.30 km from the northern approaches to Port Tewfik; 3 km to the gate.
        length_m: 196_600.0,
    },
    Passage {
        name: "Panama Canal",
        // Cristóbal, Gatún, Gamboa, Miraflores, Balboa.
        course: &[(-79.92, 9.40), (-79.92, 9.27), (-79.70, 9.11), (-79.60, 9.00), (-79.55, 8.88)],
        // Panama Canal Authority: 82 km from deep water to deep water, where the gates lie.
        length_m: 82_000.0,
    },
    Passage {
        name: "Kiel Canal",
        // The Elbe off Cuxhaven, Brunsbüttel, Rendsburg, Holtenau, the fjord off Laboe.
        course: &[(8.86, 53.95), (9.14, 53.89), (9.66, 54.30), (10.15, 54.37), (10.20, 54.43)],
        // Waterways administration of Kiel: 98.637 km from Brunsbüttel to Holtenau; 19.6 and 7.4 km to the gates.
        length_m: 125_700.0,
    },
    Passage {
        name: "Bosporus",
        course: &[(28.98, 40.98), (29.06, 41.09), (29.06, 41.15), (29.13, 41.24)],
        // 31 km from Ahırkapı to Anadolu lights (United Nations, Montreux Convention statistics: 17 nm); 3 and 2 km.
        length_m: 36_000.0,
    },
    Passage {
        name: "Dardanelles",
        course: &[(26.09, 40.01), (26.37, 40.14), (26.38, 40.21), (26.75, 40.43)],
        // Britannica: 61 km long, from Kumkale to Gelibolu; 7.7 and 7.1 km to the gates.
        length_m: 76_000.0,
    },
];
