//! The `tapal` program: one binary whose subcommands are the roles. Each verb lives in `cmds/<verb>.rs`.
//! JSON goes to standard output, progress to standard error; the exit status is 0 only on success.

mod background;
mod bench_centre;
mod centre;
mod clock;
mod cmds;
mod config;
mod inference;
mod logging;
mod node;
mod progress;
mod seed;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// One program for a border authority: cameras, desks, lists, alerts.
#[derive(Parser)]
#[command(version, about, propagate_version = true)]
struct Cli {
    /// Settings file; otherwise tapal.toml in the data folder.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the centre: API, consoles, jobs.
    Serve(cmds::serve::Args),
    /// Run the camera node of a site.
    Edge(cmds::edge::Args),
    /// Run the server with which a checkpoint goes on when its centre cannot be reached.
    Standby(cmds::standby::Args),
    /// Run three sites on recorded synthetic clips.
    Demo(cmds::demo::Args),
    /// List, install, verify and describe face models.
    Models(cmds::models::Args),
    /// Measure accuracy and the whole path.
    Eval(cmds::eval::Args),
    /// Measure speed on this machine.
    Bench(cmds::bench::Args),
    /// Read machine readable zones of travel documents.
    Mrz(cmds::mrz::Args),
    /// Serve a registry of invented holders, to try the port to an outside registry.
    Registry(cmds::registry::Args),
    /// Show settings and where each comes from.
    Config(cmds::config::Args),
    /// Accounts, edges and the audit record.
    Admin(cmds::admin::Args),
    /// Check this machine and installation.
    Doctor(cmds::doctor::Args),
}

/// ONNX Runtime notes down machine and device for its maker as soon as it is loaded, before its own switch can be
/// turned; only this variable, set beforehand, keeps it from doing so.
const QUIET: &str = "ORT_DISABLE_TELEMETRY";

fn main() -> std::process::ExitCode {
    keep_quiet();
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            progress::say(&format!("tapal: {error:#}"));
            std::process::ExitCode::FAILURE
        }
    }
}

/// Starts this program again in place, with the variable: a running process cannot safely change its own.
fn keep_quiet() {
    use std::os::unix::process::CommandExt;
    let mut arguments = std::env::args_os();
    if std::env::var_os(QUIET).is_some_and(|value| value == "1") {
        return;
    }
    if let (Ok(program), Some(name)) = (std::env::current_exe(), arguments.next()) {
        let mut again = std::process::Command::new(program);
        let error = again.arg0(name).args(arguments).env(QUIET, "1").exec();
        progress::say(&format!(
            "{QUIET} could not be set: {error}; set it to 1 yourself"
        ));
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let mut flags = Vec::new();
    if let Some(data) = &cli.data {
        flags.push(("data", data.display().to_string()));
    }
    let settings = cmds::Settings {
        file: cli.config,
        flags,
    };
    match cli.command {
        Command::Serve(args) => cmds::serve::run(args, settings),
        Command::Edge(args) => cmds::edge::run(args, settings),
        Command::Standby(args) => cmds::standby::run(args, settings),
        Command::Demo(args) => cmds::demo::run(args, settings),
        Command::Models(args) => cmds::models::run(args, settings),
        Command::Eval(args) => cmds::eval::run(args, settings),
        Command::Bench(args) => cmds::bench::run(args, settings),
        Command::Mrz(args) => cmds::mrz::run(args),
        Command::Registry(args) => cmds::registry::run(&args),
        Command::Config(args) => cmds::config::run(args, settings),
        Command::Admin(args) => cmds::admin::run(args, settings),
        Command::Doctor(args) => cmds::doctor::run(args, settings),
    }
}
