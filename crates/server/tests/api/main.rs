//! The centre's HTTP tests, in one program: the true router in this process, a fixed clock, a database in a
//! temporary folder. No network, no model, no sleeping.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on must stop"
)]

mod access;
mod credentials;
mod crossings;
mod device;
mod events;
mod false_alerts;
mod findings;
mod groups;
mod holders;
mod imports;
mod in_process;
mod judging;
mod lapse;
mod lists;
mod logs;
mod mrz;
mod name_checks;
mod name_load;
mod orders;
mod passenger_lists;
mod persons;
mod policies;
mod record;
mod rule_packs;
mod second_line;
mod sessions;
mod standby_cases;
mod standby_copies;
mod standby_findings;
mod standby_line;
mod standby_outage;
mod standby_records;
mod standby_world;
mod statistics;
mod world;
