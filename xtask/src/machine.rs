//! What the machine must have, how we see whether it has it, and which Debian packages bring it.
//! As root on Debian it installs; otherwise it prints the exact command and stops.

use std::path::Path;

use crate::place::Place;
use crate::process::ask;
use crate::step::Steps;

/// Something that must be on the machine.
pub struct Need {
    name: &'static str,
    why: &'static str,
    /// A program and arguments that succeed when it is there.
    probe: &'static [&'static str],
    packages: &'static [&'static str],
}

/// The C compiler, for SQLite and the cryptography.
pub const COMPILER: Need = Need {
    name: "C compiler",
    why: "SQLite and the cryptography are C inside",
    probe: &["cc", "-E", "-include", "stdlib.h", "-x", "c", "/dev/null"],
    packages: &["gcc", "libc6-dev"],
};
/// ffmpeg and ffprobe read the cameras.
pub const FFMPEG: Need = Need {
    name: "ffmpeg",
    why: "reads the cameras",
    probe: &["sh", "-c", "ffmpeg -version && ffprobe -version"],
    packages: &["ffmpeg"],
};
/// pip fetches model packages, the accelerator and, where it is missing, node.
pub const PIP: Need = Need {
    name: "python3 with pip",
    why: "fetches model packages and the accelerator",
    probe: &["python3", "-m", "pip", "--version"],
    packages: &["python3", "python3-pip"],
};
/// Chromium walks the console.
pub const CHROMIUM: Need = Need {
    name: "Chromium",
    why: "the browser tests",
    probe: &["chromium", "--version"],
    packages: &["chromium", "fonts-dejavu-core"],
};
/// tesseract reads the machine readable zone in a photograph of a passport's page.
pub const TESSERACT: Need = Need {
    name: "tesseract",
    why: "reads photographs of travel documents",
    probe: &["tesseract", "--version"],
    packages: &["tesseract-ocr"],
};
/// A real RTSP server for the fault tests, in the system's own Python.
pub const RTSP: Need = Need {
    name: "GStreamer RTSP server",
    why: "the fault tests of cameras",
    probe: &[
        "/usr/bin/python3",
        "-c",
        "import gi\n\
         for name, version in (('Gst', '1.0'), ('GstApp', '1.0'), ('GstRtspServer', '1.0')):\n    gi.require_version(name, version)\n\
         from gi.repository import Gst, GstApp, GstRtspServer\n\
         Gst.init(None)\n\
         missing = [e for e in ('rtph264pay', 'h264parse', 'appsrc') if not Gst.ElementFactory.find(e)]\n\
         raise SystemExit(bool(missing))",
    ],
    packages: &[
        "python3",
        "python3-gi",
        "gir1.2-gstreamer-1.0",
        "gir1.2-gst-plugins-base-1.0",
        "gir1.2-gst-rtsp-server-1.0",
        "gstreamer1.0-plugins-base",
        "gstreamer1.0-plugins-good",
        "gstreamer1.0-plugins-bad",
    ],
};

/// Makes sure of `needs`, then of node, which has its own way in.
pub fn prepare(place: &Place, steps: &mut Steps, needs: &[Need]) -> Result<(), String> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !there(place, need)).collect();
    if !missing.is_empty() {
        install(place, steps, &missing)?;
    }
    crate::node::prepare(place, steps)
}

fn there(place: &Place, need: &Need) -> bool {
    need.probe
        .split_first()
        .is_some_and(|(program, args)| ask(place.command(program).args(args)).is_some())
}

fn install(place: &Place, steps: &mut Steps, missing: &[&Need]) -> Result<(), String> {
    let mut packages: Vec<&str> = missing
        .iter()
        .flat_map(|need| need.packages)
        .copied()
        .collect();
    packages.sort_unstable();
    packages.dedup();
    if !Path::new("/usr/bin/apt-get").exists()
        || ask(place.command("id").arg("-u")).as_deref() != Some("0")
    {
        return Err(by_hand(missing, &packages));
    }
    let apt = |args: &[&str]| {
        let mut command = place.command("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(args);
        command
    };
    let names: Vec<&str> = missing.iter().map(|need| need.name).collect();
    let mut line = vec!["install", "-y", "--no-install-recommends"];
    line.extend(&packages);
    let done = steps.run("apt-get update", &mut apt(&["update"]), 10)
        && steps.run(
            &format!("install {}", names.join(", ")),
            &mut apt(&line),
            30,
        );
    if !done {
        return Err(by_hand(missing, &packages));
    }
    match missing.iter().find(|need| !there(place, need)) {
        Some(need) => Err(format!(
            "{} is installed and still does not work: try `{}`",
            need.name,
            need.probe.join(" ")
        )),
        None => Ok(()),
    }
}

fn by_hand(missing: &[&Need], packages: &[&str]) -> String {
    let list: String = missing
        .iter()
        .map(|need| format!("  {} ({})\n", need.name, need.why))
        .collect();
    format!(
        "this machine lacks:\n{list}Install it and start again. On Debian or Ubuntu:\n\n  \
         sudo apt-get update && sudo apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    )
}
