//! HTTPS from a standby server to its centre: one pinned certificate, connections kept open, replies streamed. Must not
//! follow a redirect nor trust any other certificate.

use std::{future::Future, pin::Pin, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request, Response, Uri},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::upstream::{Answer, Reply, Unreachable, Upstream};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(2);
/// How long the reply to a signed request may take to begin: a centre that accepts connections and answers none is gone.
const BEGIN: Duration = Duration::from_secs(8);
/// How long a signed request may take, whole.
const WHOLE: Duration = Duration::from_secs(30);
/// Largest reply to a signed request.
const MOST_REPLY: usize = 64 * 1024 * 1024;

/// A request that got no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Whether the centre may have it all the same.
    pub sent: bool,
    /// The cause, without an address or a name.
    pub cause: &'static str,
}

/// What handing on gives in the end.
pub type Handed<'a> = Pin<Box<dyn Future<Output = Result<Response<Body>, Lost>> + Send + 'a>>;

/// Hands a browser's or a node's request on as it is.
pub trait Forward: Send + Sync {
    /// One request; the reply's body is streamed. `within` bounds the wait for the reply's beginning.
    fn forward<'a>(&'a self, request: Request<Body>, within: Duration) -> Handed<'a>;
}

/// The connection to one centre. Cheap to clone.
#[derive(Clone)]
pub struct Https {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    base: String,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not one we speak to.
    #[error("the centre's address must look like https://host:port; it is {0}")]
    Address(String),
    /// There is no certificate to trust.
    #[error("{0} holds no certificate; copy certificate.pem of the centre's data folder here")]
    NoCertificate(String),
}

impl Https {
    /// A client for `base` (such as `https://centre:8443`) that trusts only the certificates in `pem`.
    pub fn new(base: &str, pem: &[u8], pem_name: &str) -> Result<Self, ClientError> {
        let base = base.trim_end_matches('/').to_owned();
        let plain = base.parse::<Uri>().ok().filter(|uri| {
            uri.scheme_str() == Some("https") && uri.host().is_some() && uri.path() == "/"
        });
        if plain.is_none() {
            return Err(ClientError::Address(base));
        }
        let missing = || ClientError::NoCertificate(pem_name.to_owned());
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots
                .add(certificate.map_err(|_| missing())?)
                .map_err(|_| missing())?;
        }
        if roots.is_empty() {
            return Err(missing());
        }
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| missing())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT));
        tcp.set_nodelay(true);
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .build(connector);
        Ok(Self { client, base })
    }
}

impl Forward for Https {
    fn forward<'a>(&'a self, mut request: Request<Body>, within: Duration) -> Handed<'a> {
        Box::pin(async move {
            let path = request
                .uri()
                .path_and_query()
                .map_or("/", |path| path.as_str());
            let uri = format!("{}{path}", self.base).parse().map_err(|_| Lost {
                sent: false,
                cause: "address",
            })?;
            *request.uri_mut() = uri;
            match tokio::time::timeout(within, self.client.request(request)).await {
                Ok(Ok(reply)) => Ok(reply.map(Body::new)),
                Ok(Err(error)) => Err(Lost {
                    sent: !error.is_connect(),
                    cause: if error.is_connect() {
                        "connect"
                    } else {
                        "broken"
                    },
                }),
                Err(_) => Err(Lost {
                    sent: true,
                    cause: "timeout",
                }),
            }
        })
    }
}

impl Upstream for Https {
    fn send<'a>(
        &'a self,
        method: Method,
        path: &'a str,
        headers: Vec<(&'static str, String)>,
        body: Bytes,
    ) -> Answer<'a> {
        Box::pin(async move {
            let failed = |cause: &str| Unreachable(cause.to_owned());
            let request = headers.into_iter().fold(
                Request::builder()
                    .method(method)
                    .uri(path)
                    .header("content-type", "application/json"),
                |request, (name, value)| request.header(name, value),
            );
            let request = request
                .body(Body::from(body))
                .map_err(|_| failed("the request could not be made"))?;
            let whole = async {
                let reply = self.forward(request, BEGIN).await;
                let reply = reply.map_err(|lost| failed(lost.cause))?;
                let status = reply.status().as_u16();
                let body = http_body_util::Limited::new(reply.into_body(), MOST_REPLY)
                    .collect()
                    .await
                    .map_err(|_| failed("the reply broke off"))?
                    .to_bytes();
                Ok(Reply { status, body })
            };
            tokio::time::timeout(WHOLE, whole)
                .await
                .unwrap_or_else(|_| Err(failed("timeout")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_https_address_and_a_certificate_make_a_client() {
        for base in [
            "http://centre:8443",
            "centre:8443",
            "https://",
            "https://centre/x",
        ] {
            assert!(
                matches!(
                    Https::new(base, b"", "ca.pem"),
                    Err(ClientError::Address(_))
                ),
                "{base}"
            );
        }
        let without = Https::new("https://centre:8443", b"nothing", "ca.pem");
        assert!(matches!(without, Err(ClientError::NoCertificate(_))));
    }
}
