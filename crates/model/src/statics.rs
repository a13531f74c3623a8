//! What a ship says of itself: name, call sign, IMO number, dimensions, draught, destination.

use alloc::string::String;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// The static values of one message. `None` means not available, never "empty".
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Statics {
    /// Present static draught, integers of 0.1 m, never 0.
    pub draught: Option<u16>,
    /// IMO number as sent, never 0.
    pub imo: Option<u32>,
    /// Type of ship and cargo (ITU-R M.1371-5 table 53), never 0.
    pub ship_type: Option<u8>,
    /// Reported dimensions.
    pub dimensions: Option<Dimensions>,
    /// Destination as sent.
    pub destination: Option<CompactString>,
    /// Name as sent.
    pub name: Option<CompactString>,
    /// Call sign as sent.
    pub callsign: Option<CompactString>,
}

/// The keys of [`Statics`] that facts report, in the order in which they are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StaticKey {
    /// Draught in 0.1 m.
    Draught,
    /// Destination text.
    Destination,
    /// Ship's name.
    Name,
    /// Call sign.
    Callsign,
    /// IMO number.
    Imo,
    /// Dimensions.
    Dimensions,
}

impl StaticKey {
    /// All keys in print order.
    pub const ALL: [StaticKey; 6] = [
        StaticKey::Draught,
        StaticKey::Destination,
        StaticKey::Name,
        StaticKey::Callsign,
        StaticKey::Imo,
        StaticKey::Dimensions,
    ];

    /// The key's name in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StaticKey::Draught => "draught",
            StaticKey::Destination => "destination",
            StaticKey::Name => "name",
            StaticKey::Callsign => "callsign",
            StaticKey::Imo => "imo",
            StaticKey::Dimensions => "dimensions",
        }
    }
}

impl Statics {
    /// Whether no value is present.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Statics::default()
    }

    /// Whether the value of `key` is present.
    #[must_use]
    pub fn has(&self, key: StaticKey) -> bool {
        match key {
            StaticKey::Draught => self.draught.is_some(),
            StaticKey::Destination => self.destination.is_some(),
            StaticKey::Name => self.name.is_some(),
            StaticKey::Callsign => self.callsign.is_some(),
            StaticKey::Imo => self.imo.is_some(),
            StaticKey::Dimensions => self.dimensions.is_some(),
        }
    }

    /// Whether the value of `key` is the same in both.
    #[must_use]
    pub fn same(&self, other: &Statics, key: StaticKey) -> bool {
        match key {
            StaticKey::Draught => self.draught == other.draught,
            StaticKey::Destination => self.destination == other.destination,
            StaticKey::Name => self.name == other.name,
            StaticKey::Callsign => self.callsign == other.callsign,
            StaticKey::Imo => self.imo == other.imo,
            StaticKey::Dimensions => self.dimensions == other.dimensions,
        }
    }

    /// Takes the value of `key` from `other`.
    pub fn take(&mut self, other: &Statics, key: StaticKey) {
        match key {
            StaticKey::Draught => self.draught = other.draught,
            StaticKey::Destination => self.destination.clone_from(&other.destination),
            StaticKey::Name => self.name.clone_from(&other.name),
            StaticKey::Callsign => self.callsign.clone_from(&other.callsign),
            StaticKey::Imo => self.imo = other.imo,
            StaticKey::Dimensions => self.dimensions = other.dimensions,
        }
    }

    /// Overwrites each value that `newer` has.
    pub fn update(&mut self, newer: &Statics) {
        for key in StaticKey::ALL {
            if newer.has(key) && !self.same(newer, key) {
                self.take(newer, key);
            }
        }
        self.ship_type = newer.ship_type.or(self.ship_type);
    }

    /// Fills each value that is still missing from `later`; whether there was any.
    pub fn fill(&mut self, later: &Statics) -> bool {
        let mut changes = self.ship_type.is_none() && later.ship_type.is_some();
        for key in StaticKey::ALL {
            if !self.has(key) && later.has(key) {
                self.take(later, key);
                changes = true;
            }
        }
        self.ship_type = self.ship_type.or(later.ship_type);
        changes
    }

    /// Whether every printed key is present.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        StaticKey::ALL.iter().all(|key| self.has(*key))
    }

    /// The keys present on both sides with different values, in print order.
    #[must_use]
    pub fn changed(&self, after: &Statics) -> alloc::vec::Vec<StaticKey> {
        let differs = |key: &StaticKey| self.has(*key) && after.has(*key) && !self.same(after, *key);
        StaticKey::ALL.into_iter().filter(differs).collect()
    }
}

/// Ship dimensions, either from the reference point (AIS) or as length and width (tables).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Dimensions {
    /// Metres from the reference point to bow, stern, port and starboard.
    FromReference {
        /// To the bow.
        bow: u16,
        /// To the stern.
        stern: u16,
        /// To the port side.
        port: u16,
        /// To the starboard side.
        starboard: u16,
    },
    /// Length and width in 0.1 m.
    LengthWidth {
        /// Length in 0.1 m.
        length: u16,
        /// Width in 0.1 m.
        width: u16,
    },
}

impl Dimensions {
    /// Distances from the reference point; `None` if all are 0.
    #[must_use]
    pub fn from_reference(bow: u16, stern: u16, port: u16, starboard: u16) -> Option<Dimensions> {
        (bow | stern | port | starboard != 0).then_some(Dimensions::FromReference {
            bow,
            stern,
            port,
            starboard,
        })
    }

    /// Overall length in 0.1 m.
    #[must_use]
    pub fn length(self) -> u32 {
        match self {
            Dimensions::FromReference { bow, stern, .. } => (u32::from(bow) + u32::from(stern)) * 10,
            Dimensions::LengthWidth { length, .. } => u32::from(length),
        }
    }

    /// `A/B/C/D` or `LxW`, as facts print it.
    #[must_use]
    pub fn text(self) -> String {
        let metres = |tenths: u16| {
            if tenths.is_multiple_of(10) {
                alloc::format!("{}", tenths / 10)
            } else {
                alloc::format!("{}.{}", tenths / 10, tenths % 10)
            }
        };
        match self {
            Dimensions::FromReference { bow, stern, port, starboard } => {
                alloc::format!("{bow}/{stern}/{port}/{starboard}")
            }
            Dimensions::LengthWidth { length, width } => {
                alloc::format!("{}x{}", metres(length), metres(width))
            }
        }
    }
}
