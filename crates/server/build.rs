//! Embeds the built console (`web/dist`) into the binary; without it, a plain stylesheet and an empty script, so
//! that `cargo build` needs no Node. Must not fetch or build anything itself.

use std::{env, fs, path::Path};

fn main() -> Result<(), String> {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let out = env::var("OUT_DIR").unwrap_or_default();
    let dist = Path::new(&here).join("../../web/dist");
    let fallback = Path::new(&here).join("assets/plain");
    println!("cargo:rerun-if-changed={}", dist.display());
    println!(
        "cargo:rerun-if-changed={}",
        Path::new(&here).join("assets").display()
    );
    for name in ["console.js", "console.css"] {
        println!("cargo:rerun-if-changed={}", dist.join(name).display());
    }
    let built = dist.join("console.js").is_file() && dist.join("console.css").is_file();
    let folder = if built { &dist } else { &fallback };
    let mut code = String::from("&[\n");
    let own = Path::new(&here).join("assets");
    let files = [
        (
            folder.join("console.js"),
            "console.js",
            "text/javascript; charset=utf-8",
        ),
        (
            folder.join("console.css"),
            "console.css",
            "text/css; charset=utf-8",
        ),
        (own.join("icons.svg"), "icons.svg", "image/svg+xml"),
        (own.join("mark.svg"), "mark.svg", "image/svg+xml"),
    ];
    for (path, name, kind) in files {
        let bytes =
            fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let hash = fnv(&bytes);
        code.push_str(&format!(
            "Asset {{ name: {name:?}, kind: {kind:?}, address: \"/assets/{name}?v={hash:016x}\", bytes: include_bytes!({:?}) }},\n",
            path.canonicalize().unwrap_or(path.clone()).display().to_string()
        ));
    }
    code.push_str("]\n");
    fs::write(Path::new(&out).join("assets.rs"), code)
        .map_err(|error| format!("cannot write the table of assets: {error}"))
}

/// FNV-1a: only names a version of a file, protects nothing.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
