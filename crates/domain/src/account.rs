//! Account rules: password strength and login throttling. Must not hash (the server does) nor read a clock.

use crate::time::{MINUTE_MS, UtcMs};

/// Fewest characters of a password (NIST SP 800-63B-4 asks at least 15 for single-factor sign-in; no composition rules).
pub const PASSWORD_MIN_CHARS: usize = 15;
/// Most characters read of a password, so that hashing cannot be used to exhaust the server.
pub const PASSWORD_MAX_CHARS: usize = 256;

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too few characters.
    #[error("use at least {PASSWORD_MIN_CHARS} characters; a sentence is easy to remember")]
    TooShort,
    /// Too many characters.
    #[error("use at most {PASSWORD_MAX_CHARS} characters")]
    TooLong,
    /// Contains the user name or is one repeated character.
    #[error("the password must not contain your user name or repeat one character")]
    Guessable,
}

/// Whether a new password may be used.
pub fn password_verdict(username: &str, password: &str) -> Result<(), WeakPassword> {
    let chars = password.chars().count();
    if chars < PASSWORD_MIN_CHARS {
        return Err(WeakPassword::TooShort);
    }
    if chars > PASSWORD_MAX_CHARS {
        return Err(WeakPassword::TooLong);
    }
    let mut all = password.chars();
    let first = all.next();
    let lower = password.to_lowercase();
    if all.all(|c| Some(c) == first)
        || (username.len() >= 3 && lower.contains(&username.to_lowercase()))
    {
        return Err(WeakPassword::Guessable);
    }
    Ok(())
}

/// Milliseconds a sign-in must still wait after `failures` failures in a row, the last at `last_failure`.
/// Three are free; then the wait doubles from 2 s to 15 minutes. It never locks for good: a lock would let
/// anyone keep an officer away from the desk.
pub fn sign_in_wait_ms(failures: u32, last_failure: UtcMs, now: UtcMs) -> i64 {
    if failures < 3 {
        return 0;
    }
    let doublings = (failures - 3).min(12);
    let wait = (2_000_i64 << doublings).min(15 * MINUTE_MS);
    (wait - now.since_ms(last_failure)).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused() {
        for (user, password, expect) in [
            ("rina", "short", Err(WeakPassword::TooShort)),
            ("rina", "aaaaaaaaaaaaaaaaaa", Err(WeakPassword::Guessable)),
            (
                "rina",
                "hello RINA hello hello",
                Err(WeakPassword::Guessable),
            ),
            ("rina", "kapal besar di laut biru", Ok(())),
        ] {
            assert_eq!(password_verdict(user, password), expect, "{password}");
        }
        assert_eq!(
            password_verdict("r", &"ab".repeat(200)),
            Err(WeakPassword::TooLong)
        );
    }

    #[test]
    fn the_wait_doubles_and_is_bounded() {
        let at = UtcMs(1_000_000);
        for (failures, expect) in [
            (0, 0),
            (2, 0),
            (3, 2_000),
            (4, 4_000),
            (6, 16_000),
            (40, 15 * MINUTE_MS),
        ] {
            assert_eq!(sign_in_wait_ms(failures, at, at), expect, "{failures}");
        }
        assert_eq!(sign_in_wait_ms(3, at, at + 1_500), 500);
        assert_eq!(sign_in_wait_ms(3, at, at + 5_000), 0);
    }
}
