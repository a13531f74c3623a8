//! Puts the page into the program, if it was built.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("web/dist");
    println!("cargo::rerun-if-changed=web/dist");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let mut out = String::from("static FILES: &[File] = &[\n");
    for (number, path) in files.iter().enumerate() {
        let Ok(content) = std::fs::read(path) else { continue };
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let name = path.strip_prefix(&root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        let packed = folder.join(format!("page-{number}.gz"));
        if let Err(error) = pack(&content).and_then(|bytes| std::fs::write(&packed, bytes)) {
            println!("cargo::error={}: cannot be put into the program: {error}", path.display());
        }
        let _ = writeln!(
            out,
            "File {{ path: {name:?}, tag: \"\\\"{:016x}\\\"\", packed: include_bytes!({:?}) }},",
            hasher.finish(),
            packed
        );
    }
    out.push_str("];\n");
    if let Err(error) = std::fs::write(folder.join("page.rs"), out) {
        println!("cargo::error=the page cannot be put into the program: {error}");
    }
}

fn pack(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
