//! `cargo xtask`: sets a machine up and runs things. It has no dependencies and no rules of the product in it;
//! what it starts (`cargo`, `npm`, `tapal`) can be started by hand just as well.

mod accelerator;
mod accuracy;
mod bench;
mod browser;
mod check;
mod demo;
mod machine;
mod node;
mod pack;
mod place;
mod process;
mod step;
mod web;
mod wheel;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  demo [options]   set up, build and start the demonstration; options go to `tapal demo` (--port, --data, ...)
  test             everything CI runs: format, lints, tests, full tests, web, browser, accuracy
  web              build the console's scripts and styles into web/dist
  models [pack..]  install model packs into the data folder (default: starter)
  lint             the quick checks: format, clippy, tidy, types of the web

Long output goes to target/xtask/*.log; the end of it is shown when a step fails.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (verb, rest) = args
        .split_first()
        .map_or(("help", &[][..]), |(v, r)| (v.as_str(), r));
    let place = place::Place::find();
    let result = match verb {
        "demo" => demo::run(&place, rest),
        "test" => return check::test(&place),
        "lint" => return check::lint(&place),
        "web" => web::run(&place),
        "models" => pack::run(&place, rest),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no `cargo xtask {other}`.\n\n{HELP}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
