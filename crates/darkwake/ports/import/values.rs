//! Values as others write them.

use model::PortKind;
use serde_json::Value;

use super::{countries, iso3};

/// The two letters of a country given by two or three letters or by its name.
pub fn country(text: &str) -> Option<String> {
    let text = text.trim();
    let is_letters = text.bytes().all(|byte| byte.is_ascii_alphabetic());
    match text.len() {
        2 if is_letters => Some(text.to_ascii_uppercase()),
        3 if is_letters => iso3::alpha_2(text).map(str::to_owned),
        _ => countries::country_code(text).map(str::to_owned),
    }
}

/// Text in one line without what cannot be seen; `None` if nothing is left.
pub fn clean(text: &str) -> Option<String> {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(text).filter(|text| !text.is_empty())
}

/// A number. A comma is taken for that of decimals, but not before three digits, where it may be that of thousands.
pub fn number(value: &Value) -> Option<f64> {
    let is_clear = |text: &str| text.split_once(',').is_none_or(|(_, behind)| behind.len() != 3);
    value.as_f64().or_else(|| value.as_str().filter(|text| is_clear(text.trim())).and_then(decimal))
}

/// A number of degrees, in which a comma is always that of decimals.
pub fn degrees(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str().and_then(decimal))
}

fn decimal(text: &str) -> Option<f64> {
    let number: Option<f64> = text.trim().replacen(',', ".", 1).parse().ok();
    number.filter(|number| number.is_finite())
}

/// A key in small letters, its words joined by underscores.
pub fn normal(key: &str) -> String {
    key.trim().to_lowercase().replace([' ', '-', '/', '.'], "_")
}

/// Whether a value says nothing.
pub fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Text in one line; numbers are text too.
pub fn text(value: &Value) -> Option<String> {
    match value.as_str() {
        Some(text) => clean(text),
        None => value.is_number().then(|| value.to_string()),
    }
}

/// A list of texts, or one text with semicolons or bars between them.
pub fn texts(value: &Value) -> Option<Vec<String>> {
    if let Some(list) = value.as_array() {
        return list.iter().map(text).collect();
    }
    Some(value.as_str()?.split([';', '|']).filter_map(clean).collect())
}

/// Whole numbers: one, a list, or text of several.
pub fn numbers(value: &Value) -> Option<Vec<u32>> {
    let whole = |value: &Value| {
        let number = number(value)?;
        let is_whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
        is_whole.then_some(number as u32)
    };
    if let Some(list) = value.as_array() {
        return list.iter().map(whole).collect();
    }
    let Some(text) = value.as_str() else { return whole(value).map(|number| vec![number]) };
    let parts = text.split([';', '|', ',', ' ']).filter(|part| !part.is_empty());
    parts.map(|part| whole(&Value::from(part))).collect()
}

/// Yes or no.
pub fn truth(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| match value.as_str()?.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    })
}

/// A kind of port, however its words are joined.
pub fn kind(value: &Value) -> Option<PortKind> {
    PortKind::from_name(&normal(value.as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_is_decimal_where_that_is_clear() {
        for (text, as_number, as_degrees) in [
            ("12,5", Some(12.5), Some(12.5)),
            (" 12.5 ", Some(12.5), Some(12.5)),
            ("1,500", None, Some(1.5)),
            ("1,500.5", None, None),
            ("x", None, None),
            ("inf", None, None),
        ] {
            let value = Value::from(text);
            assert_eq!((number(&value), degrees(&value)), (as_number, as_degrees), "{text}");
        }
    }

    #[test]
    fn countries_are_known_by_codes_and_names() {
        for (text, expected) in [
            ("dk", Some("DK")),
            ("DNK", Some("DK")),
            ("Denmark", Some("DK")),
            ("Atlantis", None),
            ("XXX", None),
        ] {
            assert_eq!(country(text).as_deref(), expected, "{text}");
        }
    }
}
