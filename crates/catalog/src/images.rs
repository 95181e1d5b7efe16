//! Which container image a framework or built-in algorithm means in a region.

use std::fmt;

use crate::generated::{ALGORITHMS, IMAGES, INSTANCE_TYPES, NEURON_REGIONS, REGIONS, REGISTRIES};
use crate::{InstanceType, Kind, Region, nearest};

/// What an image is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    Cpu,
    Gpu,
    Neuron,
    Any,
}

/// One row of `data/images.csv`; the newest of a framework and device stands first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameworkImage {
    pub(crate) framework: &'static str,
    pub(crate) version: &'static str,
    pub(crate) device: Device,
    pub(crate) table: &'static str,
    pub(crate) repository: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) cuda: Option<(u8, u8)>,
    pub(crate) end_of_patch: Option<&'static str>,
}

/// One row of `data/algorithms.csv`; the newest of a name stands first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Algorithm {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) table: &'static str,
    pub(crate) repository: &'static str,
    pub(crate) tag: &'static str,
}

/// A resolved image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-...`.
    pub uri: String,
    /// CUDA version in the image, if it has one.
    pub cuda: Option<(u8, u8)>,
    /// End of the image's patches, `YYYY-MM-DD`, if published.
    pub end_of_patch: Option<&'static str>,
}

/// Why there is no image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoImage {
    /// What was asked, what exists, what to do.
    pub message: String,
}

impl fmt::Display for NoImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for NoImage {}

fn no<T>(message: String) -> Result<T, NoImage> {
    Err(NoImage { message })
}

/// A row of the image table, not yet tied to a region.
#[derive(Clone, Copy, Debug)]
pub struct Choice(&'static FrameworkImage);

impl Choice {
    /// CUDA version in the image, if it has one.
    #[must_use]
    pub fn cuda(&self) -> Option<(u8, u8)> {
        self.0.cuda
    }

    /// Whether there is a registry for it in a region.
    #[must_use]
    pub fn is_published_in(&self, region: &Region) -> bool {
        (self.0.device != Device::Neuron || NEURON_REGIONS.contains(&region.name))
            && account(self.0.table, region).is_ok()
    }

    /// The image in a region.
    ///
    /// # Errors
    /// When there is no registry for it there.
    pub fn in_region(&self, region: &Region) -> Result<Image, NoImage> {
        let row = self.0;
        if row.device == Device::Neuron && !NEURON_REGIONS.contains(&region.name) {
            return no(format!(
                "no Neuron image of {} is published in {}; name your own in training_image",
                row.framework, region.name
            ));
        }
        let account = account(row.table, region)?;
        Ok(Image {
            uri: uri(account, region, row.repository, row.tag),
            cuda: row.cuda,
            end_of_patch: row.end_of_patch,
        })
    }
}

/// The nearest name, as the end of a sentence.
fn meant(name: &str, names: &[&str]) -> String {
    let near = nearest(name, names.iter().copied(), 1);
    near.first()
        .map(|n| format!("; did you mean {n}?"))
        .unwrap_or_default()
}

/// CUDA 13 no longer drives the V100 and what is older.
fn newest_cuda_major(instance_type: &InstanceType) -> u8 {
    match instance_type.accelerator.map(|a| a.key) {
        Some(key) if key.starts_with("V100") || key == "K80" => 12,
        _ => u8::MAX,
    }
}

/// The row that a `framework` (`pytorch:2.x`; `None` = the newest PyTorch) means on a type.
///
/// # Errors
/// When the framework or its version is unknown, or it has no image for that kind of type.
pub fn choose(framework: Option<&str>, instance_type: &InstanceType) -> Result<Choice, NoImage> {
    let (name, version) = match framework {
        None => ("pytorch", None),
        Some(text) => match text.split_once(':') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        },
    };
    if !IMAGES.iter().any(|i| i.framework == name) {
        let mut names: Vec<&str> = IMAGES.iter().map(|i| i.framework).collect();
        names.dedup();
        return no(format!(
            "unknown framework {name:?}, legal: {}{}",
            names.join(", "),
            meant(name, &names)
        ));
    }
    let device = match instance_type.kind {
        Kind::Cpu => Device::Cpu,
        Kind::Cuda => Device::Gpu,
        Kind::Neuron => Device::Neuron,
    };
    let fits = |i: &&FrameworkImage| {
        i.framework == name && (i.device == device || i.device == Device::Any)
    };
    let wanted = version.filter(|v| *v != "2.x" && *v != "x" && *v != "latest");
    let major_only = |i: &&FrameworkImage| {
        version
            .and_then(|v| v.strip_suffix(".x"))
            .is_none_or(|m| i.version.split('.').next() == Some(m))
    };
    let matches = |i: &&FrameworkImage| {
        wanted.is_none_or(|v| {
            i.version == v
                || i.tag.split('-').next() == Some(v)
                || v.strip_suffix(".x")
                    .is_some_and(|m| i.version.split('.').next() == Some(m))
        })
    };
    let most = newest_cuda_major(instance_type);
    let drives = |i: &&FrameworkImage| i.cuda.is_none_or(|(major, _)| major <= most);
    let found = IMAGES
        .iter()
        .filter(fits)
        .filter(major_only)
        .filter(matches)
        .find(drives);
    if let Some(row) = found {
        return Ok(Choice(row));
    }
    let versions: Vec<&str> = IMAGES
        .iter()
        .filter(fits)
        .filter(drives)
        .map(|i| i.version)
        .collect();
    match (version, versions.is_empty()) {
        (_, true) => no(format!(
            "{name} has no image for {} ({}); name your own in training_image",
            instance_type.name,
            instance_type.kind.as_str()
        )),
        (version, false) => no(format!(
            "{name}:{} has no image for {}, known versions: {}; name another one in training_image",
            version.unwrap_or_default(),
            instance_type.name,
            versions.join(", ")
        )),
    }
}

/// Whether there is a `framework` (`pytorch:2.x`) on any type at all.
///
/// # Errors
/// When the framework or its version is unknown.
pub fn check_framework(framework: &str) -> Result<(), NoImage> {
    let tried = INSTANCE_TYPES
        .iter()
        .map(|kind| choose(Some(framework), kind));
    let (name, version) = framework.split_once(':').unwrap_or((framework, ""));
    let mut versions: Vec<&str> = IMAGES
        .iter()
        .filter(|image| image.framework == name)
        .map(|image| image.version)
        .collect();
    let mut last = None;
    for one in tried {
        match one {
            Ok(_) => return Ok(()),
            Err(error) => last = Some(error),
        }
    }
    if versions.is_empty() {
        return last.map_or(Ok(()), Err);
    }
    versions.dedup();
    no(format!(
        "unknown version {version:?} of {name}, legal: {}; name another one in training_image",
        versions.join(", ")
    ))
}

/// Whether there is a built-in `algorithm` (`xgboost:1.7-1`) in any region at all.
///
/// # Errors
/// When the algorithm or its version is unknown.
pub fn check_algorithm(algorithm: &str) -> Result<(), NoImage> {
    let mut tried = REGIONS
        .iter()
        .map(|region| resolve_algorithm(algorithm, region));
    let first = tried.next();
    if tried.any(|one| one.is_ok()) {
        return Ok(());
    }
    first.map_or(Ok(()), |one| one.map(|_| ()))
}

/// The image of a `framework` (`pytorch:2.x`; `None` = the newest PyTorch) on a type in a region.
///
/// # Errors
/// When the framework is unknown, has no image for that kind of type, or no registry there.
pub fn resolve(
    framework: Option<&str>,
    instance_type: &InstanceType,
    region: &Region,
) -> Result<Image, NoImage> {
    choose(framework, instance_type)?.in_region(region)
}

/// The image of a built-in `algorithm` (`xgboost:1.7-1`) in a region.
///
/// # Errors
/// When the algorithm is unknown or has no registry there.
pub fn resolve_algorithm(algorithm: &str, region: &Region) -> Result<Image, NoImage> {
    let (name, version) = match algorithm.split_once(':') {
        Some((name, version)) => (name, Some(version)),
        None => (algorithm, None),
    };
    let mut versions = ALGORITHMS.iter().filter(|a| a.name == name).peekable();
    if versions.peek().is_none() {
        let mut names: Vec<&str> = ALGORITHMS.iter().map(|a| a.name).collect();
        names.dedup();
        return no(format!(
            "unknown algorithm {name:?}, legal: {}{}",
            names.join(", "),
            meant(name, &names)
        ));
    }
    let known: Vec<&str> = versions.clone().map(|a| a.version).collect();
    match versions.find(|a| version.is_none_or(|v| v == a.version)) {
        Some(row) => {
            let account = account(row.table, region)?;
            Ok(Image {
                uri: uri(account, region, row.repository, row.tag),
                cuda: None,
                end_of_patch: None,
            })
        }
        None => no(format!(
            "unknown version {:?} of {name}, legal: {}",
            version.unwrap_or_default(),
            known.join(", ")
        )),
    }
}

fn account(table: &str, region: &Region) -> Result<&'static str, NoImage> {
    REGISTRIES
        .iter()
        .find(|(name, _)| *name == table)
        .and_then(|(_, accounts)| accounts.iter().find(|(name, _)| *name == region.name))
        .map(|(_, account)| *account)
        .ok_or_else(|| NoImage {
            message: format!(
                "the registry of {} images has no account in {}; name your own in training_image",
                table.replace('_', " "),
                region.name
            ),
        })
}

fn uri(account: &str, region: &Region, repository: &str, tag: &str) -> String {
    format!(
        "{account}.dkr.ecr.{}.{}/{repository}:{tag}",
        region.name,
        region.dns_suffix()
    )
}

/// Fills `{region}`, `{account}` (AWS's registry of deep learning images) and `{suffix}` of a
/// `training_image`.
///
/// # Errors
/// When a placeholder is unknown or has no value in the region.
pub fn expand(template: &str, region: &Region) -> Result<String, NoImage> {
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            return no(format!("training_image {template:?}: a {{ without its }}"));
        };
        match name {
            "region" => out.push_str(region.name),
            "suffix" => out.push_str(region.dns_suffix()),
            "account" => out.push_str(account("deep_learning", region)?),
            other => {
                return no(format!(
                    "training_image {template:?}: unknown placeholder {{{other}}}, legal: {{region}}, {{account}}, {{suffix}}"
                ));
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// The literal region of a private registry URI, if it names one.
#[must_use]
pub fn literal_region(uri: &str) -> Option<&str> {
    let host = uri.split('/').next()?;
    let (_, rest) = host.split_once(".dkr.ecr.")?;
    let region = rest.split('.').next()?;
    (!region.is_empty() && !region.contains('{')).then_some(region)
}
