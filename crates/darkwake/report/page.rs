//! The page: one file that asks nobody for anything. Styles, script and data stand in it, and its policy lets nothing else in.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::outputs::embedded;

/// What the parts stand in, each where its name is between two @.
const TEMPLATE: &str = include_str!("report.html");
/// The colours are those of the page that `run` serves.
const STYLES: [&str; 2] = [include_str!("../../serve/web/src/css/tokens.css"), include_str!("report.css")];
/// Modules, each after those that it takes from; the first four are of the page that `run` serves.
const MODULES: [&str; 16] = [
    include_str!("../../serve/web/src/text.js"),
    include_str!("../../serve/web/src/dom.js"),
    include_str!("../../serve/web/src/format.js"),
    include_str!("../../serve/web/src/words.js"),
    include_str!("data.js"),
    include_str!("pieces.js"),
    include_str!("table.js"),
    include_str!("summary.js"),
    include_str!("tables.js"),
    include_str!("mercator.js"),
    include_str!("chart.js"),
    include_str!("map.js"),
    include_str!("reception.js"),
    include_str!("timeline.js"),
    include_str!("source.js"),
    include_str!("main.js"),
];

/// The page with its data.
pub fn page(title: &str, data: &Value) -> String {
    let (style, script) = (STYLES.concat(), script());
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        source(&style),
        source(&script)
    );
    let data = embedded(data);
    let mut page = String::with_capacity(data.len() + script.len() + style.len() + TEMPLATE.len());
    // Parts are put in, and never looked at again: what ships send may hold anything.
    for (number, piece) in TEMPLATE.split('@').enumerate() {
        page.push_str(match (number % 2, piece) {
            (1, "TITLE") => title,
            (1, "POLICY") => policy.as_str(),
            (1, "STYLE") => style.as_str(),
            (1, "SCRIPT") => script.as_str(),
            (1, "DATA") => data.as_str(),
            (_, text) => text,
        });
    }
    page
}

/// All modules as one: what they take from each other is in the same place then.
fn script() -> String {
    let mut script = String::new();
    for line in MODULES.iter().flat_map(|module| module.lines()) {
        if !line.starts_with("import ") {
            script.push_str(line.strip_prefix("export ").unwrap_or(line));
            script.push('\n');
        }
    }
    script
}

/// How the policy names what stands in the page: by its hash.
fn source(text: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(text.as_bytes())))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\u{2028}@SCRIPT@ & \"'\\";

    #[test]
    fn no_name_of_a_ship_ends_the_data() {
        let data = json!({ "ships": [{ "name": HOSTILE }] });
        let text = embedded(&data);
        assert!(!text.contains(['<', '>', '&', '\u{2028}']), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), data);
        let page = page("report", &data);
        assert!(!page.contains("<img"));
        let ends = |name: &str| page.matches(&format!("</{name}>")).count();
        assert_eq!((ends("script"), ends("style"), ends("title")), (2, 1, 1));
    }

    #[test]
    fn the_page_has_all_parts_and_nothing_that_would_be_fetched() {
        let page = page("report", &json!({ "what": "data" }));
        for part in ["{\"what\":\"data\"}", "new ShipMap()", "--map-water", "<title>report</title>"] {
            assert!(page.contains(part), "{part}");
        }
        for part in ["@STYLE@", "@DATA@", "\nimport ", "\nexport ", "http://", "url(", "@import \"", " src="]
        {
            let found = page.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(part), "{part}");
        }
    }

    #[test]
    fn script_and_style_cannot_end_early() {
        for text in [script(), STYLES.concat()] {
            let text = text.to_lowercase();
            for end in ["</script", "</style", "<!--", "<script"] {
                assert!(!text.contains(end), "{end}");
            }
        }
        // What a module takes from others stands on one line: that line is left out.
        assert!(MODULES.iter().all(|module| !module.contains("\nimport {\n")));
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
