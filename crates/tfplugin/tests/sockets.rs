//! A provider process over real sockets: who gets in, what it answers, and how it ends.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::{io::Read, os::unix::fs::PermissionsExt, path::Path};

use common::{
    client::{Client, ClientCertificate, connect, pb},
    eventually, is_running,
    plugin::{Plugin, command},
    signal,
};
use tfplugin::{Type, Value, codec::msgpack};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn pinned(name: &str) -> (Plugin, Client) {
    let certificate = ClientCertificate::new();
    let plugin = Plugin::pinned(name, &certificate.pem);
    let client = Client::tls(&plugin, Some(&certificate)).await.unwrap();
    (plugin, client)
}

async fn schema(client: &mut Client) -> std::io::Result<pb::get_provider_schema::Response> {
    client
        .call("GetProviderSchema", &pb::get_provider_schema::Request {})
        .await
}

/// A value of `probe_thing`, of the attributes given.
fn thing<const N: usize>(attributes: [(&str, Value); N]) -> pb::DynamicValue {
    let block = |name: &str| Type::object([(name, Type::String)]);
    let nested = Type::object([("key", Type::String), ("score", Type::Number)]);
    let ty = Type::object([
        ("id", Type::String),
        ("name", Type::String),
        ("number", Type::Number),
        ("again", Type::Number),
        ("any", Type::Dynamic),
        ("sleep_ms", Type::Number),
        ("panic", Type::Bool),
        ("marker", Type::String),
        ("secret", Type::String),
        ("tags", Type::map(Type::String)),
        ("ports", Type::set(Type::Number)),
        ("nested", Type::list(nested)),
        ("rule", Type::list(block("path"))),
        ("timeouts", block("create")),
    ]);
    let mut value = Value::object([("name", "n".into()), ("rule", Value::Seq(Vec::new()))]);
    attributes
        .into_iter()
        .for_each(|(name, attribute)| value.set(name, attribute));
    pb::DynamicValue {
        msgpack: msgpack::encode(&value, &ty).unwrap(),
        json: Vec::new(),
    }
}

fn create(planned: pb::DynamicValue) -> pb::apply_resource_change::Request {
    let null = pb::DynamicValue {
        msgpack: vec![0xc0],
        json: Vec::new(),
    };
    pb::apply_resource_change::Request {
        type_name: "probe_thing".to_owned(),
        prior_state: Some(null),
        planned_state: Some(planned.clone()),
        config: Some(planned),
        ..Default::default()
    }
}

#[test]
fn started_by_hand_it_says_what_it_is() {
    let output = command("echo")
        .env_remove("TF_PLUGIN_MAGIC_COOKIE")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    assert!(String::from_utf8_lossy(&output.stderr).contains("run it with -debug"));
}

#[test]
fn an_unreadable_client_certificate_opens_no_door() {
    let output = command("echo")
        .env("PLUGIN_CLIENT_CERT", "garbage")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    assert!(String::from_utf8_lossy(&output.stderr).contains("PLUGIN_CLIENT_CERT"));
}

#[tokio::test]
async fn only_the_pinned_certificate_gets_in() {
    let certificate = ClientCertificate::new();
    let plugin = Plugin::pinned("echo", &certificate.pem);
    let mut client = Client::tls(&plugin, Some(&certificate)).await.unwrap();
    assert_eq!(plugin.network, "unix");
    let dir = Path::new(&plugin.address).parent().unwrap();
    assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(schema(&mut client).await.unwrap().resource_schemas.len(), 1);

    // With TLS 1.3 a client learns at its first read that it was refused.
    let stranger = ClientCertificate::new();
    let copied = ClientCertificate::copied(&certificate);
    for (who, certificate) in [
        ("nobody", None),
        ("a stranger", Some(&stranger)),
        ("one without the key", Some(&copied)),
    ] {
        let answer = match Client::tls(&plugin, certificate).await {
            Ok(mut client) => schema(&mut client).await,
            Err(refused) => Err(refused),
        };
        assert!(answer.is_err(), "{who} got in");
    }
    let answer = match Client::plain(&plugin).await {
        Ok(mut client) => schema(&mut client).await,
        Err(refused) => Err(refused),
    };
    assert!(answer.is_err(), "a client without TLS");

    // Neither a silent peer nor a babbling one holds up the others.
    let silent = connect(&plugin).await;
    let mut babbling = connect(&plugin).await;
    babbling.write_all(&[0x55; 4096]).await.unwrap();
    let _ = babbling.read(&mut [0; 16]).await;
    assert!(schema(&mut client).await.is_ok());
    drop(silent);
}

#[tokio::test]
async fn without_a_certificate_it_speaks_plaintext() {
    let plugin = Plugin::start(command("echo"));
    assert_eq!(plugin.certificate, "");
    let mut client = Client::plain(&plugin).await.unwrap();
    let answer = schema(&mut client).await.unwrap();
    assert!(
        answer
            .server_capabilities
            .unwrap()
            .get_provider_schema_optional
    );
    assert_eq!(answer.functions["shout"].parameters[0].name, "text");
}

#[tokio::test]
async fn without_a_place_for_a_socket_it_takes_tcp_but_only_with_tls() {
    let certificate = ClientCertificate::new();
    let mut tcp = command("echo");
    tcp.env("PLUGIN_UNIX_SOCKET_DIR", "/nowhere")
        .env("PLUGIN_CLIENT_CERT", &certificate.pem);
    let plugin = Plugin::start(tcp);
    assert!(
        plugin.address.starts_with("127.0.0.1:"),
        "{}",
        plugin.address
    );
    let mut client = Client::tls(&plugin, Some(&certificate)).await.unwrap();
    assert!(schema(&mut client).await.is_ok());

    let open = command("echo")
        .env("PLUGIN_UNIX_SOCKET_DIR", "/nowhere")
        .output()
        .unwrap();
    assert_eq!((open.status.code(), open.stdout), (Some(1), Vec::new()));
}

#[tokio::test]
async fn what_is_not_offered_is_answered_properly() {
    let (_plugin, mut client) = pinned("echo").await;
    for method in [
        "OpenEphemeralResource",
        "ListResource",
        "PlanAction",
        "GenerateResourceConfig",
    ] {
        let answer: std::io::Result<()> = client.call(method, &()).await;
        assert!(
            answer.unwrap_err().to_string().contains("status 12"),
            "{method}"
        );
    }
    // Always answered, also by a provider without any identity.
    let request = pb::get_resource_identity_schemas::Request {};
    let identities: pb::get_resource_identity_schemas::Response = client
        .call("GetResourceIdentitySchemas", &request)
        .await
        .unwrap();
    assert!(identities.identity_schemas.is_empty() && identities.diagnostics.is_empty());

    let request = pb::read_resource::Request {
        type_name: "other".to_owned(),
        ..Default::default()
    };
    let answer: pb::read_resource::Response = client.call("ReadResource", &request).await.unwrap();
    assert_eq!(answer.diagnostics[0].summary, "Unknown resource");
}

#[tokio::test]
async fn large_messages_pass() {
    // The request holds it twice, as configured and as planned: just below Terraform's own limit of 256 MiB.
    const BYTES: usize = 127 << 20;
    let (_plugin, mut client) = pinned("probe").await;
    let tags = Value::object([("big", "x".repeat(BYTES).into())]);
    let request = create(thing([("tags", tags)]));
    let answer: pb::apply_resource_change::Response =
        client.call("ApplyResourceChange", &request).await.unwrap();
    assert!(answer.new_state.unwrap().msgpack.len() > BYTES);
}

#[tokio::test]
async fn a_panic_is_a_diagnostic_and_what_exists_is_saved() {
    let (plugin, mut client) = pinned("probe").await;
    let request = create(thing([("panic", true.into()), ("number", Value::from(3))]));
    let answer: pb::apply_resource_change::Response =
        client.call("ApplyResourceChange", &request).await.unwrap();
    let detail = &answer.diagnostics[0].detail;
    assert!(detail.starts_with("ApplyResourceChange of probe_thing panicked: asked to panic"));
    assert!(detail.contains("probe.rs:"), "the place is named: {detail}");
    assert!(
        answer
            .new_state
            .unwrap()
            .msgpack
            .windows(7)
            .any(|w| w == b"id-of-n")
    );
    // The process lives on.
    assert!(schema(&mut client).await.is_ok());
    assert_eq!(plugin.stderr(), "", "a caught panic is no crash");
}

#[tokio::test]
async fn a_stop_reaches_the_handler_and_the_server_goes_on() {
    let (plugin, mut client) = pinned("probe").await;
    let dir = tempfile::tempdir().unwrap();
    let marker = dir.path().join("marker");
    let path = Value::from(marker.to_str().unwrap());
    let request = create(thing([
        ("sleep_ms", Value::from(3_600_000)),
        ("marker", path),
    ]));
    let stopper = async {
        while !marker.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        // What a terminal sends to the whole group; the provider leaves it to Terraform.
        signal("INT", plugin.id());
    };
    let mut second = client.clone();
    let stop = async {
        stopper.await;
        let request = pb::stop_provider::Request {};
        second
            .call::<_, pb::stop_provider::Response>("StopProvider", &request)
            .await
            .unwrap();
    };
    let (answer, ()) = tokio::join!(
        client.call::<_, pb::apply_resource_change::Response>("ApplyResourceChange", &request),
        stop
    );
    let answer = answer.unwrap();
    assert_eq!(answer.diagnostics[0].summary, "Stopped early");
    assert_eq!(
        answer.diagnostics[0].severity,
        pb::diagnostic::Severity::Warning as i32
    );
    assert!(schema(&mut client).await.is_ok());
}

#[tokio::test]
async fn a_lost_connection_does_not_drop_a_running_create() {
    let (plugin, client) = pinned("probe").await;
    let dir = tempfile::tempdir().unwrap();
    let marker = dir.path().join("marker");
    let path = Value::from(marker.to_str().unwrap());
    let request = create(thing([("sleep_ms", Value::from(300)), ("marker", path)]));
    let mut caller = client.clone();
    let call = tokio::spawn(async move {
        let _: std::io::Result<pb::apply_resource_change::Response> =
            caller.call("ApplyResourceChange", &request).await;
    });
    let says = |word: &str| {
        let text = std::fs::read_to_string(&marker).unwrap_or_default();
        text.starts_with(word).then_some(())
    };
    while says("started").is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    call.abort();
    client.cut();
    eventually("the create finished", || says("finished"));
    assert!(
        is_running(plugin.id()),
        "its parent is alive, so it waits for the next connection"
    );
}

#[tokio::test]
async fn a_shutdown_ends_the_process_and_removes_the_socket() {
    for by_signal in [false, true] {
        let (mut plugin, mut client) = pinned("echo").await;
        if by_signal {
            signal("TERM", plugin.id());
        } else {
            let () = client
                .path("/plugin.GRPCController/Shutdown", &())
                .await
                .unwrap();
        }
        drop(client);
        let status = eventually("the provider ended", || plugin.child.try_wait().unwrap());
        assert!(status.success());
        assert!(!Path::new(&plugin.address).parent().unwrap().exists());
    }
}

#[tokio::test]
async fn log_lines_are_hclog_and_hold_no_values() {
    let certificate = ClientCertificate::new();
    let mut logging = command("probe");
    logging
        .env("PLUGIN_CLIENT_CERT", &certificate.pem)
        .env("TF_LOG", "TRACE");
    let plugin = Plugin::start(logging);
    let mut client = Client::tls(&plugin, Some(&certificate)).await.unwrap();
    let request = pb::configure_provider::Request {
        terraform_version: "1.2.3".to_owned(),
        ..Default::default()
    };
    let _: pb::configure_provider::Response =
        client.call("ConfigureProvider", &request).await.unwrap();
    let request = create(thing([(
        "tags",
        Value::object([("password", "s3cret".into())]),
    )]));
    let _: pb::apply_resource_change::Response =
        client.call("ApplyResourceChange", &request).await.unwrap();

    let stderr = plugin.stderr();
    assert!(!stderr.contains("s3cret"), "{stderr}");
    let lines: Vec<serde_json::Value> = stderr
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let configured = lines
        .iter()
        .find(|line| line["@message"] == "configured")
        .unwrap();
    assert_eq!(configured["@level"], "info");
    assert_eq!(configured["@module"], "probe");
    assert_eq!(configured["rpc"], "ConfigureProvider");
    assert_eq!(configured["version"], "1.2.3");
    for line in &lines {
        for key in ["@level", "@message", "@module", "@timestamp"] {
            assert!(line[key].is_string(), "{line}");
        }
    }
}

#[test]
fn without_tf_log_nothing_is_logged() {
    let plugin = Plugin::start(command("probe"));
    let mut plugin = plugin;
    signal("TERM", plugin.id());
    eventually("the provider ended", || plugin.child.try_wait().unwrap());
    let mut text = String::new();
    plugin
        .child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "");
}
