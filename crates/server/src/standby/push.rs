//! stub
use super::upstream::{Identity, Upstream};
use crate::AppState;
pub async fn push(_: &AppState, _: &dyn Upstream, _: &Identity) -> Result<(), crate::standby::upstream::Unreachable> { Ok(()) }
