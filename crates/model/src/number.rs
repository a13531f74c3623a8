//! Rounding as the contract wants it: half away from zero, on integers where possible.

/// `value / divisor`, rounded half away from zero. `divisor` is positive.
#[must_use]
pub fn divide_rounded(value: i64, divisor: i64) -> i64 {
    let (quotient, rest) = (value / divisor, value % divisor);
    let away = i64::from(rest.abs() >= divisor - rest.abs());
    quotient + if value < 0 { -away } else { away }
}

/// The nearest integer, half away from zero, saturating.
#[must_use]
pub fn round(value: f64) -> i64 {
    libm::round(value) as i64
}

/// Four decimals, half away from zero: shares and scores as they are told, so that anybody can add them up.
#[must_use]
pub fn rounded(share: f64) -> f64 {
    const DIGITS: f64 = 10_000.0;
    libm::round(share * DIGITS) / DIGITS
}

/// The number that eight digits are, all at once.
#[must_use]
pub fn eight_digits(text: [u8; 8]) -> Option<u32> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let digits = u64::from_le_bytes(text) ^ (ONES * 0x30);
    // More than nine carries into the highest bit of its byte.
    if (((digits & (ONES * 0x7F)) + ONES * (0x80 - 10)) | digits) & (ONES * 0x80) != 0 {
        return None;
    }
    let pairs = digits * 10 + (digits >> 8);
    let (evens, odds) = (pairs & 0x0000_00FF_0000_00FF, pairs >> 16 & 0x0000_00FF_0000_00FF);
    let sum = evens.wrapping_mul(100 + (1_000_000 << 32)).wrapping_add(odds.wrapping_mul(1 + (10_000 << 32)));
    Some((sum >> 32) as u32)
}

/// Reads a plain decimal number as an integer of 10^-`scale`, rounded half away from zero.
///
/// Exact: no float takes part, so `"0.15"` at scale 1 is 2 on every system.
///
/// ```
/// use model::number::parse_scaled;
/// assert_eq!(parse_scaled(b"-118.0736449", 6), Some(-118_073_645));
/// assert_eq!(parse_scaled(b"0.15", 1), Some(2));
/// assert_eq!(parse_scaled(b"1e3", 0), Some(1_000));
/// assert_eq!(parse_scaled(b"x", 0), None);
/// ```
#[must_use]
pub fn parse_scaled(text: &[u8], scale: u32) -> Option<i64> {
    let (negative, body) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if let Some(value) = parse_short(body, scale) {
        return Some(if negative { -value } else { value });
    }
    let (mantissa, exponent) = match body.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(at) => (&body[..at], parse_exponent(&body[at + 1..])?),
        None => (body, 0),
    };
    let (whole, fraction) = match mantissa.iter().position(|b| *b == b'.') {
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
        None => (mantissa, &mantissa[..0]),
    };
    if whole.is_empty() && fraction.is_empty() || whole.len() + fraction.len() > 400 {
        return None;
    }
    // Digits left of the new decimal point count in full, the next one decides the rounding.
    let keep = whole.len() as i64 + exponent + i64::from(scale);
    let mut value: i64 = 0;
    let mut round_up = false;
    for (at, digit) in whole.iter().chain(fraction).enumerate() {
        if !digit.is_ascii_digit() {
            return None;
        }
        let at = at as i64;
        if at < keep {
            value = value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
        } else if at == keep {
            round_up = *digit >= b'5';
        }
    }
    for _ in (whole.len() + fraction.len()) as i64..keep {
        if value != 0 {
            value = value.checked_mul(10)?;
        }
    }
    value = value.checked_add(i64::from(round_up))?;
    Some(if negative { -value } else { value })
}

/// A short number without exponent in one pass; `None` if it is no such number or does not fit.
fn parse_short(body: &[u8], scale: u32) -> Option<i64> {
    const SHORT: usize = 18;
    if body.len() > SHORT {
        return None;
    }
    let (mut value, mut digits, mut places, mut is_fraction) = (0_i64, 0, 0, false);
    for byte in body {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            value = value * 10 + i64::from(digit);
            digits += 1;
            places += u32::from(is_fraction);
        } else if *byte == b'.' && !is_fraction {
            is_fraction = true;
        } else {
            return None;
        }
    }
    if digits == 0 {
        return None;
    }
    if places <= scale {
        return value.checked_mul(10_i64.checked_pow(scale - places)?);
    }
    let unit = 10_i64.pow(places - scale);
    Some((value + unit / 2) / unit)
}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    let value = core::str::from_utf8(text).ok()?.parse::<i64>().ok()?;
    (value.unsigned_abs() < 400).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_digits_are_a_number_and_nothing_else_is() {
        let mut state = 1;
        for _ in 0..200_000 {
            state = crate::hash::mix(state, 0x5EED);
            let mut text = alloc::format!("{:08}", state % 100_000_000).into_bytes();
            if state >> 40 & 1 == 0 {
                text[(state >> 41) as usize % 8] = (state >> 48) as u8;
            }
            let number =
                core::str::from_utf8(&text).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
            let number = number.and_then(|text| text.parse().ok());
            assert_eq!(eight_digits(text.clone().try_into().unwrap()), number, "{text:?}");
        }
    }

    #[test]
    fn a_short_number_is_what_the_long_way_gives() {
        let mut state = 1;
        let mut random = |below: u64| {
            state = crate::hash::mix(state, 0x5EED);
            state % below
        };
        for _ in 0..200_000 {
            let characters = b"0123456789059.-e";
            let length = random(14) as usize;
            let text: alloc::vec::Vec<u8> = (0..length).map(|_| characters[random(16) as usize]).collect();
            let scale = random(8) as u32;
            // Zeros before it change nothing, but that it is no short number.
            let (sign, body) = text.split_at(usize::from(text.starts_with(b"-")));
            let digits = body.strip_prefix(b".").unwrap_or(body);
            let is_plain = digits.first().is_some_and(u8::is_ascii_digit);
            let zeros = if is_plain { &b"0000000000000000000"[..] } else { b"" };
            let long = [sign, zeros, body].concat();
            let text_of = || alloc::string::String::from_utf8_lossy(&text).into_owned();
            assert_eq!(parse_scaled(&text, scale), parse_scaled(&long, scale), "{} {scale}", text_of());
        }
    }

    #[test]
    fn halves_go_away_from_zero() {
        assert_eq!(divide_rounded(5, 2), 3);
        assert_eq!(divide_rounded(-5, 2), -3);
        assert_eq!(divide_rounded(4, 3), 1);
        assert_eq!(parse_scaled(b"-0.0000005", 6), Some(-1));
        assert_eq!(parse_scaled(b"0.00000049", 6), Some(0));
        assert_eq!(parse_scaled(b".5", 0), Some(1));
        assert_eq!(parse_scaled(b"", 0), None);
        assert_eq!(parse_scaled(b"1.5e-1", 1), Some(2));
        assert_eq!(parse_scaled(b"99999999999999999999", 0), None);
        assert_eq!(parse_scaled(b"9223372036854775807.9", 0), None);
        assert_eq!(parse_scaled(b"1e-9223372036854775808", 0), None);
        assert_eq!(divide_rounded(i64::MAX, 1_000), 9_223_372_036_854_776);
    }
}
