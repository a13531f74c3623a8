//! Memory that will be asked for: the processor fetches it while other work goes on. It changes nothing but the time it takes.

use prefetch_index::prefetch_index;

/// Bytes that come together.
const LINE: usize = 64;

/// Fetches the beginning of a value.
pub fn fetch<T>(value: &T) {
    fetch_at(value, 1);
}

/// Fetches all of a value or a list.
pub fn fetch_all<T: ?Sized>(value: &T) {
    fetch_at(core::ptr::from_ref(value).cast::<u8>(), size_of_val(value));
}

/// Fetches so many bytes from a place on, whatever lies there, and whether anything does: nothing is looked at. That of a list in
/// one word is so fetched without asking its memory how long it is.
pub fn fetch_at<T>(place: *const T, bytes: usize) {
    static SOMEWHERE: [u8; 1] = [0];
    // As a slice: handed over itself it would be a copy, which is elsewhere.
    let here: &[u8] = &SOMEWHERE;
    let ahead = place.addr().wrapping_sub(here.as_ptr().addr());
    let lines = (0..bytes).step_by(LINE);
    // One that does not begin a line ends in another.
    let end = (bytes > 1).then(|| bytes - 1);
    lines.chain(end).for_each(|byte| prefetch_index(here, ahead.wrapping_add(byte)));
}
