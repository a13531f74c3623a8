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
    // Borrowed below: of a copy the place is another.
    static HERE: [u8; 1] = [0];
    let ahead = place.addr().wrapping_sub(HERE.as_ptr().addr());
    let lines = (0..bytes).step_by(LINE);
    // One that does not begin a line ends in another.
    let end = (bytes > 1).then(|| bytes - 1);
    lines.chain(end).for_each(|byte| prefetch_index(&HERE, ahead.wrapping_add(byte)));
}
