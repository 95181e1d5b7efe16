//! One GET after another to one service.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::connect::Connector;
use super::reply::MOST_BYTES;
use super::{Base, Reply};
use crate::source::Reason;
use crate::{Failure, Secret, Settings};

/// Tries of one request.
const MOST_TRIES: u32 = 4;
/// The pause after the first try without a word from the service; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Everything but the unreserved characters of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A GET: a path below the service's address, a query, headers.
#[derive(Clone, Default)]
pub(crate) struct Call {
    path: String,
    query: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Call {
    /// Of a path that begins with a slash.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            ..Self::default()
        }
    }

    /// With a part of the path that may hold anything.
    pub(crate) fn below(mut self, part: &str) -> Self {
        self.path.push('/');
        self.path.extend(utf8_percent_encode(part, ESCAPED));
        self
    }

    /// With a parameter.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.query
            .push(if self.query.is_empty() { '?' } else { '&' });
        self.query.extend(utf8_percent_encode(name, ESCAPED));
        self.query.push('=');
        self.query.extend(utf8_percent_encode(value, ESCAPED));
        self
    }

    /// With a header that holds a secret.
    pub(crate) fn with_secret(mut self, name: HeaderName, value: &str) -> Result<Self, Failure> {
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            Failure::new(
                Reason::Unauthorized,
                "the key has characters that no key has, such as a line break",
            )
        })?;
        value.set_sensitive(true);
        self.headers.push((name, value));
        Ok(self)
    }
}

/// Connections that are kept open, and the way to new ones.
type Connections = (Pool<Connector, Empty<Bytes>>, Connector);

/// One service: its address, its connections, and what must never be printed.
pub(crate) struct Client {
    base: Base,
    connect_timeout: Duration,
    timeout: Duration,
    pool: OnceLock<Result<Connections, String>>,
    secrets: Mutex<Vec<Secret>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Opens no connection. The settings' own address counts before the usual one.
    pub(crate) fn new(settings: &Settings, usual: &str) -> Self {
        let url = settings.url.as_deref().unwrap_or(usual);
        let base = Base::parse(url)
            .or_else(|_| Base::parse(usual))
            .expect("the usual address is an address, and the settings were checked");
        let secrets = [&settings.api_key, &settings.password];
        Self {
            base,
            connect_timeout: settings.connect_timeout.min(settings.timeout),
            timeout: settings.timeout,
            pool: OnceLock::new(),
            secrets: Mutex::new(secrets.into_iter().flatten().cloned().collect()),
        }
    }

    /// Remembers a text that must never be printed: a token that was issued.
    pub(crate) fn keep_secret(&self, text: &str) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if !secrets.iter().any(|known| known.expose() == text) {
            secrets.push(Secret::new(text));
        }
    }

    /// A text without any secret in it.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = text.to_owned();
        for secret in secrets
            .iter()
            .map(Secret::expose)
            .filter(|secret| !secret.is_empty())
        {
            text = text.replace(secret, "***");
        }
        text
    }

    /// Everything that is asked for one answer, within the time for it. What went wrong last is what is said
    /// when the time is over.
    pub(crate) async fn within<'a, T, F>(
        &'a self,
        work: impl FnOnce(Exchange<'a>) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let trouble = std::sync::Arc::new(Mutex::new(None::<Failure>));
        let exchange = Exchange {
            client: self,
            trouble: trouble.clone(),
        };
        let limit = self.timeout;
        match tokio::time::timeout(limit, work(exchange)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let trouble = trouble
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take();
                let limit = limit.as_secs_f64();
                Err(match trouble {
                    Some(failure) => Failure::new(
                        failure.reason,
                        format!(
                            "{}; then the {limit} s for an answer were over",
                            failure.message
                        ),
                    ),
                    None => Failure::new(
                        Reason::TimedOut,
                        format!("{} gave no answer within {limit} s", self.base.host()),
                    ),
                })
            }
        }
    }

    fn pool(&self) -> Result<&Connections, Failure> {
        self.pool
            .get_or_init(|| {
                let connector = Connector::new(self.connect_timeout, self.base.is_https())?;
                let pool = Pool::builder(TokioExecutor::new())
                    .pool_max_idle_per_host(crate::MOST_IN_FLIGHT)
                    .build(connector.clone());
                Ok((pool, connector))
            })
            .as_ref()
            .map_err(|message| Failure::new(Reason::Unreachable, message.clone()))
    }

    /// One try.
    async fn send(&self, call: &Call) -> Result<Reply, Failure> {
        let (pool, connector) = self.pool()?;
        let unreachable =
            |message: String| Failure::new(Reason::Unreachable, self.redacted(&message));
        let uri: Uri = format!("{}{}{}", self.base.as_text(), call.path, call.query)
            .parse()
            .map_err(|_| Failure::new(Reason::Refused, "the address is too long or malformed"))?;
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(uri.clone())
            .header(header::ACCEPT, "application/json")
            .header(header::ACCEPT_ENCODING, "gzip")
            .header(
                header::USER_AGENT,
                concat!("terraform-provider-sustainable/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(authorization) = connector.proxy_authorization(&uri) {
            request = request.header(header::PROXY_AUTHORIZATION, authorization);
        }
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Empty::new())
            .map_err(|_| Failure::new(Reason::Refused, "the request cannot be built"))?;
        let place = || match connector.proxy_host(&uri) {
            Some(proxy) => format!("{} through the proxy {proxy}", self.base.host()),
            None => self.base.host().to_owned(),
        };
        let response = pool.request(request).await.map_err(|error| {
            let what = if error.is_connect() {
                "no connection to"
            } else {
                "the connection broke to"
            };
            let failure = unreachable(format!("{what} {}: {}", place(), root(&error)));
            if error.is_connect() {
                failure
            } else {
                Failure {
                    reason: Reason::Unavailable,
                    ..failure
                }
            }
        })?;
        let (parts, mut body) = response.into_parts();
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                let message = format!("{} broke off its answer: {}", place(), root(&error));
                Failure::new(Reason::Unavailable, self.redacted(&message))
            })?;
            if let Some(data) = frame.data_ref() {
                bytes.extend_from_slice(data);
            }
            if bytes.len() > MOST_BYTES {
                return Err(super::reply::too_long());
            }
        }
        Reply::new(&parts, bytes)
    }
}

/// The innermost reason of an error.
fn root(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The requests of one answer.
#[derive(Clone)]
pub(crate) struct Exchange<'a> {
    client: &'a Client,
    /// What went wrong last, for when the time is over.
    trouble: std::sync::Arc<Mutex<Option<Failure>>>,
}

impl Exchange<'_> {
    /// Sends a request, and again after a while where the service is throttling or out of order. Any other
    /// status is an answer.
    pub(crate) async fn get(&self, call: &Call) -> Result<Reply, Failure> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let (failure, wanted) = match self.client.send(call).await {
                Ok(reply) if !reply.is_worth_another_try() => {
                    tracing::debug!(
                        host = self.client.base.host(),
                        path = call.path,
                        status = reply.status(),
                        "answered"
                    );
                    return Ok(reply);
                }
                Ok(reply) => (self.failure(&reply), reply.retry_after()),
                Err(failure) if failure.reason == Reason::Unavailable => (failure, None),
                Err(failure) => return Err(failure),
            };
            tracing::debug!(host = self.client.base.host(), path = call.path, attempt, reason = %failure, "no answer");
            if attempt >= MOST_TRIES {
                return Err(failure);
            }
            let wait = wanted.unwrap_or(pause);
            if wait >= self.client.timeout {
                let message = format!(
                    "{}; it wants to be asked again after {} s",
                    failure.message,
                    wait.as_secs()
                );
                return Err(Failure::new(failure.reason, message));
            }
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
        Err(Failure::new(Reason::Unavailable, "no answer"))
    }

    /// What a status that is no success says.
    pub(crate) fn failure(&self, reply: &Reply) -> Failure {
        let Failure { reason, message } = reply.failure();
        Failure::new(reason, self.client.redacted(&message))
    }

    /// The document of a success.
    pub(crate) async fn json(&self, call: &Call) -> Result<serde_json::Value, Failure> {
        let reply = self.get(call).await?;
        if !reply.is_success() {
            return Err(self.failure(&reply));
        }
        reply.json()
    }
}
