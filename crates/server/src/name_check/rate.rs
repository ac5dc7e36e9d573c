//! How often an account asks. Bounded: what is older than an hour is forgotten, and an account keeps as many instants
//! as it may ask in one. Must not know what was asked.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::http::StatusCode;
use tapal_domain::{
    id::AccountId,
    name_check::{MOST_AN_HOUR, wait_ms},
    time::{HOUR_MS, UtcMs},
};

use crate::error::{ApiError, ApiResult};

/// Instants of the questions of the last hour, by account.
#[derive(Default)]
pub struct Rate(Mutex<HashMap<AccountId, Vec<UtcMs>>>);

impl Rate {
    /// Counts a question, or says when the next one may be asked (429 `too_many_checks`).
    pub fn ask(&self, account: AccountId, now: UtcMs) -> ApiResult<()> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not lock anybody out for longer than an hour.
        let fresh = |at: &UtcMs| (0..HOUR_MS).contains(&now.since_ms(*at));
        all.retain(|_, asked| {
            asked.retain(fresh);
            !asked.is_empty()
        });
        let asked = all.entry(account).or_default();
        if let Some(wait) = wait_ms(asked, now) {
            let seconds = (wait + 999) / 1_000;
            let mut error = ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_checks",
                format!("this account has asked very often; ask again in {seconds} seconds"),
            );
            error.retry_after_s = Some(seconds);
            return Err(error);
        }
        if asked.len() < MOST_AN_HOUR {
            asked.push(now);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tapal_domain::{name_check::MOST_A_MINUTE, time::MINUTE_MS};

    #[test]
    fn one_account_waits_and_the_others_do_not() {
        let rate = Rate::default();
        let (one, other) = (1, 2);
        let account = |n: u128| AccountId(uuid::Uuid::from_u128(n));
        for _ in 0..MOST_A_MINUTE {
            rate.ask(account(one), UtcMs(0)).unwrap();
        }
        let refused = rate.ask(account(one), UtcMs(1_000)).unwrap_err();
        assert_eq!(refused.retry_after_s, Some(59));
        rate.ask(account(other), UtcMs(1_000)).unwrap();
        rate.ask(account(one), UtcMs(MINUTE_MS)).unwrap();
        assert_eq!(rate.0.lock().unwrap().len(), 2);
        rate.ask(account(other), UtcMs(3 * HOUR_MS)).unwrap();
        assert_eq!(rate.0.lock().unwrap().len(), 1, "who is quiet is forgotten");
        rate.ask(account(one), UtcMs(-5)).unwrap();
    }
}
