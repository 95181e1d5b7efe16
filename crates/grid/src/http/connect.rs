//! Connections: straight or through the proxy that the environment names, plain or over TLS.
//!
//! Everything here is linked already: the AWS SDK brings hyper, hyper-util and hyper-rustls (with AWS-LC and
//! the system's roots), all three kept by the hyper project since 2014, 2022 and 2016.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Connects to where a request goes.
#[derive(Clone)]
pub(crate) struct Connector {
    plain: Proxied,
    tls: Option<HttpsConnector<Proxied>>,
}

impl Connector {
    /// With the proxies of `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` (or their lower-case
    /// forms), and for `https` the system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded).
    pub(crate) fn new(connect_timeout: Duration, https: bool) -> Result<Self, String> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(connect_timeout));
        http.set_nodelay(true);
        let plain = Proxied {
            http,
            proxies: Arc::new(Matcher::from_env()),
        };
        let tls = if https {
            let builder = HttpsConnectorBuilder::new()
                .with_native_roots()
                .map_err(|error| format!("this machine has no root certificates ({error}): install them or set SSL_CERT_FILE"))?;
            Some(
                builder
                    .https_only()
                    .enable_http1()
                    .wrap_connector(plain.clone()),
            )
        } else {
            None
        };
        Ok(Self { plain, tls })
    }

    /// What a proxy wants to see in a request that is not tunnelled.
    pub(crate) fn proxy_authorization(&self, uri: &Uri) -> Option<http::HeaderValue> {
        let proxy = self.plain.proxies.intercept(uri)?;
        if uri.scheme_str() == Some("https") {
            return None;
        }
        let mut value = proxy.basic_auth()?.clone();
        value.set_sensitive(true);
        Some(value)
    }

    /// The host of the proxy between here and there.
    pub(crate) fn proxy_host(&self, uri: &Uri) -> Option<String> {
        let proxy = self.plain.proxies.intercept(uri)?;
        let authority = proxy.uri().authority()?.as_str();
        Some(
            authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host)
                .to_owned(),
        )
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Stream>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.plain.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match &mut self.tls {
            Some(tls) => Box::pin(tls.call(uri)),
            None => {
                let connecting = self.plain.call(uri);
                Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) })
            }
        }
    }
}

/// TCP, through a proxy where the environment names one.
#[derive(Clone)]
pub(crate) struct Proxied {
    http: HttpConnector,
    proxies: Arc<Matcher>,
}

impl Service<Uri> for Proxied {
    type Response = Stream;
    type Error = BoxError;
    type Future = Connecting<Stream>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.http.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let mut http = self.http.clone();
        let Some(proxy) = self.proxies.intercept(&uri) else {
            let connecting = http.call(uri);
            return Box::pin(async move { Ok(Stream::new(connecting.await?, false)) });
        };
        if proxy.uri().scheme_str() != Some("http") {
            return Box::pin(async {
                Err("only a proxy with an http:// address is supported".into())
            });
        }
        if uri.scheme_str() == Some("https") {
            let mut tunnel = Tunnel::new(proxy.uri().clone(), http);
            if let Some(authorization) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(authorization.clone());
            }
            let connecting = tunnel.call(uri);
            return Box::pin(async move { Ok(Stream::new(connecting.await?, false)) });
        }
        let connecting = http.call(proxy.uri().clone());
        Box::pin(async move { Ok(Stream::new(connecting.await?, true)) })
    }
}

/// A TCP connection that knows whether requests over it are a proxy's to pass on.
pub(crate) struct Stream {
    io: TokioIo<TcpStream>,
    proxied: bool,
}

impl Stream {
    fn new(io: TokioIo<TcpStream>, proxied: bool) -> Self {
        Self { io, proxied }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.inner().connected().proxy(self.proxied)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
