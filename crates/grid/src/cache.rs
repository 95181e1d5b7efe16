//! Answers kept on disk, for data sources that may read them again within minutes. Never needed: whatever goes
//! wrong here is as if nothing had been kept.
//!
//! A file per answer, named by a digest of what was asked, which holds no secret. Files are written beside
//! their place and renamed into it, so that processes side by side never see half of one.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use catalog::{FactorType, Quality, Series, Signal, SignalKind, UtcSeconds};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Answer, CacheSettings, What};

/// Changes with the form of the files: those of another form are not read.
const FORM: u64 = 1;
/// Longer files are none of ours.
const MOST_FILE_BYTES: u64 = 8 << 20;
/// Files that were written so long before the newest are removed.
const MOST_AGE: Duration = Duration::from_secs(7 * 24 * 3600);
/// A file under construction that is this old was left by a process that died.
const MOST_BUILDING: Duration = Duration::from_secs(600);

/// A folder of answers.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    ttl_s: i64,
    most_bytes: u64,
    /// What all questions of these settings have in common: source, address, kind, factors.
    common: String,
}

impl Cache {
    /// `None` where this machine has no folder for it, or nothing may be kept.
    pub(crate) fn new(settings: &CacheSettings, common: String) -> Option<Self> {
        let ttl_s = i64::try_from(settings.ttl.as_secs()).unwrap_or(i64::MAX);
        let folder = settings.folder.clone().or_else(usual_folder)?;
        (ttl_s > 0 && settings.most_bytes > 0).then_some(Self {
            folder,
            ttl_s,
            most_bytes: settings.most_bytes,
            common,
        })
    }

    /// The answer that was kept for a zone, while it is good.
    pub(crate) fn get(&self, zone: &str, what: What, now: UtcSeconds) -> Option<Answer> {
        let path = self.path(zone, what);
        if std::fs::metadata(&path).ok()?.len() > MOST_FILE_BYTES {
            return None;
        }
        let document: Value = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
        let kept_at = document.get("kept_at")?.as_i64()?;
        let good = document.get("form")?.as_u64()? == FORM
            && document.get("zone")?.as_str()? == zone
            && (0..self.ttl_s).contains(&(now.0 - kept_at));
        if good { read(&document) } else { None }
    }

    /// Keeps an answer.
    pub(crate) fn put(&self, zone: &str, what: What, now: UtcSeconds, answer: &Answer) {
        let bytes = write(zone, now, answer).to_string().into_bytes();
        if bytes.len() as u64 > MOST_FILE_BYTES.min(self.most_bytes)
            || create(&self.folder).is_err()
        {
            return;
        }
        let path = self.path(zone, what);
        let building = self.folder.join(building_name());
        let written =
            std::fs::write(&building, bytes).and_then(|()| std::fs::rename(&building, &path));
        if written.is_err() {
            let _ = std::fs::remove_file(&building);
            return;
        }
        self.tidy(&path);
    }

    fn path(&self, zone: &str, what: What) -> PathBuf {
        let hours = match what {
            What::Latest => "latest".to_owned(),
            What::Forecast { from, until } => format!("forecast {} {}", from.0, until.0),
            What::History { from, until } => format!("history {} {}", from.0, until.0),
        };
        let mut digest = Sha256::new();
        for part in [FORM.to_string().as_str(), &self.common, zone, &hours] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let name: String = digest
            .finalize()
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.folder.join(format!("{name}.json"))
    }

    /// Removes what is old, and then the oldest until the rest is small enough. Ages are held against the file
    /// that was just written: no clock is read.
    fn tidy(&self, newest: &Path) {
        let Some(now) = modified(newest) else { return };
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return;
        };
        let mut kept: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            let (Some(at), Ok(data)) = (modified(&path), entry.metadata()) else {
                continue;
            };
            let age = now.duration_since(at).unwrap_or_default();
            match ending {
                Some("building") if age > MOST_BUILDING => drop(std::fs::remove_file(&path)),
                Some("json") if age > MOST_AGE => drop(std::fs::remove_file(&path)),
                Some("json") => kept.push((at, data.len(), path)),
                _ => {}
            }
        }
        kept.sort();
        let mut bytes: u64 = kept.iter().map(|(_, length, _)| length).sum();
        for (_, length, path) in kept {
            if bytes <= self.most_bytes {
                return;
            }
            if path != newest && std::fs::remove_file(&path).is_ok() {
                bytes -= length;
            }
        }
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

/// A name that no other process and no other task has.
fn building_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{count}.building", std::process::id())
}

/// `XDG_CACHE_HOME`, `~/.cache` or, on Windows, `LOCALAPPDATA`; relative paths are no cache, as XDG says.
fn usual_folder() -> Option<PathBuf> {
    let variable = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let home = || variable("HOME").map(|home| home.join(".cache"));
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else {
        variable("XDG_CACHE_HOME").or_else(home)
    };
    Some(base?.join("terraform-provider-sustainable").join("signals"))
}

/// The folder, for its owner alone.
fn create(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn write(zone: &str, now: UtcSeconds, answer: &Answer) -> Value {
    let Answer {
        signal,
        renewable_percent,
        fallback: _,
        remarks,
    } = answer;
    json!({
        "form": FORM,
        "kept_at": now.0,
        "zone": zone,
        "source": signal.source,
        "signal_zone": signal.zone,
        "kind": signal.kind.as_str(),
        "factor_type": signal.factor_type.as_str(),
        "quality": signal.quality.as_str(),
        "issued_at": signal.issued_at.map(|at| at.0),
        "estimated": signal.estimated,
        "start": signal.series.start().0,
        "step_s": signal.series.step_s(),
        "values": signal.series.values(),
        "ranges": signal.series.ranges(),
        "renewable_percent": renewable_percent,
        "remarks": remarks,
    })
}

fn read(document: &Value) -> Option<Answer> {
    let text = |name: &str| document.get(name)?.as_str();
    let numbers = |value: &Value| {
        value
            .as_array()?
            .iter()
            .map(Value::as_f64)
            .collect::<Option<Vec<f64>>>()
    };
    let step_s = u32::try_from(document.get("step_s")?.as_u64()?).ok()?;
    let start = UtcSeconds(document.get("start")?.as_i64()?);
    let mut series = Series::new(start, step_s, numbers(document.get("values")?)?).ok()?;
    let ranges = document.get("ranges")?.as_array()?;
    if !ranges.is_empty() {
        let ranges = ranges
            .iter()
            .map(|range| <[f64; 2]>::try_from(numbers(range)?).ok());
        series = series
            .with_ranges(ranges.collect::<Option<Vec<_>>>()?)
            .ok()?;
    }
    let kinds = [SignalKind::Average, SignalKind::Marginal];
    let factor_types = [
        FactorType::LifeCycle,
        FactorType::Direct,
        FactorType::Unknown,
    ];
    let qualities = [
        Quality::Annual,
        Quality::Profile,
        Quality::Forecast,
        Quality::Live,
    ];
    let remarks = document.get("remarks")?.as_array()?.iter();
    Some(Answer {
        signal: Signal {
            source: text("source")?.to_owned(),
            zone: text("signal_zone")?.to_owned(),
            kind: kinds
                .into_iter()
                .find(|kind| Some(kind.as_str()) == text("kind"))?,
            factor_type: factor_types
                .into_iter()
                .find(|kind| Some(kind.as_str()) == text("factor_type"))?,
            quality: qualities
                .into_iter()
                .find(|quality| Some(quality.as_str()) == text("quality"))?,
            issued_at: document.get("issued_at")?.as_i64().map(UtcSeconds),
            estimated: document.get("estimated")?.as_bool()?,
            series,
        },
        renewable_percent: document.get("renewable_percent")?.as_f64(),
        fallback: false,
        remarks: remarks
            .map(|remark| remark.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()?,
    })
}
