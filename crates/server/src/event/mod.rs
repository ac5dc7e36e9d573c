//! `GET /api/v1/events`: what happens, as server-sent events with numbers, replayed after a reconnect.
//! Must not send what the account may not know: right and site are checked for every event.

pub mod hub;
