//! Which container image a framework or built-in algorithm means in a region.

use std::fmt;

use crate::{InstanceType, Region};

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

/// The image of a `framework` (`pytorch:2.x`; `None` = the newest PyTorch) on a type in a region.
///
/// # Errors
/// When the framework is unknown, has no image for that kind of type, or no registry there.
pub fn resolve(
    framework: Option<&str>,
    _instance_type: &InstanceType,
    region: &Region,
) -> Result<Image, NoImage> {
    Err(NoImage {
        message: format!("no image of {framework:?} in {}", region.name),
    })
}

/// The image of a built-in `algorithm` (`xgboost:1.7-1`) in a region.
///
/// # Errors
/// When the algorithm is unknown or has no registry there.
pub fn resolve_algorithm(algorithm: &str, region: &Region) -> Result<Image, NoImage> {
    Err(NoImage {
        message: format!("no image of {algorithm} in {}", region.name),
    })
}

/// Fills `{region}`, `{account}` and `{suffix}` of a `training_image`.
///
/// # Errors
/// When a placeholder is unknown or has no value in the region.
pub fn expand(template: &str, region: &Region) -> Result<String, NoImage> {
    let _ = region;
    Ok(template.to_owned())
}

/// The literal region of a private registry URI, if it names one.
#[must_use]
pub fn literal_region(uri: &str) -> Option<&str> {
    let host = uri.split('/').next()?;
    let (_, rest) = host.split_once(".dkr.ecr.")?;
    let region = rest.split('.').next()?;
    (!region.is_empty() && !region.contains('{')).then_some(region)
}
