//! `cargo xtask test` and `cargo xtask lint`: the order of the checks. A failed step does not stop the others;
//! what cannot run after it is skipped and said. One Cargo profile only, so a clean clone compiles once.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::machine::{CHROMIUM, COMPILER, FFMPEG, PIP, RTSP, TESSERACT, prepare};
use crate::pack::{self, STARTER};
use crate::place::Place;
use crate::step::Steps;
use crate::{accelerator, accuracy, bench, browser, web};

/// Everything that CI runs.
pub fn test(place: &Place) -> ExitCode {
    let mut steps = match Steps::new(&place.work) {
        Ok(steps) => steps,
        Err(why) => return refuse(&why),
    };
    if let Err(why) = prepare(
        place,
        &mut steps,
        &[COMPILER, FFMPEG, PIP, CHROMIUM, RTSP, TESSERACT],
    ) {
        return refuse(&why);
    }
    let web_built = web_checks(place, &mut steps);
    rust_checks(place, &mut steps);
    let tests = ["test", "--workspace", "--locked"];
    if !steps.run("compile", place.cargo(&tests).arg("--no-run"), 40) {
        for name in [
            "cargo test",
            "full tests",
            "clips with ground truth",
            "browser tests",
        ] {
            steps.skip(name, "it does not compile");
        }
        return steps.close();
    }
    steps.run(
        "cargo test",
        place.cargo(&tests).args(["--offline", "--no-fail-fast"]),
        30,
    );
    // The tests of the command line have built target/debug/tapal: a build of its own would choose other
    // features of the dependencies and compile half of them again.
    full(place, &mut steps, web_built);
    steps.close()
}

/// What needs models, ffmpeg, cameras or a browser.
fn full(place: &Place, steps: &mut Steps, web_built: bool) {
    let data = place.work.join("test-data");
    let tapal = place.tapal("debug");
    if !pack::installed(place, &tapal, &data, STARTER) {
        let mut install = pack::install(place, &tapal, &data, STARTER, None);
        steps.run("install the pack starter", &mut install, 15);
    }
    accuracy::standard_pack(place, steps, &data);
    accelerator::prepare(place, steps, &data);
    let env = pack::environment(&data);
    let mut all = place.cargo(&[
        "test",
        "--workspace",
        "--locked",
        "--offline",
        "--no-fail-fast",
    ]);
    with(&mut all, &env).env("TAPAL_TEST_FULL", "1");
    if let Some(library) = accelerator::library(&data) {
        all.env("ORT_DYLIB_PATH", library);
    }
    steps.run("full tests", &mut all, 45);
    accuracy::test(place, steps, &env, &data);
    bench::test(place, steps, &env, &data);
    if web_built {
        browser::test(place, steps, &env);
    } else {
        steps.skip("browser tests", "the web was not built");
    }
}

fn with<'a>(command: &'a mut Command, env: &[(&str, PathBuf)]) -> &'a mut Command {
    command.envs(env.iter().map(|(name, value)| (*name, value)))
}

fn web_checks(place: &Place, steps: &mut Steps) -> bool {
    if !web::packages(place, steps) {
        for name in ["types of the web", "unit tests of the web", "build the web"] {
            steps.skip(name, "npm ci failed");
        }
        return false;
    }
    steps.run(
        "types of the web",
        &mut web::npm(place, &["run", "check"]),
        5,
    );
    steps.run(
        "unit tests of the web",
        &mut web::npm(place, &["run", "unit"]),
        5,
    );
    web::build(place, steps)
}

fn rust_checks(place: &Place, steps: &mut Steps) {
    steps.run(
        "cargo fmt",
        &mut place.cargo(&["fmt", "--all", "--check"]),
        2,
    );
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--keep-going",
        "--locked",
        "--",
        "--deny",
        "warnings",
    ];
    steps.run("clippy", &mut place.cargo(&clippy), 40);
}

/// The checks that take a minute once things are compiled.
pub fn lint(place: &Place) -> ExitCode {
    let mut steps = match Steps::new(&place.work) {
        Ok(steps) => steps,
        Err(why) => return refuse(&why),
    };
    if let Err(why) = prepare(place, &mut steps, &[COMPILER, PIP]) {
        return refuse(&why);
    }
    rust_checks(place, &mut steps);
    steps.run(
        "tidy",
        &mut place.cargo(&["test", "--package", "tapal", "--test", "tidy"]),
        20,
    );
    if web::packages(place, &mut steps) {
        steps.run(
            "types of the web",
            &mut web::npm(place, &["run", "check"]),
            5,
        );
    }
    steps.close()
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("xtask: {why}");
    println!("0 passed, 1 failed");
    ExitCode::FAILURE
}
