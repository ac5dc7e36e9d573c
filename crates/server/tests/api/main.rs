//! The centre's HTTP tests, in one program: the true router in this process, a fixed clock, a database in a
//! temporary folder. No network, no model, no sleeping.

mod access;
mod device;
mod events;
mod judging;
mod lists;
mod logs;
mod record;
mod sessions;
mod speed;
mod world;
