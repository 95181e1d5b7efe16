//! The name that a user probably meant.

/// The nearest of `names`, when it is near enough to be a slip of the pen.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.trim().to_lowercase().replace(['_', ' '], "-");
    let wanted = plain(wanted);
    let allowed = 1 + wanted.chars().count() / 4;
    names
        .into_iter()
        .map(|name| {
            let other = plain(name);
            let distance = strsim::osa_distance(&wanted, &other);
            // A name that only lacks its beginning or end: `p4d.24xlarge`, `carbon`.
            let part =
                wanted.len() >= 4 && (other.ends_with(&wanted) || other.starts_with(&wanted));
            (if part { distance.min(1) } else { distance }, name)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

/// ` Did you mean "..."?`, or nothing.
pub(crate) fn did_you_mean<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wanted, names).map_or_else(String::new, |name| format!(" Did you mean \"{name}\"?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_found_and_strangers_are_not() {
        let names = [
            "ml.p4d.24xlarge",
            "ml.p4de.24xlarge",
            "ml.p5.48xlarge",
            "eu-north-1",
            "us-east-1",
            "us-east-2",
            "carbon_optimized",
            "cost_optimized",
        ];
        for (wanted, found) in [
            ("ml.p4.24xlarge", Some("ml.p4d.24xlarge")),
            ("p4d.24xlarge", Some("ml.p4d.24xlarge")),
            ("ML.P5.48XLARGE", Some("ml.p5.48xlarge")),
            ("eu_north_1", Some("eu-north-1")),
            ("eu-nort-1", Some("eu-north-1")),
            ("us-east-3", Some("us-east-1")),
            ("carbon", Some("carbon_optimized")),
            ("carbon-optimised", Some("carbon_optimized")),
            ("fast", None),
            ("", None),
        ] {
            assert_eq!(nearest(wanted, names), found, "{wanted}");
        }
    }
}
