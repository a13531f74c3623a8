//! Tables with columns of one's own: longitude and latitude, or a geometry in WKT.

use csv::StringRecord;
use serde_json::Value;

use super::collector::{Collector, LeftOut};
use super::fields::{Defaults, Fields};
use super::{text, values, wkt};
use crate::ports::feature;

/// Where a row says that its port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// In columns `lon` and `lat`.
    LonLat,
    /// In a column `wkt`.
    Wkt,
}

/// How the rows of a table below this header say places; the error is for people.
pub fn places(fields: &Fields) -> Result<Places, String> {
    if fields.has("wkt") {
        Ok(Places::Wkt)
    } else if fields.has("lon") && fields.has("lat") {
        Ok(Places::LonLat)
    } else {
        Err(format!(
            "no columns of places among {}; name them with --map lon=… --map lat=…, or --map wkt=…",
            fields.keys()
        ))
    }
}

/// The columns of a table.
pub fn columns(header: &StringRecord, map: &[(String, String)]) -> Fields {
    Fields::new(header.iter().map(str::to_owned).collect(), map)
}

/// Reads a table.
pub fn read(
    bytes: &[u8],
    fields: &Fields,
    places: Places,
    defaults: &Defaults,
    collector: &mut Collector,
) -> Result<(), String> {
    let missing = match places {
        Places::Wkt if !fields.has("wkt") => Some("wkt"),
        Places::LonLat if !fields.has("lon") => Some("lon"),
        Places::LonLat if !fields.has("lat") => Some("lat"),
        Places::Wkt | Places::LonLat => None,
    };
    if let Some(name) = missing {
        return Err(format!("no column {name} among {}; name it with --map {name}=…", fields.keys()));
    }
    let mut is_header = true;
    text::each_row(bytes, collector, |line, row, collector| {
        if std::mem::take(&mut is_header) {
            return;
        }
        collector.see();
        let values: Vec<Value> = row.iter().map(Value::from).collect();
        let geometry = match places {
            Places::Wkt => of_wkt(fields, &values),
            Places::LonLat => of_lon_lat(fields, &values),
        };
        match geometry {
            Ok(geometry) => {
                let draft = fields.draft(line, &values, geometry, defaults, collector);
                collector.take(draft);
            }
            Err((why, reason)) => collector.leave_out(line, why, &reason),
        }
    });
    Ok(())
}

type NoGeometry = (LeftOut, String);

fn of_wkt(fields: &Fields, values: &[Value]) -> Result<Value, NoGeometry> {
    let text = fields.value("wkt", values).and_then(Value::as_str);
    let text = text.ok_or_else(|| (LeftOut::NoPlace, "it has no geometry".to_owned()))?;
    wkt::geometry(text).map_err(|reason| (LeftOut::Malformed, reason))
}

fn of_lon_lat(fields: &Fields, values: &[Value]) -> Result<Value, NoGeometry> {
    let given = ["lon", "lat"].map(|name| fields.value(name, values));
    let [Some(lon), Some(lat)] = given else {
        return Err((LeftOut::NoPlace, "it has no longitude and latitude".to_owned()));
    };
    let (Some(lon), Some(lat)) = (values::degrees(lon), values::degrees(lat)) else {
        return Err((LeftOut::Malformed, format!("{lon}, {lat} are no degrees of longitude and latitude")));
    };
    if lon == 0.0 && lat == 0.0 {
        return Err((LeftOut::NoPlace, "0, 0 is where those without a place end up".to_owned()));
    }
    Ok(feature::point(lon, lat))
}
