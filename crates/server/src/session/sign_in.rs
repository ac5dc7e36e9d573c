//! Signing in and out, changing one's own password. Must not tell whether a user name exists, by text or by time.

use std::net::{IpAddr, SocketAddr};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::SaltString,
};
use axum::http::{HeaderValue, StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use tapal_domain::account::{PASSWORD_MAX_CHARS, password_verdict, sign_in_wait_ms};
use tapal_store::account::{self, Account};

use super::Session;
use crate::{
    error::{ApiError, ApiResult},
    session::guard::COOKIE,
    state::{AppState, PasswordCost},
};

/// A new session: the cookie to set and what a client may know.
pub struct SignedIn {
    /// `Set-Cookie` value.
    pub cookie: HeaderValue,
    /// CSRF token.
    pub csrf: String,
    /// The account.
    pub account: Account,
}

/// 32 random bytes as URL-safe text.
pub fn random_token() -> ApiResult<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(ApiError::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Checks name and password and starts a session. `peer` is the network address asking.
pub async fn sign_in(
    state: &AppState,
    username: &str,
    password: &str,
    peer: Option<SocketAddr>,
) -> ApiResult<SignedIn> {
    let username = username.trim().to_lowercase();
    let names = throttle_names(&username, peer.map(|peer| peer.ip()));
    // Held until the outcome is counted: many tries at once cannot slip through between count and check.
    let permit = state.hashing.acquire().await.map_err(ApiError::internal)?;
    throttled(state, &names).await?;
    let found = account::find(&state.db, &username).await?;
    // An unknown name costs the same hashing and the same write as a wrong password.
    let decoy = || decoy(state.config.password_cost);
    let hash = found.as_ref().map_or_else(decoy, |(_, hash)| hash.clone());
    let right = verify(password.to_owned(), hash).await?;
    match found {
        Some((account, _)) if right => start(state, account, &names).await,
        found => {
            let account = found.map(|(account, _)| account.id);
            account::sign_in_failed(&state.db, state.clock.now(), &names, account).await?;
            drop(permit);
            let message = "user name or password is wrong";
            Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "wrong_sign_in",
                message,
            ))
        }
    }
}

async fn start(state: &AppState, account: Account, names: &[String]) -> ApiResult<SignedIn> {
    let (token, csrf) = (random_token()?, random_token()?);
    let bytes = URL_SAFE_NO_PAD.decode(&token).map_err(ApiError::internal)?;
    let (now, hash) = (state.clock.now(), Sha256::digest(bytes));
    tapal_store::session::start(&state.db, now, account.id, &hash, &csrf, names).await?;
    let cookie = format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Strict");
    let cookie = HeaderValue::from_str(&cookie).map_err(ApiError::internal)?;
    Ok(SignedIn {
        cookie,
        csrf,
        account,
    })
}

/// The account's own name first, then the address.
fn throttle_names(username: &str, peer: Option<IpAddr>) -> Vec<String> {
    let mut names = vec![account::throttle_name(username)];
    names.extend(peer.map(|peer| format!("net:{peer}")));
    names
}

/// Addresses are shared by a whole desk row: they get more tries than one account.
const ADDRESS_FREE_FAILURES: u32 = 17;

async fn throttled(state: &AppState, names: &[String]) -> ApiResult<()> {
    let now = state.clock.now();
    for (i, name) in names.iter().enumerate() {
        let (failures, last) = account::failures(&state.db, name, now).await?;
        let failures = if i == 0 {
            failures
        } else {
            failures.saturating_sub(ADDRESS_FREE_FAILURES)
        };
        match sign_in_wait_ms(failures, last, now) {
            0 => {}
            wait_ms => return Err(ApiError::wait(wait_ms)),
        }
    }
    Ok(())
}

/// Ends the session; the value clears the cookie.
pub async fn sign_out(state: &AppState, session: &Session) -> ApiResult<HeaderValue> {
    tapal_store::session::end(
        &state.db,
        state.clock.now(),
        session.account,
        &session.token_hash,
    )
    .await?;
    Ok(HeaderValue::from_static(
        "__Host-tapal=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0",
    ))
}

/// Changes one's own password; all sessions end, so the person signs in anew.
pub async fn change_password(
    state: &AppState,
    session: &Session,
    old: &str,
    new: &str,
) -> ApiResult<()> {
    let names = throttle_names(&session.username, None);
    throttled(state, &names).await?;
    let (_, present) = account::find(&state.db, &session.username)
        .await?
        .ok_or_else(ApiError::not_signed_in)?;
    let now = state.clock.now();
    let permit = state.hashing.acquire().await.map_err(ApiError::internal)?;
    let right = verify(old.to_owned(), present).await?;
    drop(permit);
    if !right {
        account::sign_in_failed(&state.db, now, &names, Some(session.account)).await?;
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "wrong_password",
            "the present password is wrong",
        ));
    }
    if old == new {
        return Err(ApiError::invalid(
            "password_same",
            "choose another password than the present one",
        ));
    }
    password_verdict(&session.username, new)
        .map_err(|weak| ApiError::invalid("weak_password", weak.to_string()))?;
    let hash = hash(state, new.to_owned()).await?;
    Ok(account::set_password(&state.db, now, session.by(), session.account, &hash, false).await?)
}

/// A random one-time password that can be read aloud: 5 groups of 5 letters and digits, 120 bits and more.
pub fn one_time_password() -> ApiResult<String> {
    // Without letters and digits that look alike; 31 of them, so 25 carry 123 bits.
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut text = String::with_capacity(29);
    let mut n = 0;
    while n < 25 {
        let mut byte = [0u8];
        getrandom::fill(&mut byte).map_err(ApiError::internal)?;
        // 248 = 8 x 31: what is above would favour some letters.
        if byte[0] < 248 {
            if n > 0 && n % 5 == 0 {
                text.push('-');
            }
            text.push(char::from(LETTERS[usize::from(byte[0]) % LETTERS.len()]));
            n += 1;
        }
    }
    Ok(text)
}

fn hasher(cost: PasswordCost) -> Result<Argon2<'static>, argon2::Error> {
    Ok(Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        Params::new(cost.memory_kib, cost.passes, 1, None)?,
    ))
}

/// A hash of nothing anybody knows, at today's cost.
fn decoy(cost: PasswordCost) -> String {
    let (m, t) = (cost.memory_kib, cost.passes);
    // 16 bytes of salt and 32 bytes of hash, as in a real one.
    format!(
        "$argon2id$v=19$m={m},t={t},p=1${}${}",
        "A".repeat(22),
        "A".repeat(43)
    )
}

/// Hashes a password on a thread made for it, a few at a time.
pub async fn hash(state: &AppState, password: String) -> ApiResult<String> {
    let cost = state.config.password_cost;
    let _permit = state.hashing.acquire().await.map_err(ApiError::internal)?;
    let hash = tokio::task::spawn_blocking(move || hash_now(&password, cost)).await;
    hash.map_err(ApiError::internal)?
        .map_err(ApiError::internal)
}

/// Hashes a password on this thread.
pub fn hash_now(password: &str, cost: PasswordCost) -> Result<String, String> {
    let mut salt = [0u8; 16];
    getrandom::fill(&mut salt).map_err(|e| e.to_string())?;
    let salt = SaltString::encode_b64(&salt).map_err(|e| e.to_string())?;
    let hasher = hasher(cost).map_err(|e| e.to_string())?;
    hasher
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|e| e.to_string())
}

async fn verify(password: String, hash: String) -> ApiResult<bool> {
    if password.chars().count() > PASSWORD_MAX_CHARS {
        return Ok(false);
    }
    let check = move || {
        let hash = PasswordHash::new(&hash);
        hash.is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        })
    };
    tokio::task::spawn_blocking(check)
        .await
        .map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoy_is_hashed_like_a_real_password() {
        let decoy = decoy(PasswordCost::default());
        let real = hash_now("perahu kecil di danau", PasswordCost::default()).unwrap();
        let (decoy, real) = (
            PasswordHash::new(&decoy).unwrap(),
            PasswordHash::new(&real).unwrap(),
        );
        assert_eq!(
            (decoy.algorithm, decoy.version, &decoy.params),
            (real.algorithm, real.version, &real.params)
        );
        assert_eq!(decoy.hash.unwrap().len(), real.hash.unwrap().len());
        assert_eq!(
            decoy.salt.unwrap().as_str().len(),
            real.salt.unwrap().as_str().len()
        );
    }

    #[test]
    fn one_time_passwords_are_long_and_differ() {
        let (one, other) = (one_time_password().unwrap(), one_time_password().unwrap());
        assert!(one.len() == 29 && one != other && one.split('-').all(|group| group.len() == 5));
        assert_eq!(
            tapal_domain::account::password_verdict("rina", &one),
            Ok(())
        );
    }
}
