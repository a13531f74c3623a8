//! Maritime Mobile Service Identities (ITU-R M.585).

use serde::{Deserialize, Serialize};

/// A Maritime Mobile Service Identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mmsi(pub u32);

impl Mmsi {
    /// Whether this identity is of the form given to ships: nine digits, the first 1…7, not the
    /// 111 of search-and-rescue aircraft.
    #[must_use]
    pub fn is_vessel(self) -> bool {
        (100_000_000..=799_999_999).contains(&self.0) && self.0 / 1_000_000 != 111
    }

    /// The maritime identification digits: the first three.
    #[must_use]
    pub fn mid(self) -> u32 {
        self.0 / 1_000_000
    }

    /// The flag as ISO 3166-1 alpha-2, where the digits are allotted.
    #[must_use]
    pub fn flag(self) -> Option<&'static str> {
        crate::mid::country(self.mid())
    }

    /// Whether the digits are allotted to nobody. False identities are what dark fleets use.
    #[must_use]
    pub fn mid_unknown(self) -> bool {
        self.flag().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ship_identities_are_vessels() {
        for (number, vessel) in [
            (273_000_001, true),
            (100_000_000, true),
            (799_999_999, true),
            (111_234_567, false),
            (99_999_999, false),
            (2_442_000, false),
            (800_000_000, false),
            (970_123_456, false),
            (992_351_000, false),
            (1_073_741_823, false),
        ] {
            assert_eq!(Mmsi(number).is_vessel(), vessel, "{number}");
        }
        assert_eq!(Mmsi(445_123_000).flag(), Some("KP"));
        assert!(Mmsi(700_000_151).mid_unknown());
    }
}
