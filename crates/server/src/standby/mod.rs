//! A checkpoint that goes on when the centre cannot be reached. At the centre: what standby servers copy and hand in, and
//! what people make of it. At a standby server: `link` (is the centre there?), `proxy` (one address for either way),
//! `pull` and `push`. Must not decide about a traveller: the desk does, by the same code in both places.

pub mod alone;
pub mod api;
pub mod copies;
pub mod enrol;
pub mod https;
pub mod keep;
pub mod link;
pub mod page;
pub mod proxy;
pub mod pull;
pub mod push;
pub mod start;
pub mod take;
pub mod upstream;
