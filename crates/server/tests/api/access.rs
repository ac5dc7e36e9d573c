//! Every row of the route table: documented, and closed to everybody it is not meant for.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::json;
use tapal_domain::role::Role;
use tapal_server::routes::{self, Access};

use crate::world::World;

fn filled(path: &str) -> String {
    let part = |part: &str| match part {
        "{n}" | "{k}" => "0".to_owned(),
        "{day}" => "0".to_owned(),
        _ if part.starts_with('{') => uuid::Uuid::from_u128(1).to_string(),
        _ => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_api_route_is_documented_and_nothing_else() {
    let documented: serde_json::Value =
        serde_json::to_value(tapal_server::openapi::openapi()).unwrap();
    assert!(documented["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut in_document = BTreeSet::new();
    for (path, item) in documented["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            in_document.insert((method.to_uppercase(), path.clone()));
        }
    }
    let in_table: BTreeSet<_> = routes::api()
        .iter()
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(in_table, in_document);
    // And the router has each row: an unknown address says not_found, a wrong method wrong_method.
    let world = World::new().await;
    for route in routes::api() {
        let reply = world
            .call(route.method, &filled(route.path), None, None)
            .await;
        assert!(
            ![404, 405].contains(&reply.status.as_u16()),
            "{} {}: {}",
            route.method,
            route.path,
            reply.text()
        );
    }
    world
        .call("GET", "/api/v1/nothing", None, None)
        .await
        .refused(404, "not_found");
    world
        .call("PATCH", "/api/v1/session", None, None)
        .await
        .refused(405, "wrong_method");
}

#[tokio::test]
async fn a_wrong_role_is_refused_on_every_route() {
    let world = World::new().await;
    let mut people = Vec::new();
    for (i, role) in Role::ALL.into_iter().enumerate() {
        people.push((
            role,
            world.person(&format!("user{i}"), role, None, None).await,
        ));
    }
    for route in routes::table()
        .iter()
        .filter(|route| route.access != Access::Public)
    {
        let (path, is_api) = (filled(route.path), route.path.starts_with("/api/"));
        let nobody = world.call(route.method, &path, None, None).await;
        if is_api {
            assert_eq!(
                nobody.status, 401,
                "{} {path} without a session",
                route.method
            );
        } else {
            assert!(
                [303, 401].contains(&nobody.status.as_u16()),
                "{} {path} without a session: {}",
                route.method,
                nobody.status
            );
        }
        for (role, person) in &people {
            let may = match route.access {
                Access::Needs(permission) => role.may(permission),
                Access::Either(one, other) => role.may(one) || role.may(other),
                _ => continue,
            };
            if may {
                // Not reached here: a stream that never ends, or a change that needs a body.
                continue;
            }
            let reply = world
                .call(route.method, &path, Some(person), Some(json!({})))
                .await;
            assert_eq!(
                reply.status,
                403,
                "{role:?} {} {path}: {}",
                route.method,
                reply.text()
            );
        }
        if matches!(route.access, Access::Device | Access::Standby) {
            world
                .call(route.method, &path, Some(&people[0].1), Some(json!({})))
                .await
                .refused(401, "not_this_node");
        }
    }
}

#[tokio::test]
async fn a_right_role_is_admitted_on_every_reading_route() {
    let world = World::new().await;
    let mut people = Vec::new();
    for (i, role) in Role::ALL.into_iter().enumerate() {
        people.push((
            role,
            world.person(&format!("user{i}"), role, None, None).await,
        ));
    }
    for route in routes::api()
        .iter()
        .filter(|route| route.method == "GET" && route.path != "/api/v1/events")
    {
        let Access::Needs(permission) = route.access else {
            continue;
        };
        for (role, person) in people.iter().filter(|(role, _)| role.may(permission)) {
            let status = world.get(&filled(route.path), person).await.status;
            assert!(
                [200, 404].contains(&status.as_u16()),
                "{role:?} {} {status}",
                route.path
            );
        }
    }
}

#[tokio::test]
async fn every_changing_route_needs_the_token_of_the_session() {
    let world = World::new().await;
    let admin = world.person("admin", Role::SystemAdmin, None, None).await;
    for route in routes::table().iter().filter(|route| {
        route.method != "GET" && !matches!(route.access, Access::Device | Access::Standby)
    }) {
        let path = filled(route.path);
        for (token, origin) in [
            ("", None),
            ("guess", None),
            (admin.csrf.as_str(), Some("https://evil.example")),
        ] {
            // A public form has no session to protect; its origin is checked all the same.
            if route.access == Access::Public && origin.is_none() {
                continue;
            }
            let mut request = Request::builder()
                .method(route.method)
                .uri(&path)
                .header(header::HOST, "localhost")
                .header(header::COOKIE, &admin.cookie);
            if !token.is_empty() {
                request = request.header("x-csrf-token", token);
            }
            if let Some(origin) = origin {
                request = request.header(header::ORIGIN, origin);
            }
            let reply = world.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                reply.status,
                403,
                "{} {path} {token:?} {origin:?}: {}",
                route.method,
                reply.text()
            );
        }
    }
}

#[tokio::test]
async fn the_token_may_come_in_a_form() {
    let world = World::new().await;
    let rina = world.officer("rina").await;
    let send = |kind: &'static str, body: String| {
        let request = Request::builder()
            .method("DELETE")
            .uri("/api/v1/session")
            .header(header::HOST, "localhost")
            .header(header::COOKIE, &rina.cookie);
        world.send(
            request
                .header(header::CONTENT_TYPE, kind)
                .body(Body::from(body))
                .unwrap(),
        )
    };
    let form = "application/x-www-form-urlencoded";
    let multipart = "multipart/form-data; boundary=x";
    let part = |token: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n--x--\r\n")
    };
    send(form, "csrf=wrong&a=b".into())
        .await
        .refused(403, "csrf");
    send(form, format!("a=b&xcsrf={}", rina.csrf))
        .await
        .refused(403, "csrf");
    send(multipart, part("wrong")).await.refused(403, "csrf");
    send("text/plain", format!("csrf={}", rina.csrf))
        .await
        .refused(403, "csrf");
    send(form, "x".repeat(300_000))
        .await
        .refused(413, "too_large");
    send(multipart, part(&rina.csrf)).await.ok();
    let rina = world.sign_in("rina", crate::world::PASSWORD).await;
    let request = Request::builder()
        .method("DELETE")
        .uri("/api/v1/session")
        .header(header::HOST, "localhost")
        .header(header::COOKIE, &rina.cookie);
    let request = request
        .header(header::ORIGIN, "https://localhost")
        .header(header::CONTENT_TYPE, form);
    world
        .send(
            request
                .body(Body::from(format!("a=b&csrf={}", rina.csrf)))
                .unwrap(),
        )
        .await
        .ok();
}

#[tokio::test]
async fn every_reply_has_strict_headers_and_an_id() {
    let world = World::new().await;
    for path in ["/healthz", "/api/v1/alerts", "/nothing"] {
        let reply = world.call("GET", path, None, None).await;
        for (name, part) in [
            ("content-security-policy", "default-src 'none'"),
            ("strict-transport-security", "max-age"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("permissions-policy", "camera=()"),
            ("cache-control", "no-store"),
        ] {
            assert!(
                reply.headers[name].to_str().unwrap().contains(part),
                "{path} {name}"
            );
        }
        assert_eq!(reply.headers["x-request-id"].len(), 32);
    }
}
