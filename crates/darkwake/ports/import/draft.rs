//! What a row of a table, or a feature of another file, says of a port; and ids for those that have none.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::ports::feature::{self, Properties};

/// Longest id made from a name, in characters.
const SLUG_CHARS: usize = 48;

/// A port that is not written yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Number of the file it is from.
    pub file: usize,
    /// Its line or its number there.
    pub number: u64,
    /// The id that it is given, if any.
    pub id: Option<String>,
    /// The other properties, in order.
    pub properties: Properties,
    /// Its point or area.
    pub geometry: Value,
}

impl Draft {
    /// A property that is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.properties.iter().find(|(name, _)| name == key).and_then(|(_, value)| value.as_str())
    }

    /// The id it has, or one made of its code, its country and name, or its place.
    fn own_id(&self) -> String {
        if let Some(id) = self.id.as_deref().or_else(|| self.text("locode")) {
            return id.to_owned();
        }
        let words = self.text("name").map(slug).filter(|words| !words.is_empty());
        match (self.text("country"), words) {
            (Some(country), Some(words)) => format!("{country}-{words}"),
            (None, Some(words)) => words,
            (_, None) => {
                let (lon, lat) = first_position(&self.geometry).unwrap_or_default();
                slug(&feature::place(lon, lat))
            }
        }
    }
}

/// Gives each draft an id that no other has: one that is taken gets `-2`, `-3`, … in the order of the files. Tells
/// which ids they are, and those whose own was taken.
pub fn ids(drafts: &[Draft], prefix: &str) -> (Vec<String>, Vec<usize>) {
    let mut taken = BTreeSet::new();
    let mut last: BTreeMap<String, u32> = BTreeMap::new();
    let (mut ids, mut changed) = (Vec::with_capacity(drafts.len()), Vec::new());
    for (at, draft) in drafts.iter().enumerate() {
        let own = format!("{prefix}{}", draft.own_id());
        let mut id = own.clone();
        while taken.contains(&id) {
            let number = last.entry(own.clone()).or_insert(1);
            *number += 1;
            id = format!("{own}-{number}");
        }
        if id != own {
            changed.push(at);
        }
        taken.insert(id.clone());
        ids.push(id);
    }
    (ids, changed)
}

/// Letters and digits of a name, in capitals, its words joined by hyphens.
fn slug(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-").to_uppercase().chars().take(SLUG_CHARS).collect()
}

/// The first longitude and latitude in a geometry.
pub fn first_position(geometry: &Value) -> Option<(f64, f64)> {
    let mut inside = geometry.get("coordinates")?;
    while inside.get(0)?.is_array() {
        inside = inside.get(0)?;
    }
    Some((inside.get(0)?.as_f64()?, inside.get(1)?.as_f64()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(id: Option<&str>, properties: &[(&str, &str)]) -> Draft {
        Draft {
            file: 0,
            number: 1,
            id: id.map(str::to_owned),
            properties: properties
                .iter()
                .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
                .collect(),
            geometry: json!({"type": "Polygon", "coordinates": [[[-9.5, 38.7], [0, 0]]]}),
        }
    }

    #[test]
    fn an_id_is_the_own_one_or_made_of_what_is_known() {
        for (draft, expected) in [
            (draft(Some("p 1"), &[("name", "Ålesund")]), "p 1"),
            (draft(None, &[("name", "Ålesund"), ("locode", "NOAES")]), "NOAES"),
            (draft(None, &[("name", "St. John's (old)"), ("country", "CA")]), "CA-ST-JOHN-S-OLD"),
            (draft(None, &[("name", "Ålesund")]), "ÅLESUND"),
            (draft(None, &[("country", "PT")]), "38-700N-9-500W"),
        ] {
            assert_eq!(ids(&[draft], "").0, [expected]);
        }
    }

    #[test]
    fn no_two_ids_are_the_same() {
        let given = ["A", "A", "A-2", "A", "B"].map(|id| draft(Some(id), &[]));
        let (ids, changed) = ids(&given, "x:");
        assert_eq!(ids, ["x:A", "x:A-2", "x:A-2-2", "x:A-3", "x:B"]);
        assert_eq!(changed, [1, 2, 3]);
    }
}
