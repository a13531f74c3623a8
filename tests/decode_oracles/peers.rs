//! Other decoders of AIS as peers, and where they differ from ours.

use marlin_ais::{AisMessageBody, FieldState, Invalid, RawCode, Type24BExtent};
use nmea_kit::ais::{AisMessage, AisParser, StaticDataReport};
use nmea_parser::{LatLon, NmeaParser, ParsedMessage};

use crate::record::{HOT, Identity, Known, Ledger, Motion, Record, cut};

/// A whole message as it stands in a feed.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Its sentences.
    pub sentences: Vec<String>,
    /// The joined payload.
    pub payload: String,
    /// Fill bits of the last sentence.
    pub fill: u8,
}

impl Whole {
    /// The message of some sentences `!ccVDM,n,n,s,c,payload,fill*hh`.
    pub fn new(sentences: Vec<String>) -> Option<Whole> {
        let mut whole = Whole { sentences, payload: String::new(), fill: 0 };
        for sentence in &whole.sentences {
            let mut fields = sentence.split(',').skip(5);
            whole.payload.push_str(fields.next()?);
            whole.fill = fields.next()?.get(..1)?.parse().ok()?;
        }
        Some(whole)
    }

    fn channel(&self) -> &str {
        self.sentences[0].split(',').nth(4).unwrap_or_default()
    }

    /// Number of bits.
    pub fn bits(&self) -> usize {
        (self.payload.len() * 6).saturating_sub(self.fill.into())
    }
}

/// The three of them, each with its ledger.
pub struct Peers {
    pub kit: Ledger,
    pub marlin: Ledger,
    pub parser: Ledger,
}

impl Peers {
    /// Ledgers with all that is known.
    pub fn new() -> Peers {
        Peers {
            kit: Ledger::new("nmea-kit", kit_known()),
            marlin: Ledger::new("marlin-ais", marlin_known()),
            parser: Ledger::new("nmea-parser", parser_known()),
        }
    }

    /// Fails where one of them differs in a way that is not known.
    pub fn settle(&self) {
        self.kit.settle();
        self.marlin.settle();
        self.parser.settle();
    }

    /// Fails also where a known difference was not seen.
    pub fn settle_all_seen(&self) {
        self.kit.settle_all_seen();
        self.marlin.settle_all_seen();
        self.parser.settle_all_seen();
    }

    /// Asks all of them about a message.
    pub fn compare(&mut self, ours: &Record, whole: &Whole) {
        let what = whole.sentences.join(" ");
        // It takes no message whose channel is not A or B; some shore stations write others.
        if ["", "A", "B", "1", "2"].contains(&whole.channel()) {
            self.kit.compare(ours, kit(whole).as_ref(), whole.bits(), &what);
        }
        // It does not read 4, 11 and 27 at all; our own reading of the rare ones is nmea-parser's.
        if !matches!(ours.kind, 4 | 11 | 27) {
            self.marlin.compare(ours, marlin(whole).as_ref(), whole.bits(), &what);
        }
        if HOT.contains(&ours.kind) {
            let mut without_type = ours.clone();
            // It tells the type of ship in its own words, which do not hold the code.
            without_type.values.remove("ship_type");
            self.parser.compare(&without_type, parser(whole).as_ref(), whole.bits(), &what);
        }
    }
}

const CLASS_A: &[u8] = &[1, 2, 3];
const MOVING: &[u8] = &[1, 2, 3, 18, 19];
const TEXTS: &[&str] = &["name", "callsign", "destination"];

fn is_number(text: Option<&str>, range: std::ops::RangeInclusive<i64>) -> bool {
    text.and_then(|text| text.parse().ok()).is_some_and(|number| range.contains(&number))
}

fn text_is_cut() -> Known {
    Known {
        kinds: &[5, 19, 24],
        fields: TEXTS,
        why: "M.1371-5 fills texts with @, so a text ends at the first; blanks at its ends say nothing",
        holds: |seen| {
            cut(seen.theirs.as_deref().unwrap_or_default()) == seen.ours.as_deref().unwrap_or_default()
        },
    }
}

fn course_without_meaning() -> Known {
    Known {
        kinds: MOVING,
        fields: &["cog"],
        why: "M.1371-5 table 48: 3601-4095 are not used, so they are no course",
        holds: |seen| seen.ours.is_none() && is_number(seen.theirs.as_deref(), 3_601..=4_095),
    }
}

fn kit_known() -> Vec<Known> {
    vec![
        text_is_cut(),
        course_without_meaning(),
        Known {
            kinds: &[27],
            fields: &["cog"],
            why: "M.1371-5 table 84: 360-510 are not used, so they are no course",
            holds: |seen| seen.ours.is_none() && is_number(seen.theirs.as_deref(), 3_600..=5_100),
        },
        Known {
            kinds: &[1, 2, 3, 18, 19, 27],
            fields: &["fate"],
            why: "it calls a position outside the globe absent; that proves a fault, not a silent sensor",
            holds: |seen| seen.ours.as_deref() == Some("out_of_range") && seen.theirs.is_none(),
        },
        Known {
            kinds: &[5],
            fields: &["message"],
            why: "it asks for the two spare bits at the end of message 5, which many transponders leave out",
            holds: |seen| (422..424).contains(&seen.bits),
        },
        Known {
            kinds: &[24],
            fields: &["message"],
            why: "it asks for the last six bits of 24 B, of which M.1371-4 has none that say anything",
            holds: |seen| (162..168).contains(&seen.bits),
        },
        Known {
            kinds: &[24],
            fields: &["message"],
            why: "parts 2 and 3 of message 24 do not exist: counted as another type, not as a fault",
            holds: |seen| seen.ours.as_deref() == Some("other_type"),
        },
        Known {
            kinds: &[21],
            fields: &["message"],
            why: "a message 21 cut short tells nothing; both say so, we by counting it as another type",
            holds: |seen| seen.ours.as_deref() == Some("other_type") && seen.bits < 272,
        },
    ]
}

/// What nmea-kit says.
fn kit(whole: &Whole) -> Option<Record> {
    let mut parser = AisParser::new();
    let mut message = None;
    for sentence in &whole.sentences {
        message = parser.decode(&nmea_kit::parse_frame(sentence).ok()?);
    }
    let size = |bow: u16, stern: u16, port: u8, starboard: u8| {
        [i64::from(bow), i64::from(stern), i64::from(port), i64::from(starboard)]
    };
    let kind = kind(whole);
    let record = |mmsi| Record::new(kind, mmsi);
    let place =
        |lon: Option<f64>, lat: Option<f64>| Motion { lon: micro(lon), lat: micro(lat), ..Motion::default() };
    let message = message?;
    let record = if let AisMessage::Position(report) = message {
        let motion = Motion {
            sog: tenths(report.sog),
            cog: tenths(report.cog),
            heading: report.heading.map(i64::from),
            status: report
                .nav_status
                .map(|status| i64::from(u8::from(status)))
                .filter(|status| *status != 15),
            ..place(report.longitude, report.latitude)
        };
        let identity = report.class_b_extended.map(|extended| Identity {
            name: extended.vessel_name,
            ship_type: extended.ship_type.into(),
            dimensions: size(
                extended.dimension_to_bow,
                extended.dimension_to_stern,
                extended.dimension_to_port,
                extended.dimension_to_starboard,
            ),
            ..Identity::default()
        });
        record(report.mmsi).with_motion(motion).with_identity(&identity.unwrap_or_default())
    } else if let AisMessage::LongRangePosition(report) = message {
        let motion = Motion {
            sog: report.sog.map(|knots| i64::from(knots) * 10),
            cog: report.cog.map(|degrees| i64::from(degrees) * 10),
            status: report
                .nav_status
                .map(|status| i64::from(u8::from(status)))
                .filter(|status| *status != 15),
            ..place(report.longitude, report.latitude)
        };
        record(report.mmsi).with_motion(motion)
    } else if let AisMessage::StaticVoyage(report) = message {
        record(report.mmsi).with_identity(&Identity {
            name: report.vessel_name,
            callsign: report.callsign,
            destination: report.destination,
            imo: report.imo.into(),
            ship_type: report.ship_type.into(),
            draught: tenths(report.draught_meters).unwrap_or(0),
            dimensions: size(
                report.dimension_to_bow,
                report.dimension_to_stern,
                report.dimension_to_port,
                report.dimension_to_starboard,
            ),
        })
    } else if let AisMessage::StaticReport(StaticDataReport::PartA { mmsi, vessel_name, .. }) = message {
        record(mmsi).with_identity(&Identity { name: vessel_name, ..Identity::default() })
    } else if let AisMessage::StaticReport(StaticDataReport::PartB {
        mmsi,
        callsign,
        ship_type,
        dimension_to_bow,
        dimension_to_stern,
        dimension_to_port,
        dimension_to_starboard,
        ..
    }) = message
    {
        record(mmsi).with_identity(&Identity {
            callsign,
            ship_type: ship_type.into(),
            dimensions: size(dimension_to_bow, dimension_to_stern, dimension_to_port, dimension_to_starboard),
            ..Identity::default()
        })
    } else if let AisMessage::BaseStation(report) = message {
        landmark(record(report.mmsi), place(report.longitude, report.latitude))
    } else if let AisMessage::SarAircraft(report) = message {
        landmark(record(report.mmsi), place(report.longitude, report.latitude))
    } else if let AisMessage::UtcDateResponse(report) = message {
        landmark(record(report.mmsi), place(report.longitude, report.latitude))
    } else if let AisMessage::AidToNavigation(report) = message {
        landmark(record(report.mmsi), place(report.lon, report.lat))
    } else {
        return None;
    };
    Some(record.of_sender())
}

fn marlin_known() -> Vec<Known> {
    vec![
        text_is_cut(),
        Known {
            kinds: CLASS_A,
            fields: &["status"],
            why: "codes 9-13 are reserved, but they are what the ship sends: rules may name them",
            holds: |seen| seen.theirs.is_none() && is_number(seen.ours.as_deref(), 9..=13),
        },
        Known {
            kinds: &[24],
            fields: &["message"],
            why: "it asks for the last six bits of 24 B, of which M.1371-4 has none that say anything",
            holds: |seen| (162..168).contains(&seen.bits),
        },
        Known {
            kinds: &[21],
            fields: &["message"],
            why: "a message 21 cut short tells nothing; both say so, we by counting it as another type",
            holds: |seen| seen.ours.as_deref() == Some("other_type") && seen.bits < 272,
        },
        Known {
            kinds: &[24],
            fields: &["message"],
            why: "parts 2 and 3 of message 24 do not exist: counted as another type, not as a fault",
            holds: |seen| seen.ours.as_deref() == Some("other_type"),
        },
    ]
}

/// What marlin-ais says.
fn marlin(whole: &Whole) -> Option<Record> {
    let (bits, length) = marlin_ais::armor::decode(whole.payload.as_bytes(), whole.fill).ok()?;
    let body = marlin_ais::decode_message(&bits, length, false).ok()?.body;
    let kind = kind(whole);
    let record = |mmsi| Record::new(kind, mmsi);
    let size = |dimensions: marlin_ais::Dimensions| {
        [
            whole_or_zero(dimensions.to_bow_m),
            whole_or_zero(dimensions.to_stern_m),
            whole_or_zero(dimensions.to_port_m),
            whole_or_zero(dimensions.to_starboard_m),
        ]
    };
    let text = |text: FieldState<String>| text.value().unwrap_or_default();
    // AisMessageBody grows without notice; what is new in it is of no type that is compared.
    let record = if let AisMessageBody::Type1(report)
    | AisMessageBody::Type2(report)
    | AisMessageBody::Type3(report) = body
    {
        record(report.mmsi).with_motion(Motion {
            lon: degrees(report.longitude_deg),
            lat: degrees(report.latitude_deg),
            sog: tenths(report.speed_over_ground.value_or_bound()),
            cog: tenths(report.course_over_ground.value()),
            heading: report.true_heading.value().map(i64::from),
            status: report.navigation_status.value().map(|status| status.code().into()),
        })
    } else if let AisMessageBody::Type18(report) = body {
        record(report.mmsi).with_motion(Motion {
            lon: degrees(report.longitude_deg),
            lat: degrees(report.latitude_deg),
            sog: tenths(report.speed_over_ground.value_or_bound()),
            cog: tenths(report.course_over_ground.value()),
            heading: report.true_heading.value().map(i64::from),
            status: None,
        })
    } else if let AisMessageBody::Type19(report) = body {
        let motion = Motion {
            lon: degrees(report.longitude_deg),
            lat: degrees(report.latitude_deg),
            sog: tenths(report.speed_over_ground.value_or_bound()),
            cog: tenths(report.course_over_ground.value()),
            heading: report.true_heading.value().map(i64::from),
            status: None,
        };
        record(report.mmsi).with_motion(motion).with_identity(&Identity {
            name: text(report.vessel_name),
            ship_type: whole_or_zero(report.ship_type),
            dimensions: size(report.dimensions),
            ..Identity::default()
        })
    } else if let AisMessageBody::Type5(report) = body {
        record(report.mmsi).with_identity(&Identity {
            name: text(report.vessel_name),
            callsign: text(report.call_sign),
            destination: text(report.destination),
            imo: whole_or_zero(report.imo_number),
            ship_type: whole_or_zero(report.ship_type),
            draught: tenths(report.draught_m.value_or_bound()).unwrap_or(0),
            dimensions: size(report.dimensions),
        })
    } else if let AisMessageBody::Type24A(report) = body {
        record(report.mmsi).with_identity(&Identity { name: text(report.vessel_name), ..Identity::default() })
    } else if let AisMessageBody::Type24B(report) = body {
        record(report.mmsi).with_identity(&Identity {
            callsign: text(report.call_sign),
            ship_type: whole_or_zero(report.ship_type),
            dimensions: match report.extent {
                Type24BExtent::Dimensions(dimensions) => size(dimensions),
                Type24BExtent::MothershipMmsi(_) => [0; 4],
            },
            ..Identity::default()
        })
    } else if let AisMessageBody::Type9(report) = body {
        let (lon, lat) = (degrees(report.longitude_deg), degrees(report.latitude_deg));
        landmark(record(report.mmsi), Motion { lon, lat, ..Motion::default() })
    } else if let AisMessageBody::Type21(report) = body {
        let (lon, lat) = (degrees(report.longitude_deg), degrees(report.latitude_deg));
        landmark(record(report.mmsi), Motion { lon, lat, ..Motion::default() })
    } else {
        return None;
    };
    Some(record.of_sender())
}

fn parser_known() -> Vec<Known> {
    vec![
        text_is_cut(),
        course_without_meaning(),
        Known {
            kinds: MOVING,
            fields: &["heading"],
            why: "360-510 are no headings (M.1371-5 table 48)",
            holds: |seen| seen.ours.is_none() && is_number(seen.theirs.as_deref(), 360..=510),
        },
        Known {
            kinds: &[27],
            fields: &["sog", "cog"],
            why: "it reads speed and course of message 27 out of the latitude",
            holds: |_| true,
        },
        Known {
            kinds: &[19],
            fields: &["message"],
            why: "it does not read message 19",
            holds: |seen| seen.theirs.is_none(),
        },
        Known {
            kinds: &[24],
            fields: &["message"],
            why: "it gives message 24 only as a pair, and remembers single halves for ever",
            holds: |seen| seen.theirs.is_none(),
        },
        Known {
            kinds: &[5],
            fields: &["message"],
            why: "it gives up a whole message 5 because its time of arrival is not a date",
            holds: |seen| seen.theirs.is_none(),
        },
    ]
}

/// What nmea-parser says.
fn parser(whole: &Whole) -> Option<Record> {
    let mut parser = NmeaParser::new();
    let mut message = None;
    for sentence in &whole.sentences {
        message = parser.parse_sentence(sentence).ok();
    }
    let kind = kind(whole);
    let message = message?;
    let record = if let ParsedMessage::VesselDynamicData(report) = message {
        Record::new(kind, report.mmsi).with_motion(Motion {
            lon: micro(report.longitude()),
            lat: micro(report.latitude()),
            sog: report.sog_knots.map(|knots| (knots * 10.0).round() as i64),
            cog: report.cog.map(|degrees| (degrees * 10.0).round() as i64),
            heading: report.heading_true.map(|degrees| degrees as i64),
            status: Some(i64::from(report.nav_status.to_value())).filter(|status| *status != 15),
        })
    } else if let ParsedMessage::VesselStaticData(report) = message {
        Record::new(kind, report.mmsi).with_identity(&Identity {
            name: report.name.unwrap_or_default(),
            callsign: report.call_sign.unwrap_or_default(),
            destination: report.destination.unwrap_or_default(),
            imo: report.imo_number.map_or(0, i64::from),
            ship_type: 0,
            draught: report.draught10.map_or(0, i64::from),
            dimensions: [
                report.dimension_to_bow,
                report.dimension_to_stern,
                report.dimension_to_port,
                report.dimension_to_starboard,
            ]
            .map(|metres| metres.map_or(0, i64::from)),
        })
    } else {
        return None;
    };
    Some(record.of_sender())
}

/// By the rules of the project: who has no nine digits is nobody, and an impossible place is none.
pub fn landmark(record: Record, motion: Motion) -> Record {
    if !(1..=999_999_999).contains(&record.mmsi) {
        return record.reject("other_type");
    }
    let bare = record.clone();
    let placed = record.with_motion(Motion { lon: motion.lon, lat: motion.lat, ..Motion::default() });
    if placed.get("fate").is_some() { bare } else { placed }
}

fn kind(whole: &Whole) -> u8 {
    let first = whole.payload.bytes().next().unwrap_or(b'0');
    if first < 88 { first - 48 } else { first - 56 }
}

fn micro(degrees: Option<f64>) -> Option<i64> {
    degrees.map(|degrees| (degrees * 1e6).round() as i64)
}

fn tenths(value: Option<f32>) -> Option<i64> {
    value.map(|value| (f64::from(value) * 10.0).round() as i64)
}

fn whole_or_zero<T: Into<i64>>(state: FieldState<T>) -> i64 {
    state.value_or_bound().map_or(0, Into::into)
}

/// A coordinate; one that marlin calls invalid is given as what it was sent as.
fn degrees(state: FieldState<f64>) -> Option<i64> {
    match state {
        FieldState::Value(degrees) | FieldState::AtLeast(degrees) => micro(Some(degrees)),
        FieldState::Invalid(Invalid::Undefined(RawCode(raw))) | FieldState::SenderError(RawCode(raw)) => {
            Some(model::number::divide_rounded(raw * 5, 3))
        }
        FieldState::Invalid(Invalid::Unparsable) | FieldState::NotAvailable => None,
    }
}
