//! Text, line by line.

use memchr::memchr_iter;

/// Calls `each` with every line, without its end.
#[inline]
pub fn each_line<'a>(lines: &'a [u8], mut each: impl FnMut(&'a [u8])) {
    let mut from = 0;
    for end in memchr_iter(b'\n', lines) {
        each(&lines[from..end]);
        from = end + 1;
    }
}
