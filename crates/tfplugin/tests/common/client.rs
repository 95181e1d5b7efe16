//! A client of the protocol that shares no code with the server but the generated messages.

use std::{io, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use bytes::{Bytes, BytesMut};
use prost::Message;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime},
    sign::CertifiedKey,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::plugin::Plugin;

#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[rustfmt::skip]
#[path = "../../src/pb/tfplugin6.rs"]
pub mod pb;

/// A certificate like the one that Terraform makes per plugin: P-521, a CA used as a leaf.
pub struct ClientCertificate {
    pub pem: String,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientCertificate {
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            base64::engine::general_purpose::STANDARD.encode(certificate.der())
        );
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        Self {
            pem,
            chain: vec![certificate.der().clone()],
            key,
        }
    }

    /// What somebody can send who has seen the certificate and does not have its key: the handshake line of a provider and
    /// its environment are no secrets.
    pub fn copied(seen: &Self) -> Self {
        Self {
            pem: seen.pem.clone(),
            chain: seen.chain.clone(),
            key: Self::new().key,
        }
    }
}

/// Signs with whatever key it has, without a look at whether the certificate is of that key.
#[derive(Debug)]
struct Unchecked(Arc<CertifiedKey>);

impl ResolvesClientCert for Unchecked {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Accepts the certificate of the handshake line, as Terraform does.
#[derive(Debug)]
struct Pinned(CertificateDer<'static>, Arc<CryptoProvider>);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        assert_eq!(
            end_entity.as_ref(),
            self.0.as_ref(),
            "the server is not who it said"
        );
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            signature,
            &self.1.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.signature_verification_algorithms.supported_schemes()
    }
}

/// The stream to a provider, before any TLS.
pub async fn connect(plugin: &Plugin) -> Box<dyn ByteStream> {
    match plugin.network.as_str() {
        "unix" => Box::new(
            tokio::net::UnixStream::connect(&plugin.address)
                .await
                .unwrap(),
        ),
        _ => Box::new(
            tokio::net::TcpStream::connect(&plugin.address)
                .await
                .unwrap(),
        ),
    }
}

pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// An open connection, and clones of it.
#[derive(Clone)]
pub struct Client {
    sender: h2::client::SendRequest<Bytes>,
    driver: tokio::task::AbortHandle,
}

impl Client {
    /// Connects in plaintext.
    pub async fn plain(plugin: &Plugin) -> io::Result<Self> {
        Self::over(connect(plugin).await).await
    }

    /// Connects with TLS and, if there is one, a client certificate.
    pub async fn tls(plugin: &Plugin, own: Option<&ClientCertificate>) -> io::Result<Self> {
        let server = STANDARD_NO_PAD.decode(&plugin.certificate).unwrap().into();
        let crypto = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&crypto))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned(server, Arc::clone(&crypto))));
        let mut config = match own {
            Some(own) => {
                let key = crypto.key_provider.load_private_key(own.key.clone_key());
                let certified = CertifiedKey::new(own.chain.clone(), key.unwrap());
                config.with_client_cert_resolver(Arc::new(Unchecked(Arc::new(certified))))
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        Self::over(connector.connect(name, connect(plugin).await).await?).await
    }

    async fn over(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> io::Result<Self> {
        let (sender, connection) = h2::client::handshake(stream)
            .await
            .map_err(io::Error::other)?;
        let driver = tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self {
            sender,
            driver: driver.abort_handle(),
        })
    }

    /// Calls a method of the provider service. An error is gRPC's status or the connection's.
    pub async fn call<Q: Message, A: Message + Default>(
        &mut self,
        method: &str,
        request: &Q,
    ) -> io::Result<A> {
        self.path(&format!("/tfplugin6.Provider/{method}"), request)
            .await
    }

    /// Calls any method.
    pub async fn path<Q: Message, A: Message + Default>(
        &mut self,
        path: &str,
        request: &Q,
    ) -> io::Result<A> {
        let head = http::Request::post(format!("http://localhost{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let mut sender = self
            .sender
            .clone()
            .ready()
            .await
            .map_err(io::Error::other)?;
        let (response, mut body) = sender.send_request(head, false).map_err(io::Error::other)?;
        let message = request.encode_to_vec();
        let mut frame = BytesMut::from(&[0u8][..]);
        frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
        frame.extend_from_slice(&message);
        body.send_data(frame.freeze(), true)
            .map_err(io::Error::other)?;
        let response = response.await.map_err(io::Error::other)?;
        let status = |headers: &http::HeaderMap| {
            let field = |name| {
                headers
                    .get(name)
                    .map(|v| v.to_str().unwrap_or("?").to_owned())
            };
            match field("grpc-status") {
                Some(code) if code != "0" => Err(io::Error::other(format!(
                    "status {code} {}",
                    field("grpc-message").unwrap_or_default()
                ))),
                _ => Ok(()),
            }
        };
        status(response.headers())?;
        let mut body = response.into_body();
        let mut answer = BytesMut::new();
        while let Some(chunk) = body.data().await {
            let chunk = chunk.map_err(io::Error::other)?;
            let _ = body.flow_control().release_capacity(chunk.len());
            answer.extend_from_slice(&chunk);
        }
        if let Some(trailers) = body.trailers().await.map_err(io::Error::other)? {
            status(&trailers)?;
        }
        A::decode(answer.split_off(5)).map_err(io::Error::other)
    }

    /// Breaks the connection.
    pub fn cut(self) {
        self.driver.abort();
    }
}
