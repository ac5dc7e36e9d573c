//! All SQL of Tapal. A file per noun; every change is one transaction with its audit row and its events.
//! Must not decide anything (the domain does) nor know about HTTP.

pub mod account;
pub mod alert;
pub mod attempt;
pub mod audit;
pub mod camera;
pub mod credential;
pub mod crossing;
pub mod db;
pub mod document;
pub mod edge;
pub mod entry;
pub mod error;
pub mod event;
pub mod false_alert;
pub mod finding;
pub mod group;
pub mod holder;
pub mod import;
pub mod in_process;
pub mod lapse;
pub mod look;
mod migrate;
pub mod name_check;
pub mod nonce;
pub mod order;
pub mod passenger_list;
pub mod person;
pub mod policy;
pub mod retention;
pub mod rule_pack;
pub mod second_line;
pub mod session;
pub mod site;
pub mod standby;
pub mod statistic;
pub mod vault;

pub use audit::{By, Note};
pub use db::Db;
pub use error::{Error, Result};
pub use vault::Vault;
