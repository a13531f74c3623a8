//! Well-known text (OGC 06-103r4, 7) of points and areas to geometries of GeoJSON.

use serde_json::{Value, json};

/// Reads `POINT`, `POLYGON` or `MULTIPOLYGON`, with heights that are left out, after `SRID=4326;` or nothing.
/// Rings that are not closed are closed. The error is a sentence.
pub fn geometry(text: &str) -> Result<Value, String> {
    let mut cursor = Cursor { rest: text };
    if let Some((reference, rest)) = text.split_once(';') {
        if !reference.trim().eq_ignore_ascii_case("SRID=4326") {
            return Err(format!("{} is not longitude and latitude of WGS 84", shown(reference)));
        }
        cursor.rest = rest;
    }
    let name = cursor.word().to_ascii_uppercase();
    let kind = match name.trim_end_matches(['Z', 'M']) {
        "POINT" => Kind::Point,
        "POLYGON" => Kind::Polygon,
        "MULTIPOLYGON" => Kind::MultiPolygon,
        _ => return Err(format!("{} is no POINT, POLYGON or MULTIPOLYGON", shown(text))),
    };
    let behind = cursor.word().to_ascii_uppercase();
    match behind.as_str() {
        "" | "Z" | "M" | "ZM" => {}
        "EMPTY" => return Err("the geometry is empty".to_owned()),
        _ => return Err(format!("'{behind}' stands before the positions")),
    }
    let geometry = match kind {
        Kind::Point => {
            cursor.expect('(')?;
            let position = cursor.position()?;
            cursor.expect(')')?;
            json!({ "type": "Point", "coordinates": position })
        }
        Kind::Polygon => json!({ "type": "Polygon", "coordinates": cursor.list(Cursor::ring)? }),
        Kind::MultiPolygon => {
            let polygons = cursor.list(|cursor| cursor.list(Cursor::ring))?;
            json!({ "type": "MultiPolygon", "coordinates": polygons })
        }
    };
    match cursor.rest.trim() {
        "" => Ok(geometry),
        rest => Err(format!("{} stands behind the geometry", shown(rest))),
    }
}

/// What can be read.
#[derive(Clone, Copy)]
enum Kind {
    Point,
    Polygon,
    MultiPolygon,
}

/// What is not read yet.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// The letters that come next; none may.
    fn word(&mut self) -> &'a str {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        word
    }

    fn take(&mut self, wanted: char) -> bool {
        match self.rest.trim_start().strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) {
            return Ok(());
        }
        let rest = self.rest.trim();
        let found = if rest.is_empty() { "the text ends".to_owned() } else { format!("{} is", shown(rest)) };
        Err(format!("{found} where '{wanted}' should be"))
    }

    /// Items between parentheses, with commas.
    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        self.expect('(')?;
        let mut items = vec![item(self)?];
        while self.take(',') {
            items.push(item(self)?);
        }
        self.expect(')')?;
        Ok(items)
    }

    /// A ring, closed.
    fn ring(&mut self) -> Result<Vec<[f64; 2]>, String> {
        let mut ring = self.list(Cursor::position)?;
        let first = ring[0];
        if ring.len() > 1 && ring.last() != Some(&first) {
            ring.push(first);
        }
        Ok(ring)
    }

    /// Longitude and latitude; a height and a measure may follow.
    fn position(&mut self) -> Result<[f64; 2], String> {
        let position = [self.number()?, self.number()?];
        for _ in 0..2 {
            if !matches!(self.rest.trim_start().chars().next(), None | Some(',' | ')')) {
                self.number()?;
            }
        }
        Ok(position)
    }

    fn number(&mut self) -> Result<f64, String> {
        let rest = self.rest.trim_start();
        let end =
            rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')')).unwrap_or(rest.len());
        let (number, behind) = rest.split_at(end);
        let number = number.parse().ok().filter(|number: &f64| number.is_finite());
        self.rest = behind;
        number.ok_or_else(|| format!("{} is where a number should be", shown(rest)))
    }
}

/// The beginning of a text, quoted.
fn shown(text: &str) -> String {
    const CHARS: usize = 24;
    let text = text.trim();
    let mut beginning: String = text.chars().take(CHARS).collect();
    if text.chars().nth(CHARS).is_some() {
        beginning.push_str("...");
    }
    format!("'{beginning}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Value, &str>) {
        assert_eq!(geometry(text), expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn points_and_areas_are_read() {
        check("POINT(130.3 42.25)", Ok(json!({"type": "Point", "coordinates": [130.3, 42.25]})));
        check(" srid=4326; Point Z (1e1 -2.5 7) ", Ok(json!({"type": "Point", "coordinates": [10.0, -2.5]})));
        let square = json!([[[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 0.0]]]);
        check("POLYGON((0 0, 2 0, 2 2, 0 0))", Ok(json!({"type": "Polygon", "coordinates": square})));
        check("POLYGONZM ((0 0 1 2,2 0 1 2,2 2 1 2))", Ok(json!({"type": "Polygon", "coordinates": square})));
        check(
            "MULTIPOLYGON (((0 0,2 0,2 2,0 0)),((0 0,2 0,2 2,0 0)))",
            Ok(json!({"type": "MultiPolygon", "coordinates": [square, square]})),
        );
        let with_hole = "POLYGON((0 0,9 0,9 9,0 0),(5 2,6 2,6 3,5 2))";
        assert_eq!(geometry(with_hole).unwrap()["coordinates"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        check("", Err("'' is no POINT, POLYGON or MULTIPOLYGON"));
        check("LINESTRING(0 0, 1 1)", Err("'LINESTRING(0 0, 1 1)' is no POINT, POLYGON or MULTIPOLYGON"));
        check("SRID=3857;POINT(1 1)", Err("'SRID=3857' is not longitude and latitude of WGS 84"));
        check("POLYGON EMPTY", Err("the geometry is empty"));
        check("POINT(1 x)", Err("'x)' is where a number should be"));
        check("POINT(1 NaN)", Err("'NaN)' is where a number should be"));
        check("POINT(1 2 3 4 5)", Err("'5)' is where ')' should be"));
        check("POINT(1 2", Err("the text ends where ')' should be"));
        check("POLYGON(0 0, 1 1)", Err("'0 0, 1 1)' is where '(' should be"));
        check("POINT(1 2) POINT(1 2)", Err("'POINT(1 2)' stands behind the geometry"));
    }
}
