//! A key is in the request that needs it, and nowhere else: not in an answer, a warning, a log line at any
//! level, or what `Debug` shows. Services echo keys; nothing of that comes through.

use std::sync::{Mutex, OnceLock, PoisonError};

use grid::{SourceName, What};
use tracing_subscriber::layer::SubscriberExt;

use crate::server::{Reply, Seen, Server};
use crate::trouble::{SERVICES, ask, settings, well};

const SECRETS: [&str; 4] = [
    "the-api-key",
    "watt-password",
    "watt-token-1",
    "dXNlcjp3YXR0LXBhc3N3b3Jk",
];

/// Everything that is logged in this process, by any crate, at any level.
#[derive(Clone, Copy)]
struct Log;

fn lines() -> &'static Mutex<Vec<String>> {
    static LINES: OnceLock<Mutex<Vec<String>>> = OnceLock::new();
    LINES.get_or_init(Mutex::default)
}

struct Fields(String);

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!(" {}={value:?}", field.name());
    }
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Log {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let mut fields = Fields(event.metadata().target().to_owned());
        event.record(&mut fields);
        lines()
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fields.0);
    }

    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        let mut fields = Fields(attributes.metadata().name().to_owned());
        attributes.record(&mut fields);
        lines()
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fields.0);
    }
}

/// A refusal that holds everything that came with the request.
fn echo(status: u16, seen: &Seen) -> Reply {
    let heard = format!("{} {:?}", seen.target, seen.headers).replace(['"', '\\'], "'");
    Reply::status(
        status,
        format!(r#"{{"error":{{"code":"{heard}"}},"message":"{heard}"}}"#),
    )
}

#[tokio::test]
async fn a_key_shows_up_nowhere() {
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Log));
    let mut shown = Vec::new();
    for (source, region) in SERVICES {
        for status in [200, 400, 401, 403, 404, 429, 503] {
            let server = Server::start(move |seen, _| {
                let login = seen.path == "/login" && status != 401;
                match status {
                    200 => well(source, seen),
                    _ if login => well(source, seen),
                    _ => echo(status, seen).with("retry-after", "0"),
                }
            })
            .await;
            let settings = settings(source, server.url());
            shown.push(format!("{settings:?}"));
            let grid = grid::Grid::new(settings.clone()).expect("legal");
            shown.push(format!("{grid:?} {grid:#?}"));
            let answers = ask(settings, &[region], What::Latest).await;
            assert_eq!(
                answers.warnings.is_empty(),
                status == 200,
                "{source:?} {status}"
            );
            shown.push(format!("{answers:?}"));
            shown.extend(answers.warnings.iter().map(ToString::to_string));
            // It was really sent.
            let sent = server.seen().iter().any(|seen| {
                let all = format!("{seen:?}");
                SECRETS.iter().any(|secret| all.contains(secret))
            });
            let needs_none = [SourceName::GbCarbonIntensity, SourceName::CarbonAwareSdk];
            assert_eq!(sent, !needs_none.contains(&source), "{source:?}");
        }
    }
    let lines = lines().lock().unwrap_or_else(PoisonError::into_inner);
    assert!(
        lines.iter().any(|line| line.contains("answered")),
        "nothing was logged"
    );
    for text in shown.iter().chain(lines.iter()) {
        for secret in SECRETS {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
