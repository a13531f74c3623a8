//! `darkwake ports show`: a page that shows port files on a map, with what is wrong in them.
//!
//! The page stands for itself: it asks for nothing from anywhere, and what files say gets into it as data only.

use std::path::{Path, PathBuf};

use geofence::port_file::{PortFile, Problem};
use model::Port;
use serde_json::{Value, json};

use crate::cli;
use crate::outputs;

const PAGE: &str = include_str!("show.html");
const STYLE: &str = include_str!("show.css");
const SCRIPT: &str = include_str!("show.js");

/// Reads the files and writes the page. Errors in them are shown, and no reason to fail.
pub fn run(files: &[PathBuf], out: &Path) -> anyhow::Result<()> {
    let (read, _) = super::read(files)?;
    outputs::write_text(out, &whole(&read, files))?;
    let counts = format!(
        "{}, {}",
        super::count(read.ports.len(), "port"),
        super::count(read.problems.len(), "problem")
    );
    if out == Path::new("-") {
        cli::talk(&counts);
    } else {
        let path = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
        cli::talk(&format!("{}: {counts}; open it in a browser", path.display()));
    }
    Ok(())
}

fn whole(read: &PortFile, files: &[PathBuf]) -> String {
    let ports: Vec<Value> = read.ports.iter().map(port).collect();
    let problems: Vec<Value> = read.problems.iter().map(problem).collect();
    let names: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    let data = json!({ "files": names, "ports": ports, "problems": problems });
    // The data come last, so that nothing in them is taken for a place to fill.
    let page = PAGE.replacen("/*style*/", STYLE, 1).replacen("/*script*/", SCRIPT, 1);
    page.replacen("/*data*/", &outputs::embedded(&data), 1)
}

fn port(port: &Port) -> Value {
    json!({
        "id": port.id,
        "name": port.name,
        "country": port.country,
        "kind": port.kind.name(),
        "area": serve::places::polygons(&port.shape),
        "square_km": (port.area_m2 / 10_000.0).round() / 100.0,
        "watch": port.watch,
        "valid_from": port.valid_from.map(|t| t.to_iso()),
        "valid_to": port.valid_to.map(|t| t.to_iso()),
    })
}

fn problem(problem: &Problem) -> Value {
    json!({
        "severity": problem.severity.name(),
        "sort": problem.fault.name(),
        "place": format!("{}:{}:{}", problem.file, problem.line, problem.column),
        "feature": problem.feature,
        "message": problem.message,
        "help": problem.help,
        "snippet": problem.snippet,
    })
}

#[cfg(test)]
mod tests {
    use geofence::port_file;

    use super::*;

    #[test]
    fn what_a_file_says_does_not_get_out_of_the_data() {
        let name = r#"</script><script>alert(1)</script><!-- /*data*/ /*script*/ & "#;
        let file = json!({ "type": "FeatureCollection", "features": [
            { "type": "Feature", "properties": { "id": name, "name": name, "country": "KP", "kind": "port", "radius_km": 3 },
              "geometry": { "type": "Point", "coordinates": [130.3, 42.25] } },
            { "type": "Feature", "properties": { "id": name, "name": name }, "geometry": null },
        ]});
        let read = port_file::read("<b>.geojson", &file.to_string());
        let page = whole(&read, &[PathBuf::from("<b>.geojson")]);
        assert!(!page.contains("alert(1)</script>") && !page.contains("<b>") && !page.contains("/*style*/"));
        assert_eq!(page.matches("</script>").count(), 2, "that of the data and that of the program");
        let (_, data) = page.split_once("type=\"application/json\">").unwrap();
        let (data, _) = data.split_once("</script>").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["ports"][0]["name"], name);
        assert!(data["problems"].as_array().unwrap().len() > 1);
    }
}
