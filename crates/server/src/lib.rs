//! The centre: JSON API, consoles, live events, timers. A folder per noun.
//! Must not hold SQL (the store does) nor decide (the domain does), and never depends on the lane.

pub mod certificate;
pub mod jobs;
pub mod serve;
pub mod clock;
pub mod enrol;
pub mod error;
pub mod event;
pub mod page;
pub mod request;
pub mod routes;
pub mod session;
pub mod state;

pub use clock::{Clock, SystemClock};
pub use error::{ApiError, ApiResult};
pub use session::Session;
pub use state::{AppState, Model, PasswordCost, ServerConfig};
