//! `cargo xtask demo`: everything up to a running demonstration, then it becomes `tapal demo`, so that Ctrl-C
//! and the exit status are the program's own.

use std::os::unix::process::CommandExt;

use crate::machine::{COMPILER, FFMPEG, PIP, TESSERACT, prepare};
use crate::pack::{self, STANDARD, STARTER};
use crate::place::Place;
use crate::step::Steps;
use crate::{accelerator, web};

/// Sets up, builds, starts. Returns only when something failed.
pub fn run(place: &Place, args: &[String]) -> Result<(), String> {
    let mut steps = Steps::new(&place.work)?;
    prepare(place, &mut steps, &[COMPILER, FFMPEG, PIP, TESSERACT])?;
    let built = web::packages(place, &mut steps)
        && web::build(place, &mut steps)
        && steps.run(
            "build tapal (release)",
            &mut place.cargo(&["build", "--release", "--package", "tapal"]),
            60,
        );
    if !built {
        return Err("not started: see the failed step above".into());
    }
    let tapal = place.tapal("release");
    let data = pack::data_folder(place);
    if !pack::installed(place, &tapal, &data, STANDARD)
        && !pack::installed(place, &tapal, &data, STARTER)
    {
        let mut install = pack::install(place, &tapal, &data, STARTER, None);
        if !steps.run("install the pack starter", &mut install, 15) {
            return Err("not started: no face model. With model files at hand: `tapal models install standard --from DIR`".into());
        }
    }
    accelerator::prepare(place, &mut steps, &data);
    let mut demo = place.command(tapal);
    demo.arg("demo").args(args).envs(pack::environment(&data));
    Err(format!("tapal does not start: {}", demo.exec()))
}
