//! What a program says, and when it listens.

use std::io::BufRead;
use std::net::{TcpListener, TcpStream};

/// Reads what it says until a line holds a text; gives that line.
pub fn wait_for(talk: &mut impl BufRead, text: &str) -> String {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        assert!(talk.read_line(&mut line).unwrap() > 0, "it never said {text}, but: {all}");
        if line.contains(text) {
            return line;
        }
        all += &line;
    }
}

/// Connects as soon as somebody listens; nothing else tells when that is.
pub fn connect(port: u16) -> TcpStream {
    let began = std::time::Instant::now();
    loop {
        assert!(began.elapsed().as_secs() < 60, "nobody listens on port {port}");
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
            return stream;
        }
        std::thread::yield_now();
    }
}

/// A port on which nobody listens.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
