//! TAG blocks (IEC 61162-450, NMEA 0183 v4): time, station, and groups of lines.

use alloc::collections::VecDeque;

use hashbrown::HashMap;
use model::EventTime;
use serde::{Deserialize, Serialize};

use super::sentence::{checksum, epoch, hex};
use crate::eight::{folded, which_are, word_at};

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
    /// none.
    pub fn front(line: &[u8]) -> Option<(Tag, &[u8])> {
        let [b'\\', block @ ..] = line else { return Some((Tag::default(), line)) };
        let mut tag = Tag::default();
        let (mut start, mut base, mut sums) = (0, 0, 0);
        // Fields are short: eight bytes at a time are quicker than a search from one end to the next.
        loop {
            let word = word_at(block, base)?;
            let mut found = which_are(b',', word) | which_are(b'*', word) | which_are(b'\\', word);
            while found != 0 {
                let at = base + found.trailing_zeros() as usize / 8;
                match block[at] {
                    b',' => tag.field(&block[start..at]),
                    b'*' => {
                        tag.field(&block[start..at]);
                        sums ^= word & ((1 << (8 * (at - base))) - 1);
                        let [_, high, low, b'\\', rest @ ..] = &block[at..] else { return None };
                        return (hex(*high)? << 4 | hex(*low)? == folded(sums)).then_some((tag, rest));
                    }
                    _ => return None,
                }
                start = at + 1;
                found &= found - 1;
            }
            sums ^= word;
            base += 8;
        }
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
        match field {
            [b'c', b':', value @ ..] => self.time = tag_time(value).or(self.time),
            [b's', b':', value @ ..] if !value.is_empty() => self.station = model::hash::bytes(0, value),
            [b'g', b':', value @ ..] => {
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
            [number @ b'1'..=b'9', b'G', _, b':', id @ ..] => {
                self.group = Some(Group::new(core::slice::from_ref(number), id));
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
/// … or so many sentences of groups: a line may hold hundreds.
const MEMORY_SENTENCES: usize = 4_096;

/// The groups seen in the last lines of a source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Groups {
    known: HashMap<u64, Shared, foldhash::fast::FixedState>,
    order: VecDeque<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Shared {
    time: Option<EventTime>,
    station: u64,
    line: u64,
}

impl Groups {
    /// Gives a line what its group knows, and the group what the line says.
    pub fn share(&mut self, tag: &mut Tag, line: u64) {
        let Some(group) = tag.group else { return };
        while let Some((seen, id)) = self.order.front().copied()
            && (seen + MEMORY_LINES < line || self.order.len() >= MEMORY_SENTENCES)
        {
            self.order.pop_front();
            if self.known.get(&id).is_some_and(|shared| shared.line == seen) {
                self.known.remove(&id);
            }
        }
        let fresh = Shared { time: None, station: 0, line };
        let shared = self.known.entry(group.id).or_insert(fresh);
        if group.is_first {
            *shared = fresh;
        }
        shared.time = tag.time.or(shared.time);
        if tag.station != 0 {
            shared.station = tag.station;
        }
        shared.line = line;
        (tag.time, tag.station) = (shared.time, shared.station);
        self.order.push_back((line, group.id));
    }
}

#[cfg(test)]
mod tests {
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
    fn groups_on_few_lines_are_forgotten_when_there_are_too_many() {
        let mut groups = Groups::default();
        for id in 0..10_000_u64 {
            let group = Some(Group { id, is_first: true });
            groups.share(&mut Tag { group, station: id + 1, ..Tag::default() }, 1);
        }
        assert_eq!((groups.known.len(), groups.order.len()), (MEMORY_SENTENCES, MEMORY_SENTENCES));
        let of = |id: u64, groups: &mut Groups| {
            let mut tag = Tag { group: Some(Group { id, is_first: false }), ..Tag::default() };
            groups.share(&mut tag, 2);
            tag.station
        };
        assert_eq!((of(9_999, &mut groups), of(0, &mut groups)), (10_000, 0));
    }
}
