//! Numbers and lines as a reviewer reads them: three significant digits.

/// Three significant digits, thousands separated: `15.3`, `1,510`, `0.0123`.
pub(crate) fn sig3(x: f64) -> String {
    significant(x, 3)
}

/// Two significant digits, for the ends of a range.
pub(crate) fn sig2(x: f64) -> String {
    significant(x, 2)
}

fn significant(x: f64, digits: i32) -> String {
    if x == 0.0 || !x.is_finite() {
        return if x == 0.0 {
            "0".to_owned()
        } else {
            "unknown".to_owned()
        };
    }
    let magnitude = |x: f64| x.abs().log10().floor() as i32;
    let scale = |m: i32| 10.0_f64.powi(digits - 1 - m);
    let mut m = magnitude(x);
    let mut rounded = (x * scale(m)).round() / scale(m);
    if magnitude(rounded) != m {
        m = magnitude(rounded);
        rounded = (x * scale(m)).round() / scale(m);
    }
    let decimals = (digits - 1 - m).clamp(0, 12) as usize;
    grouped(&format!("{rounded:.decimals$}"))
}

/// A limit as the user writes it: no separators, so that it can be copied.
pub(crate) fn plain(x: f64) -> String {
    let text = format!("{x:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The next greater number of three significant digits: a limit that lets it pass.
pub(crate) fn round_up(x: f64) -> f64 {
    if x <= 0.0 || !x.is_finite() {
        return x;
    }
    let scale = 10.0_f64.powi(2 - x.log10().floor() as i32);
    (x * scale).ceil() / scale
}

fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |d| ("-", d));
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut out = String::with_capacity(text.len() + 4);
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    match fraction {
        Some(fraction) => format!("{sign}{out}.{fraction}"),
        None => format!("{sign}{out}"),
    }
}

/// Hours: whole ones from ten on.
pub(crate) fn hours(x: f64) -> String {
    if x >= 9.95 {
        format!("{} h", grouped(&format!("{x:.0}")))
    } else {
        format!("{} h", sig2(x))
    }
}

/// A signed change in percent.
pub(crate) fn percent(x: f64) -> String {
    let text = if x.abs() >= 999.5 {
        sig3(x)
    } else if x.abs() >= 9.95 {
        format!("{x:.0}")
    } else if x.abs() >= 0.95 {
        format!("{x:.1}")
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    } else {
        format!("{x:.1}")
    };
    let text = if text == "-0.0" || text == "0.0" {
        "0".to_owned()
    } else {
        text
    };
    if x > 0.0 && text != "0" {
        format!("+{text} %")
    } else {
        format!("{text} %")
    }
}

/// A signed amount of money; cents below one dollar.
pub(crate) fn money(x: f64) -> String {
    let amount = if x.abs() < 0.995 {
        format!("{x:.2}")
    } else {
        sig3(x)
    };
    if x > 0.0 {
        format!("+{amount} USD")
    } else {
        format!("{amount} USD")
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{hours, money, percent, plain, round_up, sig2, sig3};

    #[test]
    fn numbers_are_short_and_honest() {
        let three: Vec<String> = [15.326, 1505.2, 0.012_34, 999.96, 359.5, 0.0, 203.27, -3.274]
            .iter()
            .map(|x| sig3(*x))
            .collect();
        assert_eq!(
            three,
            [
                "15.3", "1,510", "0.0123", "1,000", "360", "0", "203", "-3.27"
            ]
        );
        assert_eq!([sig2(10.98), sig2(24.98), sig2(0.55)], ["11", "25", "0.55"]);
        assert_eq!(
            [hours(49.38), hours(2.34), hours(9.99)],
            ["49 h", "2.3 h", "10 h"]
        );
        assert_eq!(
            [
                percent(-92.46),
                percent(67.1),
                percent(-0.41),
                percent(0.01)
            ],
            ["-92 %", "+67 %", "-0.4 %", "0 %"]
        );
        assert_eq!(
            [plain(50.0), plain(0.25), plain(12_000.0)],
            ["50", "0.25", "12000"]
        );
        assert_eq!([money(3.274), money(-1270.0)], ["+3.27 USD", "-1,270 USD"]);
        assert!(round_up(15.326) >= 15.326 && round_up(15.326) < 15.5);
    }
}
