//! TAG blocks (IEC 61162-450, NMEA 0183 v4): time, station, and groups of lines.

use hashbrown::HashMap;
use model::EventTime;
use serde::{Deserialize, Serialize};

use super::sentence::{checksum, epoch, hex};
use crate::eight::{folded, packed, which_may_be};

/// What the TAG blocks before a sentence say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// `c:`
    pub time: Option<EventTime>,
    /// Hash of `s:`, 0 where it is absent.
    pub station: u64,
    /// `g:number-total-id` or `numberGtotal:id`
    pub group: Option<Group>,
    /// A checksum is missing or wrong.
    pub has_wrong_checksum: bool,
}

/// Membership of a line in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Hash of the id.
    pub id: u64,
    /// Whether this is the first line of the group.
    pub is_first: bool,
}

impl Tag {
    /// Reads one or more blocks `\…\`.
    pub fn parse(blocks: &[u8]) -> Tag {
        let mut tag = Tag::default();
        for block in blocks.split(|byte| *byte == b'\\').filter(|block| !block.trim_ascii().is_empty()) {
            tag.block(block);
        }
        tag
    }

    /// Reads one block with a right checksum at the beginning of a line, and gives what follows; a line that begins otherwise has
    /// none. What is longer than 64 bytes, or has little behind it, is left to [`Tag::parse`].
    pub fn front(line: &[u8]) -> Option<(Tag, &[u8])> {
        let [b'\\', block @ ..] = line else { return Some((Tag::default(), line)) };
        // Eight bytes at a time: fields are so short that a search from one end to the next is slower.
        let (mut ends, mut sums, mut base) = (0, 0, 0);
        let at = loop {
            let word = u64::from_le_bytes(*block[base..].first_chunk()?);
            let stars = which_may_be(b'*', word);
            ends |= packed(which_may_be(b',', word) | which_may_be(b'\\', word)) << base;
            if stars != 0 {
                // The lowest is one.
                let bits = stars.trailing_zeros() & !7;
                sums ^= word & ((1 << bits) - 1);
                break base + bits as usize / 8;
            }
            sums ^= word;
            base += 8;
            if base == 64 {
                return None;
            }
        };
        let (fields, [_, high, low, b'\\', rest @ ..]) = block.split_at(at) else { return None };
        if hex(*high)? << 4 | hex(*low)? != folded(sums) {
            return None;
        }
        let (mut tag, mut start) = (Tag::default(), 0);
        ends &= (1 << at) - 1;
        while start <= at {
            let end = if ends == 0 { at } else { ends.trailing_zeros() as usize };
            ends &= ends.wrapping_sub(1);
            match fields.get(end) {
                Some(b',') | None => {
                    tag.field(&fields[start..end]);
                    start = end + 1;
                }
                Some(b'\\') => return None,
                Some(_) => {}
            }
        }
        Some((tag, rest))
    }

    fn block(&mut self, block: &[u8]) {
        let fields = match block {
            [fields @ .., b'*', high, low] => {
                let told = hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low);
                self.has_wrong_checksum |= told != Some(checksum(fields));
                fields
            }
            _ => {
                self.has_wrong_checksum = true;
                block
            }
        };
        self.fields(fields);
    }

    fn fields(&mut self, fields: &[u8]) {
        let mut rest = fields;
        while let Some(at) = rest.iter().position(|byte| *byte == b',') {
            self.field(&rest[..at]);
            rest = &rest[at + 1..];
        }
        self.field(rest);
    }

    fn field(&mut self, field: &[u8]) {
        let Some((key, value)) = field.split_first_chunk::<2>() else { return };
        match key {
            b"c:" => self.time = tag_time(value).or(self.time),
            b"s:" if !value.is_empty() => self.station = model::hash::bytes(0, value),
            b"g:" => {
                // Of nearly all, number and total have one digit.
                self.group = if let [number, b'-', total, b'-', id @ ..] = value
                    && *number != b'-'
                    && *total != b'-'
                {
                    Some(Group::new(core::slice::from_ref(number), id))
                } else {
                    let mut parts = value.splitn(3, |byte| *byte == b'-');
                    let (number, _total, id) = (parts.next(), parts.next(), parts.next());
                    number.zip(id).map(|(number, id)| Group::new(number, id))
                };
            }
            [number @ b'1'..=b'9', b'G'] => {
                if let [_, b':', id @ ..] = value {
                    self.group = Some(Group::new(core::slice::from_ref(number), id));
                }
            }
            _ => {}
        }
    }

    /// This block, with what only an earlier one says.
    pub fn after(self, earlier: Option<Tag>) -> Tag {
        let Some(earlier) = earlier else { return self };
        Tag {
            time: self.time.or(earlier.time),
            station: if self.station == 0 { earlier.station } else { self.station },
            group: self.group.or(earlier.group),
            has_wrong_checksum: self.has_wrong_checksum | earlier.has_wrong_checksum,
        }
    }
}

impl Group {
    fn new(number: &[u8], id: &[u8]) -> Group {
        Group { id: model::hash::bytes(0, id), is_first: number == b"1" }
    }
}

// Unlike a stamp beside a sentence, `c:` needs no minimum of digits to be known for a time.
fn tag_time(value: &[u8]) -> Option<EventTime> {
    epoch(value).or_else(|| {
        let number = core::str::from_utf8(value).ok()?.parse::<i64>().ok()?;
        (number >= 0).then(|| EventTime::from_epoch_number(number))
    })
}

/// Lines of a group share time and station; a group is forgotten after this many lines …
const MEMORY_LINES: u64 = 1_000;
/// … or, when there would be more than so many, with all others if more than half of them are of the last lines: a line may hold
/// hundreds of sentences.
const MEMORY_GROUPS: usize = 4_096;

/// The groups seen in the last lines of a source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Groups {
    known: HashMap<u64, Shared, foldhash::fast::FixedState>,
    /// The line at which they were gone through last: some may be forgotten that are still there.
    swept: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Shared {
    time: Option<EventTime>,
    station: u64,
    line: u64,
}

impl Shared {
    fn is_known(&self, line: u64) -> bool {
        self.line + MEMORY_LINES >= line
    }
}

impl Groups {
    /// Gives a line what its group knows, and the group what the line says.
    pub fn share(&mut self, tag: &mut Tag, line: u64) {
        let Some(group) = tag.group else { return };
        let is_full = self.known.len() >= MEMORY_GROUPS && !self.known.contains_key(&group.id);
        if is_full || self.swept + MEMORY_LINES < line {
            self.known.retain(|_, shared| shared.is_known(line));
            self.swept = line;
            // Else there would soon be too many again, and all are gone through each time.
            if is_full && self.known.len() > MEMORY_GROUPS / 2 {
                self.known.clear();
            }
        }
        let fresh = Shared { time: None, station: 0, line };
        let shared = self.known.entry(group.id).or_insert(fresh);
        if group.is_first || !shared.is_known(line) {
            *shared = fresh;
        }
        shared.time = tag.time.or(shared.time);
        if tag.station != 0 {
            shared.station = tag.station;
        }
        shared.line = line;
        (tag.time, tag.station) = (shared.time, shared.station);
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn both_spellings_of_a_group_are_read() {
        let a = Tag::parse(b"\\g:1-2-73874,n:157036,s:r003669945,c:1241544035*4A\\");
        let b = Tag::parse(b"\\1G2:73874,n:157036,s:r003669945,c:1241544035*35\\");
        assert_eq!((a.time, a.station, a.group), (b.time, b.station, b.group));
        assert_eq!(a.time, Some(EventTime(1_241_544_035_000)));
    }

    #[test]
    fn a_group_shares_time_and_station_for_a_thousand_lines() {
        let mut groups = Groups::default();
        let mut first = Tag::parse(b"\\g:1-2-7,s:a,c:1241544035*00\\");
        groups.share(&mut first, 1);
        let mut second = Tag::parse(b"\\g:2-2-7*5A\\");
        groups.share(&mut second, 1_000);
        assert_eq!((second.time, second.station), (first.time, first.station));
        let mut late = Tag::parse(b"\\g:2-2-7*5A\\");
        groups.share(&mut late, 2_002);
        assert_eq!(late.time, None);
    }

    #[test]
    fn a_group_is_forgotten_at_its_line_whether_or_not_it_is_still_there() {
        let mut groups = Groups::default();
        let mut of = |tag: &[u8], line: u64| {
            let mut tag = Tag::parse(tag);
            groups.share(&mut tag, line);
            tag.time
        };
        let told = of(b"\\g:1-3-7,c:1241544035*00\\", 500);
        // All are gone through here.
        of(b"\\g:1-1-8*00\\", 1_002);
        assert_eq!(of(b"\\g:2-3-7*00\\", 1_500), told);
        assert_eq!(of(b"\\g:3-3-7*00\\", 2_501), None);
    }

    #[test]
    fn what_is_read_at_once_is_what_is_read_by_parts() {
        // Around 64 bytes, with what may be taken for an end of a field, and with little behind.
        for length in 0..50 {
            for middle in ["-,-", "+*", "]", "-+]"] {
                let text: String = core::iter::repeat_n('x', length).collect();
                let fields = alloc::format!("g:1-2-77,t:{text}{middle},s:abc,c:1700000000");
                let block = alloc::format!("\\{fields}*{:02X}\\", checksum(fields.as_bytes()));
                for rest in ["", "!AIVD", "!AIVDM,1,1,,A,15,0*00"] {
                    let line = alloc::format!("{block}{rest}");
                    let front = Tag::front(line.as_bytes());
                    let is_sure = !middle.contains('*') && fields.len() < 64 && rest.len() >= 5;
                    assert!(front.is_some() || !is_sure, "{line}");
                    if let Some(front) = front {
                        assert_eq!(front, (Tag::parse(block.as_bytes()), rest.as_bytes()));
                        assert!(!middle.contains('*') && fields.len() < 64, "{line}");
                    }
                }
            }
        }
    }

    #[test]
    fn groups_on_few_lines_are_forgotten_when_there_are_too_many() {
        let mut groups = Groups::default();
        for id in 0..10_000_u64 {
            let group = Some(Group { id, is_first: true });
            groups.share(&mut Tag { group, station: id + 1, ..Tag::default() }, 1);
        }
        assert!(groups.known.len() <= MEMORY_GROUPS);
        // Who is known does not make room for itself.
        let mut full = Groups::default();
        for id in 0..MEMORY_GROUPS as u64 {
            full.share(
                &mut Tag { group: Some(Group { id, is_first: true }), station: id + 1, ..Tag::default() },
                1,
            );
        }
        let mut second = Tag { group: Some(Group { id: 4_095, is_first: false }), ..Tag::default() };
        full.share(&mut second, 2);
        assert_eq!((second.station, full.known.len()), (4_096, MEMORY_GROUPS));
        // Nor where those of long ago are forgotten.
        let mut long_after = Tag { group: Some(Group { id: 0, is_first: false }), ..Tag::default() };
        full.share(&mut long_after, 1_001);
        full.share(&mut Tag { group: Some(Group { id: 9_999, is_first: true }), ..Tag::default() }, 1_002);
        assert_eq!((long_after.station, full.known.len()), (1, 3));
        let of = |id: u64, groups: &mut Groups| {
            let mut tag = Tag { group: Some(Group { id, is_first: false }), ..Tag::default() };
            groups.share(&mut tag, 2);
            tag.station
        };
        assert_eq!((of(9_999, &mut groups), of(0, &mut groups)), (10_000, 0));
    }
}
