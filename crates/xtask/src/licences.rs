//! Licences as SPDX writes them: `(MIT OR Apache-2.0) AND Unicode-3.0`.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::SplitWhitespace;

/// An expression as SPDX writes it: older packages have a slash for "or".
pub fn normal(expression: &str) -> String {
    let spaced = expression.replace('/', " OR ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether one may do what is allowed: of those joined by OR one, of those joined by AND all. `None` if it is no expression.
pub fn is_met(expression: &str, allowed: &BTreeSet<String>) -> Option<bool> {
    let spaced = normal(expression).replace('(', " ( ").replace(')', " ) ");
    let mut reading = Reading { words: spaced.split_whitespace().peekable(), allowed };
    let met = reading.one_of()?;
    reading.words.next().is_none().then_some(met)
}

struct Reading<'a> {
    words: Peekable<SplitWhitespace<'a>>,
    allowed: &'a BTreeSet<String>,
}

impl Reading<'_> {
    fn one_of(&mut self) -> Option<bool> {
        let mut met = self.all_of()?;
        while self.words.next_if_eq(&"OR").is_some() {
            met |= self.all_of()?;
        }
        Some(met)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut met = self.licence()?;
        while self.words.next_if_eq(&"AND").is_some() {
            met &= self.licence()?;
        }
        Some(met)
    }

    fn licence(&mut self) -> Option<bool> {
        let word = self.words.next()?;
        if word == "(" {
            let met = self.one_of()?;
            return self.words.next_if_eq(&")").map(|_| met);
        }
        if ["OR", "AND", "WITH", ")"].contains(&word) {
            return None;
        }
        // An exception is part of the name of what is allowed.
        let name = match self.words.next_if_eq(&"WITH") {
            Some(with) => format!("{word} {with} {}", self.words.next()?),
            None => word.to_owned(),
        };
        Some(self.allowed.contains(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_alternatives_one_is_enough_and_of_what_is_joined_all_are_needed() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned).into();
        for (expression, expect) in [
            ("MIT", Some(true)),
            ("ISC", Some(false)),
            ("ISC OR MIT", Some(true)),
            ("ISC/MIT", Some(true)),
            ("Apache-2.0 / ISC", Some(true)),
            ("Apache-2.0 AND ISC", Some(false)),
            ("(MIT OR ISC) AND Unicode-3.0", Some(true)),
            ("(ISC OR Zlib) AND Unicode-3.0", Some(false)),
            ("MIT AND (Apache-2.0 OR ISC)", Some(true)),
            ("ISC OR MIT AND Zlib", Some(false)),
            ("Apache-2.0 WITH LLVM-exception", Some(false)),
            ("Apache-2.0 WITH LLVM-exception OR MIT", Some(true)),
            ("", None),
            ("MIT OR", None),
            ("(MIT", None),
            ("MIT ISC", None),
            ("AND MIT", None),
        ] {
            assert_eq!(is_met(expression, &allowed), expect, "{expression}");
        }
    }

    #[test]
    fn a_slash_is_written_as_or() {
        assert_eq!(normal("MIT/Apache-2.0"), "MIT OR Apache-2.0");
        assert_eq!(normal("Apache-2.0 / MIT"), "Apache-2.0 OR MIT");
        assert_eq!(normal("(MIT OR Apache-2.0) AND ISC"), "(MIT OR Apache-2.0) AND ISC");
    }
}
