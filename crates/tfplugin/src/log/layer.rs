//! A tracing layer that writes hclog's JSON lines.

use std::{fmt, io::Write};

use serde_json::{Map, Value as Json};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, Scope},
};

use super::clock;

/// Longer texts are cut: a line of 64 KiB or more would be torn apart by the reader.
const MAX_TEXT_BYTES: usize = 8 << 10;
/// Lines that are still longer lose their fields.
const MAX_LINE_BYTES: usize = 60 << 10;

/// Writes each event as one line, with the fields of the spans around it.
pub(super) struct HclogLayer<W> {
    level: LevelFilter,
    targets: Vec<String>,
    out: fn() -> W,
}

impl<W: Write + 'static> HclogLayer<W> {
    /// Lets through the events of this crate and of the crates in `targets`, up to `level`.
    pub(super) fn new(level: LevelFilter, targets: &[String], out: fn() -> W) -> Self {
        let own = env!("CARGO_CRATE_NAME").to_owned();
        let targets = targets.iter().cloned().chain([own]).collect();
        Self {
            level,
            targets,
            out,
        }
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let root = metadata.target().split("::").next().unwrap_or_default();
        *metadata.level() <= self.level && self.targets.iter().any(|target| target == root)
    }
}

/// The fields of a span, kept until its events need them.
struct SpanFields(Map<String, Json>);

impl<S, W> Layer<S> for HclogLayer<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanFields(fields.fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(span) = context.span(id)
            && let Some(kept) = span.extensions_mut().get_mut::<SpanFields>()
        {
            kept.0.extend(fields.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(Scope::from_root)
        {
            if let Some(kept) = span.extensions().get::<SpanFields>() {
                fields.fields.extend(kept.0.clone());
            }
        }
        event.record(&mut fields);
        let metadata = event.metadata();
        let line = line(
            *metadata.level(),
            metadata.target(),
            &fields.message,
            fields.fields,
        );
        // The reader may be gone: Terraform was killed. There is nobody left to tell.
        let _ = (self.out)().write_all(line.as_bytes());
    }
}

/// One line. `@level`, `@message` and `@timestamp` have to be strings, or the reader panics.
fn line(level: Level, module: &str, message: &str, mut fields: Map<String, Json>) -> String {
    let level = match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    };
    let mut object = Map::new();
    object.insert("@level".into(), level.into());
    object.insert("@message".into(), message.into());
    object.insert("@module".into(), module.replace("::", ".").into());
    object.insert("@timestamp".into(), clock::now().into());
    let bare = object.clone();
    object.append(&mut fields);
    let mut line = Json::Object(object).to_string();
    if line.len() > MAX_LINE_BYTES {
        line = Json::Object(bare).to_string();
    }
    line.push('\n');
    line
}

/// Collects the message and the fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    fields: Map<String, Json>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Json) {
        // A leading @ is hclog's own.
        let name = field.name().trim_start_matches('@');
        self.fields.insert(name.to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, flag: bool) {
        self.put(field, flag.into());
    }

    fn record_i64(&mut self, field: &Field, number: i64) {
        self.put(field, number.into());
    }

    fn record_u64(&mut self, field: &Field, number: u64) {
        self.put(field, number.into());
    }

    fn record_f64(&mut self, field: &Field, number: f64) {
        self.put(field, number.into());
    }

    fn record_str(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            self.message = cut(text);
        } else {
            self.put(field, cut(text).into());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// The text, or its beginning if it is too long.
fn cut(text: &str) -> String {
    match text.len() {
        0..=MAX_TEXT_BYTES => text.to_owned(),
        length => format!(
            "{}... ({length} bytes)",
            &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

    struct Sink;

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            WRITTEN.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_what_terraform_reads() {
        let layer = HclogLayer::new(LevelFilter::INFO, &["mine".to_owned()], || Sink);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let _span = tracing::info_span!("call", rpc = "PlanResourceChange").entered();
            tracing::info!(jobs = 3, what = %"x".repeat(100_000), "two\nlines");
            tracing::debug!("below the level");
            tracing::error!(target: "mine::inner", "named crate");
            tracing::error!(target: "hyper", secret = "s3cret", "another crate");
        });
        let written = String::from_utf8(WRITTEN.lock().unwrap().clone()).unwrap();
        let lines: Vec<Json> = written
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "{written}");
        assert_eq!(lines[0]["@level"], "info");
        assert_eq!(lines[0]["@message"], "two\nlines");
        assert_eq!(lines[0]["@module"], "tfplugin.log.layer.tests");
        assert_eq!(lines[0]["rpc"], "PlanResourceChange");
        assert_eq!(lines[0]["jobs"], 3);
        assert_eq!(lines[0]["@timestamp"].as_str().unwrap().len(), 27);
        assert!(
            lines[0]["what"]
                .as_str()
                .unwrap()
                .ends_with("xxx... (100000 bytes)")
        );
        assert_eq!(lines[1]["@module"], "mine.inner");
    }
}
