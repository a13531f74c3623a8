//! Tables, collections and lines, and what can be wrong with them.

use super::*;

fn read(text: &str) -> Sightings {
    let mut sightings = Sightings::default();
    let rajin = Position::from_degrees(130.3, 42.2).unwrap();
    let port = |name: &str| (name == "KPRJN").then_some((rajin, 4_000.0));
    sightings.read("seen", 0, text.as_bytes(), &port).unwrap();
    sightings
}

#[test]
fn a_table_a_collection_and_lines_give_the_same() {
    let table = read("Acquired;Latitude;Longitude;Length (m);length_m\n1696276800;42.2;130.3;x;121.5\n");
    let collection = read(
        r#"{"type":"FeatureCollection",
            "features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[130.3,42.2]},
            "properties":{"T":"2023-10-02T20:00:00Z","length":121.5}}]}"#,
    );
    let lines = read("{\"time\":1696276800000,\"lat\":42.2,\"lon\":130.3,\"length\":\"121.5\"}\n\n");
    let feature = read(
        r#"{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[130.2,42.1],[130.4,42.1],[130.4,42.3],[130.2,42.3],[130.2,42.1]]]},"properties":{"t":1696276800,"length":121.5}}"#,
    );
    let plain = |sightings: &Sightings| {
        assert_eq!((sightings.list.len(), sightings.read), (1, 1), "{sightings:?}");
        Sighting { origin: Origin::default(), ..sightings.list[0].clone() }
    };
    for other in [&collection, &lines, &feature] {
        assert_eq!(plain(&table), plain(other));
    }
    assert_eq!({ table.list[0].origin.line }, 2);
}

#[test]
fn a_port_stands_for_a_position_with_its_radius() {
    let seen = read("t,port\n2023-10-02,KPRJN\n2023-10-02,Atlantis\n");
    assert_eq!((seen.list.len(), seen.list[0].accuracy_m), (1, 4_000.0));
    assert_eq!(seen.rejected[&Fault::UnknownPort], 1);
}

#[test]
fn what_is_wrong_is_counted_by_what_it_is_and_the_first_are_named() {
    let table = "time,lat,lon,length,confidence,mmsi,sensor\n\
         2023-10-02T20:00:00Z,42,130,,,,\n\
         2023-10-02T20:00:00Z,42,130,,,,\n\
         ,42,130,,,,\n\
         soon,42,130,,,,\n\
         1980-01-01,42,130,,,,\n\
         2023-10-02T20:00:00Z,,130,,,,\n\
         2023-10-02T20:00:00Z,95,130,,,,\n\
         2023-10-02T20:00:00Z,42,130,-5,,,\n\
         2023-10-02T20:00:00Z,42,130,,85,,\n\
         2023-10-02T20:00:00Z,42,130,,,99,\n\
         2023-10-02T20:00:00Z,42,130,,0,,\n\
         2023-10-02T20:00:00Z,0.001,-0.001,,,,\n\
         2023-10-02T21:00:00Z,42,130,,0.9,273000001,RF-1\n";
    let seen = read(table);
    let rejected: Vec<(Fault, u64)> = seen.rejected.clone().into_iter().collect();
    assert_eq!(
        rejected,
        [
            (Fault::NoTime, 1),
            (Fault::BadTime, 2),
            (Fault::NoPosition, 1),
            (Fault::OutOfRange, 1),
            (Fault::NullIsland, 1),
            (Fault::BadValue, 4),
            (Fault::Duplicate, 1),
        ]
    );
    assert_eq!((seen.read, seen.list.len()), (13, 2));
    assert_eq!(seen.list[1].accuracy_m, 5_000.0);
    assert!(seen.examples.iter().any(|told| told.starts_with("seen:4: no time")), "{:?}", seen.examples);
    for value in ["(time is \"soon\")", "(lat is \"95\")", "(confidence is \"85\")"] {
        assert!(seen.examples.iter().any(|told| told.ends_with(value)), "{value}: {:?}", seen.examples);
    }
}

#[test]
fn a_table_without_a_column_that_is_needed_is_told_once() {
    let seen = read("when,lat,lon\n1696276800,42,130\n1696276900,42,130\n");
    assert_eq!((seen.read, seen.rejected[&Fault::NoTime]), (2, 2));
    assert_eq!(seen.examples.len(), 1);
    assert!(seen.examples[0].ends_with("its columns are: when, lat, lon"), "{:?}", seen.examples);
    let seen = read("time,lat\n1696276800,42\n");
    assert_eq!((seen.rejected[&Fault::NoPosition], seen.examples.len()), (1, 1));
}

#[test]
fn columns_that_say_nothing_are_named() {
    let table = read("detect_timestamp,detect_lat,detect_lon,Ship Type\n1696276800,42,130,cargo\n");
    assert_eq!(table.list.len(), 1);
    assert_eq!(table.unused.iter().collect::<Vec<_>>(), ["ship_type"]);
    let lines = read("{\"t\":1696276800,\"lat\":42,\"lon\":130,\"score\":1}\n");
    assert_eq!(lines.unused.iter().collect::<Vec<_>>(), ["score"]);
}

#[test]
fn numbers_and_times_as_other_programs_write_them_are_read() {
    for t in ["1696276800000.0", "1696276800.0", "20231002T200000Z", "20231002T2000Z", "20231002 200000.000"]
    {
        let seen = read(&format!("t,lat,lon,mmsi,imo,length\n{t},42,130,273000001.0,NaN,0\n"));
        assert_eq!(seen.list.len(), 1, "{t}: {:?}", seen.examples);
        let sighting = &seen.list[0];
        assert_eq!(sighting.fix.t, EventTime(1_696_276_800_000), "{t}");
        assert_eq!((sighting.mmsi, sighting.imo, sighting.length), (Some(Mmsi(273_000_001)), None, None));
    }
    assert_eq!(time("20231002"), time("2023-10-02"));
    assert_eq!(read("t,lat,lon,mmsi\n1696276800,42,130,273000001.5\n").rejected[&Fault::BadValue], 1);
}

#[test]
fn a_broken_line_of_json_is_one_row() {
    let good = r#"{"t":1696276800,"lat":42.2,"lon":130.3}"#;
    for text in [format!("{good}\n{{\"t\":\n7\n"), format!("{{\"t\":\n{good}\n7\n")] {
        let seen = read(&text);
        assert_eq!((seen.list.len(), seen.rejected[&Fault::Malformed]), (1, 2), "{text}");
    }
}
