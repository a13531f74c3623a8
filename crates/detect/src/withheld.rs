//! A ship that transmits, but not where it is: messages without a position less than 30 min apart
//! that together last 30 min or more. That is no silence.

use model::alert::Withheld;
use model::{EventTime, Fix, Rare, TimeSpan};
use serde::{Deserialize, Serialize};

use crate::dark::KEEP_MS;
use crate::quiet::SILENCE_MS;

/// Spells remembered.
const MAX_SPELLS: usize = 64;

/// Spells of messages without a position, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Withholding {
    spells: Rare<Spell>,
    version: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Spell {
    told: Withheld,
    is_over: bool,
}

impl Withholding {
    /// Spells that have lasted 30 min, with whether each is over.
    pub fn told(&self) -> impl Iterator<Item = (&Withheld, bool)> {
        let long = self.spells.iter().filter(|spell| spell.told.span.length_ms() >= SILENCE_MS);
        long.map(|spell| (&spell.told, spell.is_over))
    }

    /// Changes with whatever is told.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spells.is_empty()
    }

    /// A message without a position, after the last fix.
    pub fn mute(&mut self, t: EventTime, last: Fix) {
        if let Some(spell) = self.spells.last_mut().filter(|spell| !spell.is_over) {
            // A copy, or one that came late.
            if t <= spell.told.span.end {
                return;
            }
            self.version += 1;
            if t.0 - spell.told.span.end.0 < SILENCE_MS {
                spell.told.span.end = t;
                spell.told.messages += 1;
                return;
            }
            spell.is_over = true;
        }
        self.settle(t);
        let from = if t.0 - last.t.0 < SILENCE_MS { last.t } else { t };
        let span = TimeSpan { start: from, end: t };
        self.spells
            .push(Spell { told: Withheld { start: last, end: None, span, messages: 1 }, is_over: false });
    }

    /// A report with a position.
    pub fn report(&mut self, fix: Fix) {
        let Some(spell) = self.spells.last_mut().filter(|spell| !spell.is_over) else { return };
        self.version += 1;
        spell.is_over = true;
        spell.told.end = Some(fix);
        if fix.t.0 - spell.told.span.end.0 < SILENCE_MS {
            spell.told.span.end = fix.t;
        }
        self.settle(fix.t);
    }

    /// Forgets what was no spell, and what is old.
    fn settle(&mut self, now: EventTime) {
        let too_many = self.spells.len().saturating_sub(MAX_SPELLS);
        let mut at = 0;
        self.spells.retain(|spell| {
            at += 1;
            let is_long = spell.told.span.length_ms() >= SILENCE_MS;
            at > too_many && (!spell.is_over || is_long && spell.told.span.end.0 + KEEP_MS >= now.0)
        });
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use model::time::MINUTE_MS;

    use super::*;

    fn minute(minute: i64) -> EventTime {
        EventTime(minute * MINUTE_MS)
    }

    fn fix(at: i64) -> Fix {
        Fix { t: minute(at), position: model::Position::default() }
    }

    #[test]
    fn half_an_hour_of_messages_without_a_position_is_told_until_one_has_one() {
        let mut withholding = Withholding::default();
        for t in [10, 20, 29] {
            withholding.mute(minute(t), fix(0));
        }
        assert_eq!(withholding.told().count(), 0);
        withholding.mute(minute(30), fix(0));
        let told: Vec<_> =
            withholding.told().map(|(spell, over)| (spell.span, spell.messages, over)).collect();
        assert_eq!(told, [(TimeSpan { start: minute(0), end: minute(30) }, 4, false)]);
        withholding.report(fix(45));
        let told: Vec<_> = withholding.told().map(|(spell, over)| (spell.span.end, over)).collect();
        assert_eq!(told, [(minute(45), true)]);
    }

    #[test]
    fn half_an_hour_without_any_message_is_silence_not_withholding() {
        let mut withholding = Withholding::default();
        withholding.mute(minute(10), fix(0));
        withholding.mute(minute(40), fix(0));
        withholding.report(fix(60));
        assert_eq!(withholding.told().count(), 0);
    }
}
