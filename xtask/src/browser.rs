//! The browser tests: starts `tapal demo` on a free port with a data folder of its own, lets Playwright walk the
//! console, stops it. The sign-ins come from the file that the demonstration writes.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::place::Place;
use crate::process;
use crate::step::Steps;
use crate::web::npm;

/// First run: keys, certificate, three sites, ten enrolments, on two busy cores.
const START_LIMIT: Duration = Duration::from_secs(300);

/// A running demonstration, ended when dropped.
struct Demo {
    child: Child,
    port: u16,
    sign_ins: PathBuf,
}

impl Drop for Demo {
    fn drop(&mut self) {
        process::end(&mut self.child);
    }
}

/// Walks the console in Chromium.
pub fn test(place: &Place, steps: &mut Steps, env: &[(&str, PathBuf)]) {
    let mut demo = None;
    let started = steps.log("start the demonstration", |log| {
        let running = start(place, env, log)?;
        let note = format!("port {}", running.port);
        demo = Some(running);
        Ok(note)
    });
    let Some(demo) = demo.filter(|_| started) else {
        steps.skip("browser tests", "the demonstration did not start");
        return;
    };
    let mut e2e = npm(place, &["run", "e2e"]);
    e2e.env("BASE_URL", format!("https://localhost:{}", demo.port))
        .env("TAPAL_SIGN_INS", &demo.sign_ins)
        .env("TAPAL_BINARY", place.tapal("debug"))
        .env("TAPAL_SCREENSHOTS", place.work.join("screenshots"))
        .env("TAPAL_TEST_FULL", "1");
    steps.run("browser tests", &mut e2e, 30);
}

fn start(place: &Place, env: &[(&str, PathBuf)], log: &Path) -> Result<Demo, String> {
    let text = |e: std::io::Error| e.to_string();
    let data = place.work.join("demo-data");
    if data.exists() {
        fs::remove_dir_all(&data).map_err(text)?;
    }
    fs::create_dir_all(&data).map_err(text)?;
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .map_err(text)?
        .port();
    let file = File::create(log).map_err(text)?;
    let mut command = place.command(place.tapal("debug"));
    let sign_ins = data.join("sign-ins.json");
    command
        .args(["demo", "--port", &port.to_string(), "--data"])
        .arg(&data);
    command.arg("--sign-ins").arg(&sign_ins);
    command.envs(env.iter().map(|(name, value)| (*name, value)));
    let second = file.try_clone().map_err(text)?;
    let child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(second)
        .spawn()
        .map_err(text)?;
    let mut demo = Demo {
        child,
        port,
        sign_ins,
    };
    let begun = Instant::now();
    while begun.elapsed() < START_LIMIT {
        if let Some(status) = demo.child.try_wait().map_err(text)? {
            return Err(format!("it ended: {status}"));
        }
        if demo.sign_ins.is_file() && TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(demo);
        }
        sleep(Duration::from_millis(100));
    }
    Err(format!(
        "it did not answer within {} s",
        START_LIMIT.as_secs()
    ))
}
