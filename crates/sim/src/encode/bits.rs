//! The bit field of a message, and its six-bit armour.

use crate::sphere::Position;

/// The bits of one message, first bit first.
///
/// ```
/// use sim::encode::Payload;
///
/// let mut payload = Payload::default();
/// payload.unsigned(1, 6);
/// payload.unsigned(0, 2);
/// assert_eq!(payload.armour(), ("10".to_owned(), 4));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// Six bits each; the last one is filled with zeros.
    symbols: Vec<u8>,
    bits: usize,
}

/// Longitude "not available", degrees (M.1371-5, message 1).
const NO_LON_DEG: f64 = 181.0;
/// Latitude "not available", degrees.
const NO_LAT_DEG: f64 = 91.0;

impl Payload {
    /// Starts a message: type, repeat indicator 0, sender.
    pub(super) fn start(message_type: u8, mmsi: u32) -> Self {
        let mut payload = Self { symbols: Vec::with_capacity(72), bits: 0 };
        payload.unsigned(u64::from(message_type), 6);
        payload.unsigned(0, 2);
        payload.unsigned(u64::from(mmsi), 30);
        payload
    }

    /// Appends the lowest `width` bits of `value`, at most 64.
    pub fn unsigned(&mut self, value: u64, width: u32) {
        for shift in (0..width).rev() {
            let bit = ((value >> shift) & 1) as u8;
            let used = self.bits % 6;
            if used == 0 {
                self.symbols.push(bit << 5);
            } else if let Some(last) = self.symbols.last_mut() {
                *last |= bit << (5 - used);
            }
            self.bits += 1;
        }
    }

    /// Appends `value` as two's complement of `width` bits.
    pub fn signed(&mut self, value: i64, width: u32) {
        self.unsigned(value.cast_unsigned(), width);
    }

    /// Appends one bit.
    pub fn flag(&mut self, set: bool) {
        self.unsigned(u64::from(set), 1);
    }

    /// Appends `chars` characters of six-bit ASCII: upper case, filled with `@`, what the alphabet lacks as `?`.
    pub fn text(&mut self, text: &str, chars: usize) {
        let mut codes = text.bytes().map(six_bit);
        for _ in 0..chars {
            self.unsigned(u64::from(codes.next().unwrap_or(0)), 6);
        }
    }

    /// The message with another repeat indicator, 0 to 3.
    #[must_use]
    pub fn repeated(mut self, repeat: u8) -> Self {
        if let Some(second) = self.symbols.get_mut(1) {
            *second = (*second & 0b00_1111) | ((repeat & 0b11) << 4);
        }
        self
    }

    /// The number of bits.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The armoured characters and the number of fill bits (0 to 5) in the last one.
    pub fn armour(&self) -> (String, u8) {
        let text = self
            .symbols
            .iter()
            .map(|&symbol| char::from(if symbol < 40 { symbol + 48 } else { symbol + 56 }))
            .collect();
        (text, ((6 - self.bits % 6) % 6) as u8)
    }

    /// Appends longitude and latitude in `units_per_degree`, of `lon_width` bits and one less.
    pub(super) fn position(&mut self, place: Option<Position>, units_per_degree: f64, lon_width: u32) {
        let Position { lon, lat } = place.unwrap_or(Position::new(NO_LON_DEG, NO_LAT_DEG));
        self.signed(round(lon * units_per_degree), lon_width);
        self.signed(round(lat * units_per_degree), lon_width - 1);
    }

    /// Appends `value` in steps of 1/`per_unit`, at most `highest`; `absent` if there is none.
    pub(super) fn scaled(
        &mut self,
        value: Option<f64>,
        per_unit: f64,
        highest: i64,
        absent: u64,
        width: u32,
    ) {
        let raw = value.map_or(absent, |value| round(value * per_unit).clamp(0, highest).cast_unsigned());
        self.unsigned(raw, width);
    }

    /// Appends a course in steps of 1/`per_degree`; the step of 360 degrees itself means "not available".
    pub(super) fn course(&mut self, course_deg: Option<f64>, per_degree: f64, absent: u64, width: u32) {
        let full_circle = round(360.0 * per_degree);
        let raw = course_deg
            .map_or(absent, |course| round(course * per_degree).rem_euclid(full_circle).cast_unsigned());
        self.unsigned(raw, width);
    }

    /// Appends a heading in whole degrees, 511 if there is none.
    pub(super) fn heading(&mut self, heading_deg: Option<u16>) {
        self.unsigned(heading_deg.map_or(511, |heading| u64::from(heading % 360)), 9);
    }

    /// Appends the UTC second, 60 if there is none.
    pub(super) fn second(&mut self, second: Option<u8>) {
        self.unsigned(u64::from(second.unwrap_or(60)), 6);
    }
}

fn round(value: f64) -> i64 {
    libm::round(value) as i64
}

/// Six-bit ASCII (M.1371-5, table 47).
fn six_bit(byte: u8) -> u8 {
    match byte.to_ascii_uppercase() {
        letter @ 64..=95 => letter - 64,
        sign @ 32..=63 => sign,
        _ => b'?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_character_says_how_many_bits_are_fill() {
        for bits in 1..=12 {
            let mut payload = Payload::default();
            payload.unsigned(u64::MAX, bits);
            let (text, fill) = payload.armour();
            assert_eq!(text.len() as u32 * 6 - u32::from(fill), bits);
        }
    }

    #[test]
    fn armour_skips_the_eight_characters_between_w_and_backquote() {
        let mut payload = Payload::default();
        for symbol in 0..64 {
            payload.unsigned(symbol, 6);
        }
        let expected = "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw";
        assert_eq!(payload.armour(), (expected.to_owned(), 0));
    }

    #[test]
    fn text_is_upper_case_and_ends_in_at_signs() {
        let mut payload = Payload::default();
        payload.text("a 1é", 7);
        assert_eq!(payload.symbols, [1, 32, 49, 63, 63, 0, 0]);
    }

    #[test]
    fn negative_numbers_are_twos_complement() {
        let mut payload = Payload::default();
        payload.signed(-1, 5);
        payload.signed(-16, 5);
        payload.signed(15, 2);
        assert_eq!(payload.symbols, [0b111_111, 0b000_011]);
    }

    #[test]
    fn a_full_circle_is_north_not_absent() {
        let mut payload = Payload::default();
        payload.course(Some(359.97), 10.0, 3_600, 12);
        payload.course(None, 10.0, 3_600, 12);
        assert_eq!(payload.symbols, [0, 0, 56, 16]);
    }
}
