//! What a column or key can mean, and the names by which it goes.

/// What a column or key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    Time,
    Mmsi,
    Lon,
    Lat,
    Sog,
    Cog,
    Heading,
    NavStatus,
    Class,
    Name,
    Callsign,
    Imo,
    ShipType,
    Draught,
    Destination,
    Length,
    Width,
    ToBow,
    ToStern,
    ToPort,
    ToStarboard,
}

impl Role {
    /// How many roles there are.
    pub(crate) const COUNT: usize = 21;

    /// All roles, in the order of their numbers.
    pub(crate) const ALL: [Role; Role::COUNT] = [
        Role::Time,
        Role::Mmsi,
        Role::Lon,
        Role::Lat,
        Role::Sog,
        Role::Cog,
        Role::Heading,
        Role::NavStatus,
        Role::Class,
        Role::Name,
        Role::Callsign,
        Role::Imo,
        Role::ShipType,
        Role::Draught,
        Role::Destination,
        Role::Length,
        Role::Width,
        Role::ToBow,
        Role::ToStern,
        Role::ToPort,
        Role::ToStarboard,
    ];

    /// The roles that make up the static values.
    pub(crate) const STATIC: [Role; 12] = [
        Role::Name,
        Role::Callsign,
        Role::Imo,
        Role::ShipType,
        Role::Draught,
        Role::Destination,
        Role::Length,
        Role::Width,
        Role::ToBow,
        Role::ToStern,
        Role::ToPort,
        Role::ToStarboard,
    ];

    /// Distances from the reference point, in the order A, B, C, D of ITU-R M.1371-5.
    pub(crate) const REFERENCE_POINT: [Role; 4] =
        [Role::ToBow, Role::ToStern, Role::ToPort, Role::ToStarboard];

    /// The words for it in messages to people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Role::Time => "time",
            Role::Mmsi => "MMSI",
            Role::Lon => "longitude",
            Role::Lat => "latitude",
            Role::Sog => "speed over ground",
            Role::Cog => "course over ground",
            Role::Heading => "heading",
            Role::NavStatus => "navigational status",
            Role::Class => "transceiver class",
            Role::Name => "name",
            Role::Callsign => "call sign",
            Role::Imo => "IMO number",
            Role::ShipType => "ship type",
            Role::Draught => "draught",
            Role::Destination => "destination",
            Role::Length => "length",
            Role::Width => "width",
            Role::ToBow => "distance to the bow",
            Role::ToStern => "distance to the stern",
            Role::ToPort => "distance to the port side",
            Role::ToStarboard => "distance to the starboard side",
        }
    }

    /// The names by which common tables call it, as [`plain`] writes them; the first counts most.
    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Role::Time => &[
                "basedatetime",
                "datetimeutc",
                "timestamputc",
                "timeutc",
                "timestamp",
                "datetime",
                "msgtime",
                "time",
                "unixtime",
                "epoch",
                "ts",
                "t",
            ],
            Role::Mmsi => &["mmsi", "ssvid", "sourcemmsi", "userid"],
            Role::Lon => &["longitude", "lon", "long", "lng", "x"],
            Role::Lat => &["latitude", "lat", "y"],
            Role::Sog => &["sog", "speedoverground", "speedknots", "speed"],
            Role::Cog => &["cog", "courseoverground", "course"],
            Role::Heading => &["trueheading", "heading", "hdg"],
            Role::NavStatus => {
                &["navigationalstatus", "navigationstatus", "navstatus", "navstat", "navstatuscode", "status"]
            }
            Role::Class => &["typeofmobile", "transceiverclass", "transceiver", "aisclass", "class"],
            Role::Name => &["shipname", "vesselname", "name"],
            Role::Callsign => &["callsign"],
            Role::Imo => &["imo", "imonr", "imonumber"],
            Role::ShipType => &["shiptype", "vesseltype", "shipandcargotype", "shiptypecode"],
            Role::Draught => &["draught", "draft", "maximumstaticdraught"],
            Role::Destination => &["destination"],
            Role::Length => &["length", "shiplength"],
            Role::Width => &["width", "beam", "shipwidth"],
            Role::ToBow => &["tobow", "sizea", "dimensiona", "dima", "a"],
            Role::ToStern => &["tostern", "sizeb", "dimensionb", "dimb", "b"],
            Role::ToPort => &["toport", "sizec", "dimensionc", "dimc", "c"],
            Role::ToStarboard => &["tostarboard", "sized", "dimensiond", "dimd", "d"],
        }
    }
}

/// The longest name in [`Role::names`], with room for some more.
const MAX_NAME_BYTES: usize = 32;

/// A name in small letters, without anything that is no letter or digit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainName {
    bytes: [u8; MAX_NAME_BYTES],
    length: usize,
}

/// Makes a name comparable; what is longer than any known name is cut.
pub(crate) fn plain(name: &[u8]) -> PlainName {
    let mut plain = PlainName { bytes: [0; MAX_NAME_BYTES], length: 0 };
    let kept = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
    for (slot, byte) in plain.bytes.iter_mut().zip(kept) {
        *slot = byte.to_ascii_lowercase();
        plain.length += 1;
    }
    plain
}

impl PlainName {
    /// The name's bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_belong_to_one_role() {
        let mut seen = alloc::vec::Vec::new();
        for (number, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, number);
            for name in role.names() {
                assert_eq!(plain(name.as_bytes()).as_bytes(), name.as_bytes());
                assert!(!seen.contains(name), "{name}");
                seen.push(name);
            }
        }
        assert_eq!(plain(b"# Navigational status").as_bytes(), b"navigationalstatus");
        assert_eq!(plain(&[b'a'; 99]).as_bytes(), [b'a'; MAX_NAME_BYTES]);
    }
}
