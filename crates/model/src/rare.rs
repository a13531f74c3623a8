//! Lists that are nearly always empty.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use thin_vec::ThinVec;

/// A list that is nearly always empty: a word then, not the three of a [`Vec`], and its room is given back. What is kept of each
/// of a million ships is made of such lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rare<T>(ThinVec<T>);

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Rare(ThinVec::new())
    }
}

impl<T> Rare<T> {
    /// Appends an element.
    pub fn push(&mut self, element: T) {
        // Most that have any have one, and few have many.
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact((self.0.len() / 2).max(1));
        }
        self.0.push(element);
    }

    /// Keeps what fulfils a condition.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        if !self.0.is_empty() {
            self.edit(|list| list.retain(keep));
        }
    }

    /// Changes it as a vector; an empty one is given back.
    pub fn edit<R>(&mut self, change: impl FnOnce(&mut ThinVec<T>) -> R) -> R {
        let result = change(&mut self.0);
        if self.0.is_empty() {
            self.0 = ThinVec::new();
        }
        result
    }
}

impl<T> Deref for Rare<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T> From<ThinVec<T>> for Rare<T> {
    fn from(list: ThinVec<T>) -> Self {
        Rare(list)
    }
}

impl<T> From<Vec<T>> for Rare<T> {
    fn from(list: Vec<T>) -> Self {
        Rare(list.into())
    }
}

impl<T> FromIterator<T> for Rare<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut rare = Rare::default();
        elements.into_iter().for_each(|element| rare.push(element));
        rare
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
        list.edit(ThinVec::clear);
        assert_eq!(list, Rare::default());
        assert_eq!(list.0.capacity(), 0);
    }
}
