//! The map of hearing that `darkwake reception export` writes.

mod program;

use std::path::Path;

use program::darkwake;
use serde_json::Value;

fn succeed(folder: &Path, arguments: &[&str]) {
    let done = darkwake(folder).args(arguments).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn export(folder: &Path, scenario: &str) -> Vec<Value> {
    succeed(folder, &["generate", scenario, "--seed", "1", "--out", "feed.nmea"]);
    succeed(folder, &["reception", "export", "feed.nmea", "--shards", "1", "--out", "one.geojson"]);
    succeed(folder, &["reception", "export", "feed.nmea", "--shards", "3", "--out", "three.geojson"]);
    let [one, three] =
        ["one", "three"].map(|name| std::fs::read_to_string(folder.join(format!("{name}.geojson"))).unwrap());
    assert!(one == three, "the number of shards shows");
    let map: Value = serde_json::from_str(&one).unwrap();
    assert_eq!(map["type"], "FeatureCollection");
    map["features"].as_array().unwrap().clone()
}

fn corners(feature: &Value) -> Vec<(f64, f64)> {
    let ring = feature["geometry"]["coordinates"][0].as_array().unwrap();
    ring.iter().map(|corner| (corner[0].as_f64().unwrap(), corner[1].as_f64().unwrap())).collect()
}

#[test]
fn the_map_shows_where_ships_are_heard() {
    let folder = tempfile::tempdir().unwrap();
    let cells = export(folder.path(), "exits");
    assert!(cells.len() > 50, "{}", cells.len());
    let mut shares = Vec::new();
    for feature in &cells {
        let ring = corners(feature);
        assert!(ring.len() >= 6 && ring.first() == ring.last(), "{feature}");
        let of = &feature["properties"];
        let count = |name: &str| of[name].as_u64().unwrap();
        assert!(count("heard") <= count("present") && count("passages") <= count("present"), "{feature}");
        shares.extend(of["q"].as_f64());
        // Enough for a cell of its own: the share that the counts give, weighted by age.
        if count("present") > 500 && count("passages") >= 5 {
            let plain = count("heard") as f64 / count("present") as f64;
            assert!((of["q"].as_f64().unwrap() - plain).abs() < 0.05, "{feature}");
        }
    }
    // Near a receiver nearly all is heard, at the edge of its hearing little.
    assert!(shares.iter().any(|q| *q > 0.95) && shares.iter().any(|q| *q < 0.5), "{shares:?}");
}

#[test]
fn cells_on_the_antimeridian_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let cells = export(folder.path(), "antimeridian");
    let mut crossing = 0;
    for feature in &cells {
        let lons: Vec<f64> = corners(feature).iter().map(|corner| corner.0).collect();
        let (west, east) = lons.iter().fold((f64::MAX, f64::MIN), |(w, e), lon| (w.min(*lon), e.max(*lon)));
        assert!(east - west < 2.0, "{feature}");
        crossing += u32::from(west < 180.0 && east > 180.0);
    }
    assert!(crossing > 0, "no cell crosses it");
}
