//! Six-bit symbols of a payload: numbers in them, and their armour (ITU-R M.1371-5, IEC 61162-1).

/// The symbol that a character stands for.
pub fn of_armour(character: u8) -> Option<u8> {
    match character {
        48..=87 => Some(character - 48),
        96..=119 => Some(character - 56),
        _ => None,
    }
}

/// The character that stands for a symbol.
pub fn armour(symbol: u8) -> u8 {
    if symbol < 40 { symbol + 48 } else { symbol + 56 }
}

/// Writes the lowest `width` bits of `value` at bit `at`.
pub fn put(symbols: &mut [u8], mut at: usize, mut width: usize, value: u64) {
    while width > 0 {
        let (symbol, used) = (at / 6, at % 6);
        let taken = width.min(6 - used);
        let shift = 6 - used - taken;
        let ones = (1_u8 << taken) - 1;
        let part = (value >> (width - taken)) as u8 & ones;
        symbols[symbol] = (symbols[symbol] & !(ones << shift)) | (part << shift);
        at += taken;
        width -= taken;
    }
}

/// Reads `width` bits at bit `at`.
pub fn get(symbols: &[u8], at: usize, width: usize) -> u64 {
    (at..at + width).fold(0, |value, bit| (value << 1) | u64::from((symbols[bit / 6] >> (5 - bit % 6)) & 1))
}

/// The exclusive or of all bytes, which is the checksum of a sentence.
pub fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// The number that two hexadecimal digits say.
pub fn of_hex(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    match digits {
        [high, low, ..] => Some((digit(*high)? << 4) | digit(*low)?),
        _ => None,
    }
}

/// Two hexadecimal digits.
pub fn hex(number: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    [DIGITS[usize::from(number >> 4)], DIGITS[usize::from(number & 15)]]
}
