//! The centre: JSON API, consoles, live events, timers. A folder per noun.
//! Must not hold SQL (the store does) nor decide (the domain does), and never depends on the lane.

pub mod account;
pub mod alert;
pub mod attempt;
pub mod audit;
pub mod camera;
pub mod certificate;
pub mod clock;
pub mod console;
pub mod credential;
pub mod edge;
pub mod enrol;
pub mod entry;
pub mod error;
pub mod event;
pub mod extract;
pub mod false_alert;
pub mod group;
pub mod health;
pub mod holder;
pub mod import;
pub mod in_process;
pub mod jobs;
pub mod mrz;
pub mod name_check;
pub mod openapi;
pub mod order;
pub mod page;
pub mod pdf;
pub mod person;
pub mod policy;
pub mod request;
pub mod routes;
pub mod rule_pack;
pub mod serve;
pub mod session;
pub mod site;
pub mod state;

pub use clock::{Clock, SystemClock};
pub use error::{ApiError, ApiResult};
pub use session::Session;
pub use state::{AppState, Model, OtherModel, PasswordCost, ServerConfig};
