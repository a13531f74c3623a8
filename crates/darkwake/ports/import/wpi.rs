//! The World Port Index as ports: circles by the size of the harbour.

use serde_json::Value;

use super::collector::{Collector, Doubt, LeftOut};
use super::countries::country_code;
use super::draft::Draft;
use super::fields::Defaults;
use super::index::{self, Columns, IndexedPort};
use super::text;
use crate::ports::feature;

/// Reads the table. `radius_km` goes before the size of a harbour.
pub fn read(
    bytes: &[u8],
    radius_km: Option<f64>,
    defaults: &Defaults,
    collector: &mut Collector,
) -> Result<(), String> {
    let columns = Columns::find(&text::first_row(bytes)).map_err(|error| format!("{error:#}"))?;
    let mut is_header = true;
    text::each_row(bytes, collector, |line, row, collector| {
        if std::mem::take(&mut is_header) {
            return;
        }
        collector.see();
        match columns.read(row) {
            Ok(port) => {
                let draft = draft(&port, (collector.file(), line), radius_km, defaults);
                if draft.text("country").is_none() {
                    collector.doubt(line, Doubt::Country);
                }
                collector.take(draft);
            }
            Err(error) => collector.leave_out(line, LeftOut::Malformed, &format!("{error:#}")),
        }
    });
    Ok(())
}

fn draft(
    port: &IndexedPort,
    (file, number): (usize, u64),
    radius_km: Option<f64>,
    defaults: &Defaults,
) -> Draft {
    let country = country_code(&port.country_name);
    let locode = country.and_then(|country| index::mend_locode(&port.locode, country));
    let radius_km = radius_km.map_or_else(|| Value::from(port.size.radius_km()), Value::from);
    let properties = [
        ("name", Some(Value::from(port.name.as_str()))),
        ("country", country.map(Value::from)),
        ("kind", Some(Value::from(defaults.kind.name()))),
        ("aliases", Some(Value::from(port.aliases.clone()))),
        ("locode", locode.map(Value::from)),
        ("radius_km", Some(radius_km)),
        ("accuracy_m", Some(Value::from(port.accuracy_m()))),
        ("source", Some(Value::from(defaults.source.as_str()))),
    ];
    let given = properties.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Draft {
        file,
        number,
        id: Some(format!("WPI{}", port.number)),
        properties: given.collect(),
        geometry: feature::point(port.longitude, port.latitude),
    }
}
