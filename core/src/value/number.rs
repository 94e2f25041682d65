//! Numbers with the digits that they were written with.

use serde_json::Number;

/// The number that a text spells as JSON does, with its digits. Blanks around it are allowed.
pub(crate) fn number_of(text: &str) -> Option<Number> {
    text.trim().parse().ok()
}

/// A number by its value: `digits * 10^exponent`, without zeros at either end of the digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// None for an exponent beyond reason.
    pub(crate) fn of(number: &Number) -> Option<Self> {
        let text = number.to_string();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text.as_str(), 0),
        };
        let (is_negative, mantissa) =
            mantissa.strip_prefix('-').map_or((false, mantissa), |mantissa| (true, mantissa));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_end_matches('0');
        let zeros = digits.len() - significant.len();
        let significant = significant.trim_start_matches('0');
        if significant.is_empty() {
            return Some(Self { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let exponent =
            i64::from(exponent) + i64::try_from(zeros).ok()? - i64::try_from(fraction.len()).ok()?;
        Some(Self { is_negative, digits: significant.to_owned(), exponent })
    }

    /// Digits before the point.
    pub(crate) fn whole_digits(&self) -> u64 {
        (self.digits.len() as i64).saturating_add(self.exponent).try_into().unwrap_or(0)
    }

    /// Digits behind the point.
    pub(crate) fn fraction_digits(&self) -> u64 {
        self.exponent.saturating_neg().try_into().unwrap_or(0)
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.exponent >= 0
    }
}

/// Whether two numbers have the same value.
pub(crate) fn same(a: &Number, b: &Number) -> bool {
    match (Decimal::of(a), Decimal::of(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.to_string() == b.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        let is = |a: &str, b: &str| same(&number_of(a).unwrap(), &number_of(b).unwrap());
        for (a, b) in [("1.50", "1.5"), ("10", "1e1"), ("-0", "0.00"), ("0.05", "5E-2"), (" 1200 ", "1.2e+3")]
        {
            assert!(is(a, b), "{a} {b}");
        }
        for (a, b) in [("1.5", "1.51"), ("1", "-1"), ("9007199254740993", "9007199254740992"), ("1e1", "1")] {
            assert!(!is(a, b), "{a} {b}");
        }
        assert!(is("1e99999999999", "1e99999999999"));
        for text in ["", "1,5", "0x1", "1.", "NaN", "+1", "007"] {
            assert_eq!(number_of(text), None, "{text}");
        }
    }

    #[test]
    fn digits_are_counted_on_both_sides_of_the_point() {
        let count = |text: &str| {
            let number = Decimal::of(&number_of(text).unwrap()).unwrap();
            (number.whole_digits(), number.fraction_digits())
        };
        for (text, digits) in [
            ("0", (0, 0)),
            ("120", (3, 0)),
            ("0.050", (0, 2)),
            ("-12.5", (2, 1)),
            ("1e3", (4, 0)),
            ("1.25e1", (2, 1)),
        ] {
            assert_eq!(count(text), digits, "{text}");
        }
    }
}
