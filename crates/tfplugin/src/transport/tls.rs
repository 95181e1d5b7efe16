//! Mutual TLS with pinned certificates.
//!
//! Terraform makes a throwaway certificate per plugin and hands it over in the environment; the
//! provider makes one and hands it back on stdout. Each side accepts exactly the other's.

use std::{io, sync::Arc};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::danger::{ClientCertVerified, ClientCertVerifier},
    version::TLS13,
};

/// What the provider proves itself with, and whom it lets in.
pub(super) struct Identity {
    /// The provider's certificate in DER.
    pub(super) certificate: Vec<u8>,
    /// Lets in the holder of the client's certificate, and nobody else.
    pub(super) config: Arc<ServerConfig>,
}

/// Makes a fresh key and certificate, and pins the client's certificate.
pub(super) fn identity(client_pem: &str) -> io::Result<Identity> {
    let client = CertificateDer::from_pem_slice(client_pem.as_bytes()).map_err(|error| {
        io::Error::other(format!(
            "PLUGIN_CLIENT_CERT is not a certificate in PEM: {error}"
        ))
    })?;
    let (certificate, key) = certificate().map_err(io::Error::other)?;
    let crypto = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&crypto))
        .with_protocol_versions(&[&TLS13])
        .map_err(io::Error::other)?
        .with_client_cert_verifier(Arc::new(Pinned { client, crypto }))
        .with_single_cert(vec![certificate.clone()], key)
        .map_err(io::Error::other)?;
    // Newer clients insist on it (pitfall P4).
    config.alpn_protocols = vec![b"h2".to_vec()];
    // Nobody ever resumes a session with a process that lives for one command.
    config.send_tls13_tickets = 0;
    Ok(Identity {
        certificate: certificate.to_vec(),
        config: Arc::new(config),
    })
}

/// A self-signed certificate for `localhost`. Its validity spans all of rcgen's default centuries:
/// it dies with the process.
fn certificate() -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(["localhost".to_owned()])?;
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key)?;
    Ok((
        certificate.der().clone(),
        PrivateKeyDer::Pkcs8(key.serialize_der().into()),
    ))
}

/// Accepts one certificate, byte for byte, from whoever holds its key.
///
/// The usual verifier cannot do it: Terraform's certificate is a CA certificate used as a leaf, which
/// webpki refuses (pitfall P2). Its key is on the curve P-521, which aws-lc-rs verifies and ring does
/// not (pitfall P1).
#[derive(Debug)]
struct Pinned {
    client: CertificateDer<'static>,
    crypto: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if end_entity.as_ref() == self.client.as_ref() {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only TLS 1.3 is spoken here".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.crypto.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto
            .signature_verification_algorithms
            .supported_schemes()
    }
}
