//! Exact numbers.
//!
//! Terraform computes with 512-bit floats and re-reads its state at that precision. A binary64
//! `0.1` is another number than the `0.1` in the state file: what is calculated from it differs
//! before and after. So a number that is no 64-bit integer stays decimal text from the wire to the
//! wire (pitfall P18).

use std::{cmp::Ordering, fmt, str::FromStr};

/// A number: a 64-bit integer, or decimal text.
///
/// Equality is numeric for the forms that [`Number::parse`] and [`Number::from_f64`] make: each
/// number that fits has the one form `Int`, each above `i64::MAX` that fits the form `Uint`.
#[derive(Clone, Debug)]
pub enum Number {
    /// A whole number that fits.
    Int(i64),
    /// A whole number above `i64::MAX` that fits.
    Uint(u64),
    /// Anything else, in decimal notation.
    Dec(String),
}

impl Number {
    /// The shortest decimal text that reads back as the same `f64`; never an exponent.
    /// `None` for NaN and the infinities, which Terraform does not have.
    pub fn from_f64(number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        // Display prints every digit and no exponent, and "-0" for a negative zero.
        if number == 0.0 {
            return Some(Self::Int(0));
        }
        Self::parse(&number.to_string())
    }

    /// Reads decimal text as it stands in HCL, JSON or msgpack: `1`, `-0.25`, `1e6`.
    pub fn parse(text: &str) -> Option<Self> {
        if !is_decimal(text) {
            return None;
        }
        Some(
            text.parse()
                .map(Self::Int)
                .or_else(|_| text.parse().map(Self::Uint))
                .unwrap_or_else(|_| Self::Dec(text.to_owned())),
        )
    }

    /// The nearest `f64`.
    pub fn as_f64(&self) -> f64 {
        match self {
            Self::Int(number) => *number as f64,
            Self::Uint(number) => *number as f64,
            Self::Dec(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// The whole number, if it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Uint(_) => None,
            Self::Dec(text) => Decimal::of(text).whole()?.parse().ok(),
        }
    }

    /// The whole number, if it is one that fits and is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Int(number) => u64::try_from(*number).ok(),
            Self::Uint(number) => Some(*number),
            Self::Dec(text) => Decimal::of(text).whole()?.parse().ok(),
        }
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Self::Uint(number), Self::Int)
    }
}

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or_else(|| format!("{text:?} is not a decimal number"))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Uint(number) => number.fmt(f),
            Self::Dec(text) => f.write_str(text),
        }
    }
}

impl PartialEq for Number {
    /// Numeric: `1`, `1.0` and `1e0` are equal, as they are to Terraform.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Uint(a), Self::Uint(b)) => a == b,
            (Self::Dec(a), Self::Dec(b)) if a == b => true,
            _ => Decimal::of(&self.to_string()) == Decimal::of(&other.to_string()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self == other {
            return Some(Ordering::Equal);
        }
        self.as_f64().partial_cmp(&other.as_f64())
    }
}

/// Decimal text taken apart: the digits without leading and trailing zeros, and the power of ten
/// of the last one. Two texts of the same number give the same parts.
#[derive(PartialEq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(text: &str) -> Self {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = text
            .split_once(['e', 'E'])
            .map_or((text, 0), |(m, e)| (m, e.parse().unwrap_or(0)));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let kept = all.trim_end_matches('0');
        let trailing_zeros = (all.len() - kept.len()) as i64;
        let digits = kept.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Self {
                negative: false,
                digits,
                exponent: 0,
            };
        }
        Self {
            negative,
            digits,
            exponent: exponent - fraction.len() as i64 + trailing_zeros,
        }
    }

    /// The text of the whole number; none for a fraction or for more than 40 digits.
    fn whole(&self) -> Option<String> {
        if self.digits.is_empty() {
            return Some("0".to_owned());
        }
        let zeros = usize::try_from(self.exponent).ok().filter(|n| *n <= 40)?;
        let sign = if self.negative { "-" } else { "" };
        Some(format!("{sign}{}{}", self.digits, "0".repeat(zeros)))
    }
}

/// Whether the text is a decimal number: sign, digits, fraction, exponent.
fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let mantissa_ok = digits(whole)
        && fraction.is_none_or(digits)
        && whole.len() + fraction.map_or(0, str::len) > 0;
    let exponent_ok = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['-', '+']).unwrap_or(e);
        !e.is_empty() && e.len() <= 6 && digits(e)
    });
    mantissa_ok && exponent_ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_text_and_compares_by_value() {
        let dec = |text: &str| Number::parse(text).unwrap();
        assert_eq!(Number::from_f64(0.1).unwrap().to_string(), "0.1");
        assert_eq!(
            Number::from_f64(1e21).unwrap().to_string(),
            "1000000000000000000000"
        );
        assert_eq!(Number::from_f64(-0.0).unwrap().to_string(), "0");
        assert_eq!(Number::from_f64(3.0), Some(Number::Int(3)));
        assert_eq!(Number::from_f64(f64::NAN), None);
        assert_eq!(
            dec("18446744073709551615").to_string(),
            u64::MAX.to_string()
        );
        assert_eq!(dec("1.50"), dec("15e-1"));
        assert_eq!(dec("-0"), dec("0.000"));
        assert_eq!(dec("1e3"), Number::Int(1000));
        assert_ne!(dec("0.1"), dec("0.10000000000000000000000000001"));
        assert_eq!(dec("1e3").as_i64(), Some(1000));
        assert_eq!(dec("2.50").as_i64(), None);
        for bad in [
            "",
            "-",
            ".",
            "1e",
            "0x10",
            "NaN",
            "inf",
            "1_000",
            "1e9999999",
        ] {
            assert_eq!(Number::parse(bad), None, "{bad}");
        }
    }
}
