//! Pages of signing in and out, one's password, language and display. Must not say whether a user name exists.

use std::net::SocketAddr;

use askama::Template;
use axum::{
    Form,
    extract::{ConnectInfo, Query, State},
    http::{StatusCode, header},
    response::Response,
};
use serde::Deserialize;

use super::{Session, sign_in};
use crate::{
    console::{
        Notice, Shell, Tone, Visit, see_other, show,
        visit::{LANGUAGE, Outside, THEME, choice_cookie, own_path, show_as},
    },
    error::{ApiError, ApiResult},
    state::AppState,
};

#[derive(Template)]
#[template(path = "session/sign_in.html")]
struct SignInPage {
    shell: Shell,
    notice: Option<Notice>,
    username: String,
    next: String,
}

#[derive(Template)]
#[template(path = "session/password.html")]
struct PasswordPage {
    shell: Shell,
    notice: Option<Notice>,
    must_change: bool,
    username: String,
}

/// Why the sign-in page is shown.
#[derive(Deserialize, Default)]
pub struct Why {
    ended: Option<String>,
    out: Option<String>,
    done: Option<String>,
    next: Option<String>,
}

/// `GET /sign-in`.
pub async fn sign_in_page(
    session: Option<Session>,
    Outside(shell): Outside,
    Query(why): Query<Why>,
) -> ApiResult<Response> {
    let next = own_path(why.next.as_deref().unwrap_or("/")).to_owned();
    if session.is_some() {
        return see_other(next);
    }
    let words = |tone, key: &str, text: &str| Some(Notice::new(tone, shell.t(key), shell.t(text)));
    let notice = match why {
        Why { done: Some(_), .. } => words(Tone::Green, "session-changed", "session-changed-text"),
        Why { out: Some(_), .. } => {
            Some(Notice::new(Tone::Green, shell.t("session-signed-out"), ""))
        }
        // The bare start page is no lost session: say nothing.
        Why { ended: Some(_), .. } if next != "/" => {
            words(Tone::Grey, "session-ended", "session-ended-text")
        }
        _ => None,
    };
    show(SignInPage {
        shell,
        notice,
        username: String::new(),
        next,
    })
}

/// The sign-in form.
#[derive(Deserialize)]
pub struct SignInForm {
    username: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`.
pub async fn sign_in_form(
    State(state): State<AppState>,
    Outside(mut shell): Outside,
    peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    Form(form): Form<SignInForm>,
) -> ApiResult<Response> {
    let next = own_path(&form.next).to_owned();
    let peer = peer.map(|axum::Extension(ConnectInfo(address))| address);
    match sign_in::sign_in(&state, &form.username, &form.password, peer).await {
        Ok(signed_in) => {
            let to = if signed_in.account.must_change {
                "/password".to_owned()
            } else {
                next
            };
            let mut reply = see_other(to)?;
            let language = choice_cookie(LANGUAGE, &signed_in.account.language)?;
            reply
                .headers_mut()
                .append(header::SET_COOKIE, signed_in.cookie);
            reply.headers_mut().append(header::SET_COOKIE, language);
            Ok(reply)
        }
        Err(error) if error.code == "wrong_sign_in" || error.retry_after_s.is_some() => {
            let notice = Some(refusal(&shell, &error));
            shell.path = "/sign-in".into();
            show_as(
                error.http,
                SignInPage {
                    shell,
                    notice,
                    username: form.username,
                    next,
                },
            )
        }
        Err(error) => Err(error),
    }
}

fn refusal(shell: &Shell, error: &ApiError) -> Notice {
    match error.retry_after_s {
        None => Notice::new(
            Tone::Red,
            shell.t("session-wrong"),
            shell.t("session-wrong-text"),
        ),
        Some(seconds) => {
            let wait = if seconds < 90 {
                shell.t1("duration-seconds", "n", seconds)
            } else {
                shell.t1("duration-minutes", "n", (seconds + 59) / 60)
            };
            Notice::new(
                Tone::Amber,
                shell.t("session-wait"),
                shell.t1("session-wait-text", "wait", wait),
            )
        }
    }
}

/// `POST /sign-out`.
pub async fn sign_out(State(state): State<AppState>, session: Session) -> ApiResult<Response> {
    let cleared = sign_in::sign_out(&state, &session).await?;
    let mut reply = see_other("/sign-in?out=1")?;
    reply.headers_mut().append(header::SET_COOKIE, cleared);
    Ok(reply)
}

/// `GET /password`.
pub async fn password_page(visit: Visit) -> ApiResult<Response> {
    let must_change = visit.session.must_change;
    show(PasswordPage {
        shell: visit.shell("password"),
        notice: None,
        must_change,
        username: visit.session.username.clone(),
    })
}

/// The password form.
#[derive(Deserialize)]
pub struct PasswordForm {
    old: String,
    new: String,
    again: String,
}

/// `POST /password`.
pub async fn password_form(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form<PasswordForm>,
) -> ApiResult<Response> {
    let mut shell = visit.shell("password");
    shell.path = "/password".into();
    let must_change = visit.session.must_change;
    let refused = |shell: Shell, status, notice| {
        show_as(
            status,
            PasswordPage {
                notice: Some(notice),
                must_change,
                username: visit.session.username.clone(),
                shell,
            },
        )
    };
    if form.new != form.again {
        let notice = Notice::new(
            Tone::Red,
            shell.t("session-not-alike"),
            shell.t("session-not-alike-text"),
        );
        return refused(shell, StatusCode::UNPROCESSABLE_ENTITY, notice);
    }
    match sign_in::change_password(&state, &visit.session, &form.old, &form.new).await {
        Ok(()) => see_other("/sign-in?done=password"),
        Err(error) if error.http.is_client_error() && error.code != "not_signed_in" => {
            let notice = password_refusal(&shell, &visit.session.username, &form.new, &error);
            refused(shell, error.http, notice)
        }
        Err(error) => Err(error),
    }
}

fn password_refusal(shell: &Shell, username: &str, new: &str, error: &ApiError) -> Notice {
    use tapal_domain::account::{WeakPassword, password_verdict};
    if error.retry_after_s.is_some() {
        return refusal(shell, error);
    }
    let key = match (error.code, password_verdict(username, new)) {
        ("wrong_password", _) => "session-wrong-password",
        ("password_same", _) => "session-same-password",
        (_, Err(WeakPassword::TooShort)) => "password-too_short",
        (_, Err(WeakPassword::TooLong)) => "password-too_long",
        _ => "password-guessable",
    };
    Notice::new(Tone::Red, shell.t(key), "")
}

/// A choice of language or display.
#[derive(Deserialize)]
pub struct Preferences {
    language: Option<String>,
    theme: Option<String>,
    #[serde(default)]
    back: String,
}

/// `POST /preferences`.
pub async fn preferences(
    State(state): State<AppState>,
    session: Option<Session>,
    Form(form): Form<Preferences>,
) -> ApiResult<Response> {
    let mut reply = see_other(own_path(&form.back))?;
    if let Some(lang) = form
        .language
        .as_deref()
        .and_then(crate::console::Lang::from_code)
    {
        if let Some(session) = &session {
            tapal_store::account::set_language(
                &state.db,
                state.clock.now(),
                session.account,
                lang.code(),
            )
            .await?;
        }
        reply
            .headers_mut()
            .append(header::SET_COOKIE, choice_cookie(LANGUAGE, lang.code())?);
    }
    if let Some(theme) = form
        .theme
        .as_deref()
        .and_then(crate::console::shell::Theme::from_code)
    {
        reply
            .headers_mut()
            .append(header::SET_COOKIE, choice_cookie(THEME, theme.code())?);
    }
    Ok(reply)
}
