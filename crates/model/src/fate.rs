//! What became of each input line: every line has exactly one fate, and every fate is counted.

use serde::{Deserialize, Serialize};

/// Why a line was rejected. The order is the order in which reasons are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Reason {
    /// No checksum, wrong fields, payload shorter than its type needs, not six-bit.
    Malformed,
    /// The checksum does not fit the sentence.
    Checksum,
    /// The checksum of the TAG block does not fit (`input.tag_checksum = "strict"`).
    BadTag,
    /// A part of a multi-sentence message whose other parts never came.
    Incomplete,
    /// Nothing tells the time of the line.
    NoTime,
    /// A time before 1990 or too far in the future, or a receiver whose clock is off.
    BadTime,
    /// The MMSI is not one of a ship.
    NotVessel,
    /// The position is not available.
    NoPosition,
    /// The position is outside the globe.
    OutOfRange,
    /// The position is within 0.01° of 0°N 0°E.
    NullIsland,
    /// The same message was heard before.
    Duplicate,
    /// Too late to be taken in.
    Late,
    /// Not reachable from where the ship was.
    Jump,
    /// A named limit was reached.
    Limit,
}

impl Reason {
    /// All reasons in order.
    pub const ALL: [Reason; 14] = [
        Reason::Malformed,
        Reason::Checksum,
        Reason::BadTag,
        Reason::Incomplete,
        Reason::NoTime,
        Reason::BadTime,
        Reason::NotVessel,
        Reason::NoPosition,
        Reason::OutOfRange,
        Reason::NullIsland,
        Reason::Duplicate,
        Reason::Late,
        Reason::Jump,
        Reason::Limit,
    ];

    /// The name in statistics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::Malformed => "malformed",
            Reason::Checksum => "checksum",
            Reason::BadTag => "bad_tag",
            Reason::Incomplete => "incomplete",
            Reason::NoTime => "no_time",
            Reason::BadTime => "bad_time",
            Reason::NotVessel => "not_vessel",
            Reason::NoPosition => "no_position",
            Reason::OutOfRange => "out_of_range",
            Reason::NullIsland => "null_island",
            Reason::Duplicate => "duplicate",
            Reason::Late => "late",
            Reason::Jump => "jump",
            Reason::Limit => "limit",
        }
    }
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// Taken into a ship's story.
    Accepted,
    /// Not taken.
    Rejected(Reason),
    /// Blank, a comment, a header, another sentence.
    Other,
    /// An AIS message of a type that is no position or static report.
    OtherType,
    /// A position that waits for two more to confirm it.
    Candidate,
}

/// Lines counted by fate, and messages by type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Lines accepted.
    pub accepted: u64,
    /// Lines rejected, by [`Reason`].
    pub rejected: [u64; Reason::ALL.len()],
    /// Lines that are neither blank messages nor faults.
    pub other: u64,
    /// Lines of AIS messages of other types.
    pub other_type: u64,
    /// Lines that are unconfirmed candidates.
    pub candidate: u64,
    /// TAG blocks used in spite of a wrong checksum.
    pub tag_warning: u64,
    /// Duplicates whose stamp is more than 30 s from the first's.
    pub restamped: u64,
    /// How often so many late reports waited that they were let go on.
    pub late_floods: u64,
    /// Messages decoded, by type 0…27.
    pub messages: Messages,
}

/// Messages by AIS type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages(pub [u64; 28]);

impl Counts {
    /// Counts `lines` lines of one fate.
    pub fn count(&mut self, fate: Fate, lines: u64) {
        match fate {
            Fate::Accepted => self.accepted += lines,
            Fate::Rejected(reason) => self.rejected[reason as usize] += lines,
            Fate::Other => self.other += lines,
            Fate::OtherType => self.other_type += lines,
            Fate::Candidate => self.candidate += lines,
        }
    }

    /// Moves `lines` lines from one fate to another.
    pub fn recount(&mut self, from: Fate, to: Fate, lines: u64) {
        match from {
            Fate::Accepted => self.accepted -= lines,
            Fate::Rejected(reason) => self.rejected[reason as usize] -= lines,
            Fate::Other => self.other -= lines,
            Fate::OtherType => self.other_type -= lines,
            Fate::Candidate => self.candidate -= lines,
        }
        self.count(to, lines);
    }

    /// Lines of one reason.
    #[must_use]
    pub fn rejected(&self, reason: Reason) -> u64 {
        self.rejected[reason as usize]
    }

    /// All lines that have a fate.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.accepted + self.rejected.iter().sum::<u64>() + self.other + self.other_type + self.candidate
    }

    /// Adds the counts of another part.
    pub fn add(&mut self, other: &Counts) {
        self.accepted += other.accepted;
        for (mine, theirs) in self.rejected.iter_mut().zip(other.rejected) {
            *mine += theirs;
        }
        self.other += other.other;
        self.other_type += other.other_type;
        self.candidate += other.candidate;
        self.tag_warning += other.tag_warning;
        self.restamped += other.restamped;
        self.late_floods += other.late_floods;
        for (mine, theirs) in self.messages.0.iter_mut().zip(other.messages.0) {
            *mine += theirs;
        }
    }
}
