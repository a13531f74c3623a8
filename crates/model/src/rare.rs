//! Lists that are nearly always empty.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

/// A list that is nearly always empty: a word then, not the three of a [`Vec`]. What is kept of each of a million ships is made
/// of such lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[expect(clippy::box_collection, reason = "that is what it is for")]
pub struct Rare<T>(Option<Box<Vec<T>>>);

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Rare(None)
    }
}

impl<T> Rare<T> {
    /// Appends an element.
    pub fn push(&mut self, element: T) {
        self.edit(|list| list.push(element));
    }

    /// Keeps what fulfils a condition.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        if self.0.is_some() {
            self.edit(|list| list.retain(keep));
        }
    }

    /// Changes it as a vector; an empty one is given back.
    pub fn edit<R>(&mut self, change: impl FnOnce(&mut Vec<T>) -> R) -> R {
        let list = self.0.get_or_insert_default();
        let result = change(list);
        if list.is_empty() {
            self.0 = None;
        }
        result
    }
}

impl<T> Deref for Rare<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl<T> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Some(list) => list,
            None => &mut [],
        }
    }
}

impl<T> From<Vec<T>> for Rare<T> {
    fn from(list: Vec<T>) -> Self {
        Rare((!list.is_empty()).then(|| Box::new(list)))
    }
}

impl<'a, T> IntoIterator for &'a Rare<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Rare<T> {
    type Item = &'a mut T;
    type IntoIter = core::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_is_a_word_and_gives_its_room_back() {
        let mut list = Rare::default();
        assert_eq!(size_of_val(&list), size_of::<usize>());
        list.push(1);
        list.push(2);
        list.retain(|element| *element > 1);
        assert_eq!(&*list, [2]);
        list.edit(Vec::clear);
        assert_eq!(list, Rare::default());
        assert_eq!(Rare::<u8>::from(Vec::new()), Rare(None));
    }
}
