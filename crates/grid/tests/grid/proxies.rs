//! Proxies and certificates come from the environment, which belongs to the whole process: each case runs in a
//! process of its own.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use grid::{SourceName, What};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{Reply, Server};
use crate::stand_ins;
use crate::trouble::{ask, settings};

const URL: &str = "GRID_TEST_URL";

/// Not a test of its own: what the other process does.
#[tokio::test]
async fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let mut settings = settings(SourceName::ElectricityMaps, url);
    settings.timeout = std::time::Duration::from_secs(20);
    let answers = ask(settings, &["eu-west-1"], What::Latest).await;
    match answers.warnings.first() {
        None => println!(
            "CAME: {}",
            answers.by_place["eu-west-1"]
                .as_ref()
                .expect("an answer")
                .signal
                .source
        ),
        Some(warning) => println!("CAME: {}", warning.reason),
    }
}

/// What the other process got, with nothing of our own environment that matters here.
async fn came(url: &str, environment: &[(&str, String)]) -> String {
    let mut command = tokio::process::Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "proxies::child", "--nocapture"]);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.env_remove("SSL_CERT_DIR").env(URL, url);
    for (name, value) in environment {
        command.env(name, value);
    }
    let output = command.output().await.expect("it ran");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.split_once("CAME: "));
    line.unwrap_or_else(|| panic!("{text} {}", String::from_utf8_lossy(&output.stderr)))
        .1
        .to_owned()
}

#[tokio::test]
async fn plain_requests_go_through_the_proxy_of_the_environment() {
    let proxy = Server::start(|seen, _| match seen.header("proxy-authorization") {
        // me:letmein
        Some("Basic bWU6bGV0bWVpbg==") => stand_ins::electricity_maps(seen),
        _ => Reply::status(407, ""),
    })
    .await;
    let there = "http://grid.example:8080/v3";
    let address = format!("http://me:letmein@{}", proxy.address);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        assert_eq!(
            came(there, &[(name, address.clone())]).await,
            "Electricity Maps"
        );
    }
    let seen = proxy.seen();
    assert!(
        seen[0]
            .target
            .starts_with("http://grid.example:8080/v3/carbon-intensity/latest?zone=IE"),
        "{}",
        seen[0].target
    );
    // A proxy that refuses, and one that is not there: neither its user nor its password is shown.
    let refused = came(
        there,
        &[("HTTP_PROXY", format!("http://me:wrong1@{}", proxy.address))],
    )
    .await;
    assert_eq!(refused, "it refused the request (407)");
    let gone = came(
        there,
        &[("HTTP_PROXY", "http://me:letmein@127.0.0.1:9".to_owned())],
    )
    .await;
    assert!(
        gone.starts_with("no connection to grid.example:8080 through the proxy 127.0.0.1:9: "),
        "{gone}"
    );
    // An exception, and a proxy for the other scheme.
    let direct = Server::start(|seen, _| stand_ins::electricity_maps(seen)).await;
    for (name, value) in [
        ("NO_PROXY", "127.0.0.1"),
        ("no_proxy", "example.org,127.0.0.0/8"),
    ] {
        let environment = [
            ("HTTP_PROXY", "http://127.0.0.1:9".to_owned()),
            (name, value.to_owned()),
        ];
        assert_eq!(
            came(&direct.url(), &environment).await,
            "Electricity Maps",
            "{value}"
        );
    }
    assert_eq!(
        came(
            &direct.url(),
            &[("HTTPS_PROXY", "http://127.0.0.1:9".to_owned())]
        )
        .await,
        "Electricity Maps"
    );
}

/// A server over TLS, whose certificate only the environment of the other process makes good.
async fn over_tls(name: &str) -> (u16, String) {
    let key = rcgen::generate_simple_self_signed(vec![name.to_owned()]).expect("a certificate");
    let chain = vec![key.cert.der().clone()];
    let private = rustls::pki_types::PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .expect("a server");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let inner = Server::start(|seen, _| stand_ins::electricity_maps(seen)).await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, inner) = (acceptor.clone(), inner.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut behind = TcpStream::connect(inner.address).await.expect("the server");
                let _ = copy_bidirectional(&mut stream, &mut behind).await;
            });
        }
    });
    let body = STANDARD.encode(key.cert.der());
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .filter_map(|line| str::from_utf8(line).ok())
        .collect();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    );
    (port, pem)
}

/// A proxy that tunnels wherever it is told to, to the port on this machine, and notes what it was told.
async fn tunnel() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = told.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let notes = notes.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.expect("a request"));
                }
                let head = String::from_utf8(head).expect("text");
                let line = head.lines().next().expect("a line").to_owned();
                let port = line.split([' ', ':']).nth(2).expect("a port").to_owned();
                notes.lock().expect("no panic").push(line);
                let mut there = TcpStream::connect(format!("127.0.0.1:{port}"))
                    .await
                    .expect("the server");
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\n\r\n")
                    .await
                    .expect("an answer");
                let _ = copy_bidirectional(&mut stream, &mut there).await;
            });
        }
    });
    (port, told)
}

#[tokio::test]
async fn tls_is_checked_against_the_roots_of_the_machine_also_through_a_tunnel() {
    let (port, pem) = over_tls("grid.example").await;
    let folder = tempfile::tempdir().expect("a folder");
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, pem).expect("written");
    let roots = ("SSL_CERT_FILE", roots.to_string_lossy().into_owned());
    let (proxy, told) = tunnel().await;
    let there = format!("https://grid.example:{port}/v3");
    let through = ("HTTPS_PROXY", format!("http://127.0.0.1:{proxy}"));
    assert_eq!(
        came(&there, &[through.clone(), roots.clone()]).await,
        "Electricity Maps"
    );
    assert_eq!(
        told.lock().expect("no panic")[0],
        format!("CONNECT grid.example:{port} HTTP/1.1")
    );
    // A certificate for another name, and one that nobody vouches for.
    let other = came(
        &format!("https://other.example:{port}"),
        &[through.clone(), roots],
    )
    .await;
    assert!(other.contains("certificate"), "{other}");
    let (_, stranger) = over_tls("grid.example").await;
    let strange = folder.path().join("strange.pem");
    std::fs::write(&strange, stranger).expect("written");
    let strange = ("SSL_CERT_FILE", strange.to_string_lossy().into_owned());
    let unknown = came(&there, &[through, strange]).await;
    assert!(unknown.contains("certificate"), "{unknown}");
    // Without any root, the reason says what to do; a plain address needs none.
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").expect("written");
    let empty = ("SSL_CERT_FILE", empty.to_string_lossy().into_owned());
    let none = came(&there, std::slice::from_ref(&empty)).await;
    assert!(
        none.starts_with("this machine has no root certificates"),
        "{none}"
    );
    let plain = Server::start(|seen, _| stand_ins::electricity_maps(seen)).await;
    assert_eq!(came(&plain.url(), &[empty]).await, "Electricity Maps");
}
