//! Which container image a run uses where it was decided to run.

use catalog::{Catalog, images};
use schemas::ml_training::Config;
use tfplugin::{Attr, Diagnostic, Value};

use crate::text::sentence;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Container {
    /// An image by its final URI.
    Image(String),
    /// An algorithm by its ARN.
    AlgorithmArn(String),
    /// There is no code to run.
    None,
    /// It depends on a value that is known only after apply.
    Unknown,
}

impl Container {
    /// `training_image_resolved`.
    pub(crate) fn image(&self) -> Attr<String> {
        match self {
            Self::Image(uri) => Attr::Known(uri.clone()),
            Self::AlgorithmArn(_) | Self::None => Attr::Null,
            Self::Unknown => Attr::Unknown,
        }
    }
}

/// A framework or a built-in algorithm that there is nowhere, on no type: a mistake, not a place that does not fit.
pub(crate) fn unknown(config: &Value) -> Option<Diagnostic> {
    let given = |name: &str| config.get(name).as_str().map(str::to_owned);
    let framework = given("framework").and_then(|text| images::check_framework(&text).err());
    let algorithm = given("algorithm")
        .filter(|text| !text.starts_with("arn:"))
        .and_then(|text| images::check_algorithm(&text).err());
    let (name, found) = match (framework, algorithm) {
        (Some(found), _) => ("framework", found),
        (None, Some(found)) => ("algorithm", found),
        (None, None) => return None,
    };
    let summary = format!("Invalid {name}");
    let detail = found.message.replacen("unknown", "Unknown", 1);
    Some(Diagnostic::error(summary, sentence(&detail)).at(name))
}

/// Whether there is something to run; unknown while that hangs on a value known only after apply.
pub(crate) fn has_code(config: &Config) -> Attr<bool> {
    let code = [
        &config.algorithm,
        &config.training_image,
        &config.source_dir,
        &config.source_s3_uri,
    ];
    if code
        .iter()
        .any(|attribute| attribute.as_ref().known().is_some())
    {
        Attr::Known(true)
    } else if code.iter().any(|attribute| attribute.is_unknown()) {
        Attr::Unknown
    } else {
        Attr::Known(false)
    }
}

/// The container of a run of `instance_type` in `region`.
pub(crate) fn container(
    catalog: &Catalog,
    config: &Config,
    region: &str,
    instance_type: &str,
) -> Result<Container, Diagnostic> {
    match has_code(config) {
        Attr::Known(true) => {}
        Attr::Unknown => return Ok(Container::Unknown),
        _ => return Ok(Container::None),
    }
    let entry = config
        .regional
        .as_ref()
        .known()
        .and_then(|regional| regional.get(region));
    let own_image = entry
        .map(|entry| &entry.training_image)
        .filter(|image| !image.is_null());
    let image = own_image.unwrap_or(&config.training_image);
    if image.is_unknown() || config.algorithm.is_unknown() || config.framework.is_unknown() {
        return Ok(Container::Unknown);
    }
    let (Some(place), Some(kind)) = (catalog.region(region), catalog.instance_type(instance_type))
    else {
        return Err(Diagnostic::error(
            "The decided place is not in the catalogue",
            format!(
                "{instance_type} in {region} has no entry in the catalogue, so that no image can be named for it."
            ),
        ));
    };
    let refused = |attribute: &str, error: images::NoImage| {
        Diagnostic::error("No container image", crate::text::sentence(&error.message)).at(attribute)
    };
    if let Some(template) = image.as_ref().known() {
        return images::expand(template, place)
            .map(Container::Image)
            .map_err(|error| refused("training_image", error));
    }
    if let Some(algorithm) = config.algorithm.as_ref().known() {
        if algorithm.starts_with("arn:") {
            return Ok(Container::AlgorithmArn(algorithm.clone()));
        }
        return images::resolve_algorithm(algorithm, place)
            .map(|image| Container::Image(image.uri))
            .map_err(|error| refused("algorithm", error));
    }
    images::resolve(
        config.framework.as_ref().known().map(String::as_str),
        kind,
        place,
    )
    .map(|image| Container::Image(image.uri))
    .map_err(|error| refused("framework", error))
}
