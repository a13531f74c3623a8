//! Memory that will be asked for: the processor fetches it while other work goes on. It changes nothing but the time it takes.

use core::slice;

use prefetch_index::prefetch_index;

/// Bytes that come together.
const LINE: usize = 64;

/// Fetches the beginning of a value.
pub fn fetch<T>(value: &T) {
    prefetch_index(slice::from_ref(value), 0);
}

/// Fetches the first and the last line of a value.
pub fn fetch_ends<T>(value: &T) {
    fetch(value);
    // It asks for an address, whatever lies there.
    prefetch_index(slice::from_ref(value), 1);
}

/// Fetches so many bytes from a number on.
pub fn fetch_from(first: &u32, bytes: usize) {
    let numbers = LINE / size_of::<u32>();
    (0..bytes.div_ceil(LINE)).for_each(|line| prefetch_index(slice::from_ref(first), line * numbers));
}

/// Fetches all of a list that is short.
pub fn fetch_all<T>(list: &[T]) {
    let together = (LINE / size_of::<T>().max(1)).max(1);
    (0..list.len()).step_by(together).for_each(|at| prefetch_index(list, at));
}
