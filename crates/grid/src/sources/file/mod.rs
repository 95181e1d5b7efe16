//! A file of the user's own: CSV (long or wide) or the JSON of the Carbon Aware SDK, `.gz` allowed.

mod check;
mod csv;
mod json;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use catalog::{Catalog, FactorType, SignalKind, UtcSeconds};
use tokio::sync::OnceCell;

use crate::points::{Point, Reading, answer};
use crate::source::{Question, Reason};
use crate::{Answer, Failure, Place, Settings, Source, SourceName, What};

/// A file may be this long, unpacked: a year of five-minute steps for 40 zones has 30 MB.
const MOST_BYTES: u64 = 128 << 20;
/// The name of the only zone of a file that names none.
pub(crate) const UNNAMED: &str = "gco2_per_kwh";

#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    /// What is printed of it.
    name: String,
    kind: SignalKind,
    factor_type: FactorType,
    zones: BTreeMap<String, String>,
    /// Read once, however many zones are asked for.
    content: OnceCell<Result<Arc<Content>, Failure>>,
}

/// What stands in a file, by zone.
#[derive(Debug, Default)]
struct Content {
    zones: BTreeMap<String, Zone>,
}

#[derive(Debug, Default)]
struct Zone {
    points: Vec<Point>,
    step_s: i64,
    issued_at: Option<UtcSeconds>,
    remarks: Vec<String>,
}

impl File {
    pub(super) fn new(settings: &Settings) -> Self {
        let path = settings.path.clone().unwrap_or_default();
        let name = path.file_name().map_or_else(
            || "file".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        Self {
            path,
            name,
            kind: settings.kind_in_force(),
            factor_type: settings.factor_type_in_force(),
            zones: settings.zones.clone(),
            content: OnceCell::new(),
        }
    }

    async fn content(&self) -> Result<Arc<Content>, Failure> {
        self.content
            .get_or_init(|| async {
                let (path, kind) = (self.path.clone(), self.kind);
                let read = tokio::task::spawn_blocking(move || {
                    let text = text(&path)?;
                    parse(&text, kind)
                });
                read.await
                    .unwrap_or_else(|_| {
                        Err(Failure::new(
                            Reason::Unreadable,
                            "reading it was interrupted",
                        ))
                    })
                    .map(Arc::new)
            })
            .await
            .clone()
    }

    /// The zone's values. A file of one zone without a name speaks for whoever asks alone.
    fn find<'a>(&self, content: &'a Content, question: &Question<'_>) -> Result<&'a Zone, Failure> {
        let names: Vec<&str> = std::iter::once(question.zone)
            .chain(
                question
                    .catalog
                    .region(question.zone)
                    .map(|region| region.zone),
            )
            .collect();
        if let Some(zone) = names.iter().find_map(|name| content.zones.get(*name)) {
            return Ok(zone);
        }
        let has: Vec<&str> = content.zones.keys().map(String::as_str).collect();
        if has == [UNNAMED] {
            if question.alone {
                return Ok(&content.zones[UNNAMED]);
            }
            return Err(Failure::new(
                Reason::NotCovered,
                format!(
                    "its only column {UNNAMED} names no zone, and several were asked for: give it the zone's name, as in timestamp_utc,{}",
                    names[names.len() - 1]
                ),
            ));
        }
        let shown = has.iter().take(12).copied().collect::<Vec<_>>().join(", ");
        let more = if has.len() > 12 { ", ..." } else { "" };
        Err(Failure::new(
            Reason::NotCovered,
            format!(
                "it has no column {}; it has {shown}{more}",
                names.join(" or ")
            ),
        ))
    }
}

/// The file's text, unpacked where it is gzip.
fn text(path: &std::path::Path) -> Result<String, Failure> {
    let trouble = |message: String| Failure::new(Reason::Unreadable, message);
    let file = std::fs::File::open(path).map_err(|error| {
        Failure::new(
            Reason::Unreachable,
            format!("{} cannot be opened: {}", path.display(), error.kind()),
        )
    })?;
    let mut bytes = Vec::new();
    let read = |reader: &mut dyn std::io::Read, bytes: &mut Vec<u8>| {
        reader.take(MOST_BYTES + 1).read_to_end(bytes)
    };
    let mut start = [0_u8; 2];
    let mut reader = std::io::BufReader::new(file);
    let packed = {
        let buffer = std::io::BufRead::fill_buf(&mut reader)
            .map_err(|error| trouble(format!("it cannot be read: {}", error.kind())))?;
        start[..buffer.len().min(2)].copy_from_slice(&buffer[..buffer.len().min(2)]);
        start == [0x1f, 0x8b]
    };
    let outcome = if packed {
        read(&mut flate2::read::MultiGzDecoder::new(reader), &mut bytes)
    } else {
        read(&mut reader, &mut bytes)
    };
    outcome.map_err(|error| {
        trouble(if packed {
            "it is packed (gzip), and broken".to_owned()
        } else {
            format!("it cannot be read: {}", error.kind())
        })
    })?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(trouble(format!(
            "it is longer than {} MB",
            MOST_BYTES >> 20
        )));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        trouble(format!("line {line}: it is no UTF-8 text"))
    })?;
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}

fn parse(text: &str, kind: SignalKind) -> Result<Content, Failure> {
    let rows = match text.trim_start().chars().next() {
        None => return Err(Failure::new(Reason::Unreadable, "it is empty")),
        Some('{' | '[') => json::rows(text),
        Some(_) => csv::rows(text),
    };
    let rows = rows.map_err(|message| Failure::new(Reason::Unreadable, message))?;
    let mut content = Content::default();
    for (zone, rows) in rows {
        let checked = check::zone(&zone, rows, kind)
            .map_err(|message| Failure::new(Reason::Unreadable, message))?;
        content.zones.insert(zone, checked);
    }
    Ok(content)
}

#[async_trait]
impl Source for File {
    fn name(&self) -> SourceName {
        SourceName::File
    }

    fn kind(&self) -> SignalKind {
        self.kind
    }

    fn zone(&self, catalog: &Catalog, place: &Place) -> Result<String, Failure> {
        // Columns may be called by region or by zone: which one it is shows when the file is read.
        super::zone(&self.zones, catalog, place, |region| {
            Some(region.name.to_owned())
        })
    }

    async fn ask(&self, question: Question<'_>) -> Result<Answer, Failure> {
        let content = self.content().await?;
        let zone = self.find(&content, &question)?;
        if let (What::Forecast { from, .. }, Some(last)) = (question.what, zone.points.last())
            && last.at.0 + zone.step_s <= from.0
        {
            let end = crate::moment::full(UtcSeconds(last.at.0 + zone.step_s));
            return Err(Failure::new(
                Reason::CannotGive,
                format!("it ends at {end}, before the hours that were asked for"),
            ));
        }
        let reading = Reading {
            source: &self.name,
            zone: question.zone,
            kind: self.kind,
            factor_type: self.factor_type,
            issued_at: zone.issued_at,
            points: zone.points.clone(),
            step_s: Some(zone.step_s),
            // The hour under way has to be in it: a file does not say when its next value comes.
            latest_age_s: 0,
            remarks: zone.remarks.clone(),
        };
        answer(reading, question.what, question.now)
    }
}
