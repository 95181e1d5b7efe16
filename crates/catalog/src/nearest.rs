//! Near misses: what a mistyped name was probably meant to be.

/// The names closest to `wanted`, best first, at most `most`; none that is too far off.
#[must_use]
pub fn nearest<'a>(
    wanted: &str,
    names: impl Iterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    let wanted = wanted.to_ascii_lowercase();
    let limit = (wanted.chars().count() / 3).clamp(2, 5);
    let mut near: Vec<(usize, &str)> = names
        .map(|name| (distance(&wanted, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.truncate(most);
    near.into_iter().map(|(_, name)| name).collect()
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        assert_eq!(
            nearest("ml.p4.24xlarge", crate::instance_type_names(), 1),
            ["ml.p4d.24xlarge"]
        );
        assert_eq!(
            nearest("eu-nort-1", crate::region_names(), 1),
            ["eu-north-1"]
        );
        assert!(nearest("zebra", crate::region_names(), 3).is_empty());
    }
}
