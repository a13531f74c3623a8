//! Ports: what the port file says of them, and how they lie to each other.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

use crate::{EventTime, Position};

/// What a feature of the port file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortKind {
    /// A port.
    Port,
    /// A terminal, often inside a port.
    Terminal,
    /// Where ships anchor.
    Anchorage,
    /// A naval base.
    Naval,
    /// A shipyard.
    Shipyard,
    /// Where ships lie alongside each other at sea.
    StsArea,
    /// Any other area: makes visits, never calls.
    Zone,
}

impl PortKind {
    /// All kinds.
    pub const ALL: [PortKind; 7] = [
        PortKind::Port,
        PortKind::Terminal,
        PortKind::Anchorage,
        PortKind::Naval,
        PortKind::Shipyard,
        PortKind::StsArea,
        PortKind::Zone,
    ];

    /// The kind's name in port files and facts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PortKind::Port => "port",
            PortKind::Terminal => "terminal",
            PortKind::Anchorage => "anchorage",
            PortKind::Naval => "naval",
            PortKind::Shipyard => "shipyard",
            PortKind::StsArea => "sts_area",
            PortKind::Zone => "zone",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<PortKind> {
        PortKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Number of a port in its [`Ports`], in the order of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortIndex(pub u32);

/// A vertex of a ring. Longitudes are unwrapped: a ring across the antimeridian goes beyond ±180°.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vertex {
    /// Longitude, 10⁻⁶ degree, possibly beyond ±180°.
    pub lon: i32,
    /// Latitude, 10⁻⁶ degree.
    pub lat: i32,
}

/// A closed ring; the first vertex is not repeated at the end.
pub type Ring = Vec<Vertex>;

/// The area of a port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    /// Polygons, each an outer ring and its holes.
    Polygons(Vec<Vec<Ring>>),
    /// All points within a distance of a centre.
    Circle {
        /// The centre.
        centre: Position,
        /// The distance in metres.
        radius_m: f64,
    },
}

/// One feature of a port file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Port {
    /// Stable, unique.
    pub id: String,
    /// Name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// What it is.
    pub kind: PortKind,
    /// Its area.
    pub shape: Shape,
    /// How far outside a ship must be to have left, metres.
    pub exit_buffer_m: f64,
    /// First moment at which it exists.
    pub valid_from: Option<EventTime>,
    /// First moment at which it exists no more.
    pub valid_to: Option<EventTime>,
    /// World Port Index numbers that this feature stands for.
    pub wpi: Vec<u32>,
    /// Tags for watch rules.
    pub watch: Vec<String>,
    /// Size of the area in square metres; only compared.
    pub area_m2: f64,
}

impl Port {
    /// Whether the port exists at that time.
    #[must_use]
    pub fn is_valid_at(&self, t: EventTime) -> bool {
        self.valid_from.is_none_or(|from| from <= t) && self.valid_to.is_none_or(|to| t < to)
    }
}

/// All ports of a run, and which cover which.
#[derive(Clone, Debug, Default)]
pub struct Ports {
    /// The ports.
    pub list: Vec<Port>,
    /// For each port, the larger ones that cover it, by area ascending, then id.
    pub parents: Vec<Vec<PortIndex>>,
}

impl Ports {
    /// The port of that number.
    #[must_use]
    pub fn get(&self, port: PortIndex) -> &Port {
        &self.list[port.0 as usize]
    }

    /// The larger ports that cover this one.
    #[must_use]
    pub fn parents(&self, port: PortIndex) -> &[PortIndex] {
        &self.parents[port.0 as usize]
    }

    /// Whether one of the two covers the other.
    #[must_use]
    pub fn related(&self, a: PortIndex, b: PortIndex) -> bool {
        self.parents(a).contains(&b) || self.parents(b).contains(&a)
    }

    /// Whether a hop between them would be none: the same port, one inside the other, or parts of one.
    #[must_use]
    pub fn count_as_one(&self, a: PortIndex, b: PortIndex) -> bool {
        a == b || self.related(a, b) || self.parents(a).iter().any(|parent| self.parents(b).contains(parent))
    }
}
