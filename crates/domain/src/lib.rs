//! The rules of Tapal. Pure functions and types only: no I/O, no async, no clock, no randomness.
//! `now` and ids are arguments, so every rule can be tested at any instant.

pub mod account;
pub mod alert;
pub mod audit;
pub mod background;
pub mod calibration;
pub mod count;
pub mod crossing;
pub mod day;
pub mod entry;
pub mod false_alert;
pub mod group;
pub mod holder;
pub mod id;
pub mod import;
pub mod in_process;
pub mod name_check;
pub mod opinion;
pub mod order;
pub mod passenger_list;
pub mod person;
pub mod policy;
pub mod removal;
pub mod role;
pub mod rule_pack;
pub mod screening;
pub mod second_line;
pub mod site;
pub mod standby;
pub mod statistic;
pub mod stay;
pub mod time;
pub mod wire;
