//! Reference data: ports and watch rules. They are an input of the core like any other, and may be replaced while it runs, so
//! they stand in the log: who reads it again has the same at the same place.

use std::io::{self, Read};

use detect::watch::Rules;
use model::{EventTime, Port};
use serde::{Deserialize, Serialize};

/// Bytes of a piece: records of a topic may be only so long.
const PIECE_BYTES: usize = 200 * 1024;
/// Nobody has so much of it, compressed or not.
const MAX_BYTES: u64 = 256 << 20;
/// More effort saves little.
const EFFORT: i32 = 6;

/// Ports and watch rules, and the hashes by which alerts name them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Ports; their places are their numbers.
    pub ports: Vec<Port>,
    /// Watch rules.
    pub rules: Rules,
    /// Hash of the configuration.
    pub config_hash: String,
    /// Hash of the ports.
    pub ports_hash: String,
}

/// A piece of reference data, compressed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    /// Its number.
    pub number: u32,
    /// Of how many.
    pub of: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Pieces that have come of reference data that is not whole yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pieces {
    bytes: Vec<u8>,
    next: u32,
}

impl Reference {
    /// In place of other reference data, from a time on. What is known of ships names ports by their numbers, so these
    /// stay: new ports come last, and those that are no more have an end.
    #[must_use]
    pub fn in_place_of(self, before: &Reference, at: EventTime) -> Reference {
        let mut new: Vec<Option<Port>> = self.ports.into_iter().map(Some).collect();
        let ids: std::collections::HashMap<String, usize> =
            new.iter().enumerate().filter_map(|(at, port)| Some((port.as_ref()?.id.clone(), at))).collect();
        let ended = |port: &Port| Port {
            valid_to: Some(port.valid_to.map_or(at, |valid_to| valid_to.min(at))),
            ..port.clone()
        };
        let mut ports: Vec<Port> = Vec::with_capacity(new.len());
        for port in &before.ports {
            let still = ids.get(&port.id).and_then(|at| new[*at].take());
            ports.push(still.unwrap_or_else(|| ended(port)));
        }
        ports.extend(new.into_iter().flatten());
        Reference { ports, ..self }
    }

    /// What these pieces make.
    ///
    /// # Errors
    /// If one is missing, or they are damaged.
    pub fn of(pieces: &[Piece]) -> io::Result<Reference> {
        let mut taken = Pieces::default();
        let mut whole = None;
        for piece in pieces {
            whole = taken.take(piece)?;
        }
        whole.ok_or_else(|| damaged("a piece is missing"))
    }

    /// Whether alerts name it as they name the other.
    #[must_use]
    pub fn is_named_as(&self, other: &Reference) -> bool {
        self.config_hash == other.config_hash && self.ports_hash == other.ports_hash
    }

    /// Its pieces.
    ///
    /// # Errors
    /// If it is longer than anybody reads it.
    pub fn pieces(&self) -> io::Result<Vec<Piece>> {
        let plain = postcard::to_allocvec(self).map_err(io::Error::other)?;
        if plain.len() as u64 > MAX_BYTES {
            return Err(damaged("too long"));
        }
        let compressed = zstd::encode_all(&plain[..], EFFORT)?;
        let of = compressed.len().div_ceil(PIECE_BYTES) as u32;
        let pieces = (0..).zip(compressed.chunks(PIECE_BYTES));
        Ok(pieces.map(|(number, bytes)| Piece { number, of, bytes: bytes.to_vec() }).collect())
    }
}

impl Pieces {
    /// Takes the next piece; what they make, with the last of them.
    ///
    /// # Errors
    /// If a piece is missing, or they are damaged.
    pub fn take(&mut self, piece: &Piece) -> io::Result<Option<Reference>> {
        if piece.number == 0 {
            *self = Pieces::default();
        }
        if piece.number != self.next || piece.number >= piece.of {
            return Err(damaged("a piece is missing"));
        }
        if (self.bytes.len() + piece.bytes.len()) as u64 > MAX_BYTES {
            return Err(damaged("too long"));
        }
        self.bytes.extend_from_slice(&piece.bytes);
        self.next += 1;
        if self.next < piece.of {
            return Ok(None);
        }
        let mut plain = Vec::new();
        let whole = std::mem::take(self);
        zstd::Decoder::new(&whole.bytes[..])?.take(MAX_BYTES).read_to_end(&mut plain)?;
        postcard::from_bytes(&plain).map(Some).map_err(|error| damaged(&error.to_string()))
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("ports and rules in the log: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(ids: &[&str]) -> Reference {
        let port = |id: &&str| Port {
            id: (*id).to_owned(),
            name: format!("Port of {id}"),
            country: "KP".to_owned(),
            kind: model::PortKind::Port,
            shape: model::Shape::Circle { centre: model::Position::default(), radius_m: 1_000.0 },
            exit_buffer_m: 1_000.0,
            valid_from: None,
            valid_to: None,
            wpi: Vec::new(),
            watch: Vec::new(),
            area_m2: 1.0,
        };
        let ports = ids.iter().map(port).collect();
        let hash = ids.concat();
        Reference { ports, rules: Rules::default(), config_hash: hash.clone(), ports_hash: hash }
    }

    #[test]
    fn numbers_of_ports_stay_and_those_that_are_no_more_have_an_end() {
        let first = reference(&["A", "B", "C"]);
        let second = reference(&["D", "C", "A"]).in_place_of(&first, EventTime(5));
        let ids: Vec<&str> = second.ports.iter().map(|port| port.id.as_str()).collect();
        assert_eq!(ids, ["A", "B", "C", "D"]);
        let ends: Vec<Option<EventTime>> = second.ports.iter().map(|port| port.valid_to).collect();
        assert_eq!(ends, [None, Some(EventTime(5)), None, None]);
        let third = reference(&["B"]).in_place_of(&second, EventTime(9));
        let ends: Vec<Option<EventTime>> = third.ports.iter().map(|port| port.valid_to).collect();
        assert_eq!(ends, [Some(EventTime(9)), None, Some(EventTime(9)), Some(EventTime(9))]);
    }

    #[test]
    fn pieces_make_what_was_cut() {
        let ids: Vec<String> = (0..40_000_u64).map(|n| format!("{:x}", model::hash::mix(n, 7))).collect();
        let whole = reference(&ids.iter().map(String::as_str).collect::<Vec<_>>());
        let pieces = whole.pieces().unwrap();
        assert!(pieces.len() > 2);
        let mut taken = Pieces::default();
        // What was begun and not ended is forgotten where it begins again.
        assert_eq!(taken.take(&pieces[0]).unwrap(), None);
        let made: Vec<Option<Reference>> = pieces.iter().map(|piece| taken.take(piece).unwrap()).collect();
        assert!(made[..made.len() - 1].iter().all(Option::is_none));
        assert_eq!(made.last().unwrap().as_ref(), Some(&whole));
        assert!(taken.take(&pieces[1]).is_err());
        let mut torn = pieces[0].clone();
        torn.of = 1;
        assert!(taken.take(&torn).is_err());
    }
}
