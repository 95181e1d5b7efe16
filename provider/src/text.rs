//! Numbers and lists as people read them.

/// Three significant digits as a number: what a plan shows and a postcondition compares.
pub(crate) fn three(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// Text that cannot become markup, in content and in attributes.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Three significant digits with thousands separated: `1,510`, `15.3`, `0.012`.
pub(crate) fn figure(value: f64) -> String {
    let rounded = three(value);
    let plain = format!("{rounded}");
    let (sign, digits) = plain
        .strip_prefix('-')
        .map_or(("", plain.as_str()), |rest| ("-", rest));
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{sign}{grouped}.{fraction}"),
        None => format!("{sign}{grouped}"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// A sentence with exactly one full stop at its end, whatever the fragment ended in.
pub(crate) fn sentence(fragment: &str) -> String {
    let trimmed = fragment.trim_end();
    match trimmed.chars().last() {
        None => String::new(),
        Some('.' | '!' | '?' | ':') => trimmed.to_owned(),
        Some(_) => format!("{trimmed}."),
    }
}

#[cfg(test)]
mod tests {
    use super::{figure, list, sentence, three};

    #[test]
    fn figures_have_three_digits_and_thousands() {
        for (value, text) in [
            (0.0, "0"),
            (1507.3, "1,510"),
            (15.349, "15.3"),
            (0.012_34, "0.0123"),
            (-188.4, "-188"),
            (2_345_678.0, "2,350,000"),
            (f64::NAN, "0"),
        ] {
            assert_eq!(figure(value), text, "{value}");
        }
        assert!((three(0.0999_96) - 0.1).abs() < f64::EPSILON);
    }

    #[test]
    fn lists_and_sentences_read_like_english() {
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(sentence("it failed"), "it failed.");
        assert_eq!(sentence("it failed. "), "it failed.");
    }
}
