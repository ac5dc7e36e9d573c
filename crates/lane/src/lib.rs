//! What runs beside the traveller: the camera node. Pictures in, alerts out; everybody else leaves no trace.
//! Must not depend on the server: the two meet over HTTPS only, in the words of `tapal_domain::wire`.

pub mod camera;
pub mod centre;
pub mod clock;
mod freshness;
pub mod identity;
pub mod list;
pub mod node;
pub mod pace;
pub mod pass;
pub mod reckoning;
pub mod seal;
pub mod sender;
pub mod shot;
pub mod spool;
pub mod track;
pub mod watch;
pub mod worker;

pub use node::{Edge, EdgeError, EdgeOptions, Noted, run};
