//! Units as types, so that no kilowatt-hour is ever added to a kilogram.

use serde::{Deserialize, Serialize};

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $symbol:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub f64);

        impl $name {
            /// The unit as it is printed.
            pub const SYMBOL: &'static str = $symbol;

            /// The bare number.
            #[must_use]
            pub fn get(self) -> f64 {
                self.0
            }
        }

        impl From<$name> for f64 {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl From<f64> for $name {
            fn from(value: f64) -> Self {
                Self(value)
            }
        }

        impl std::ops::Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl std::ops::Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl std::ops::Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }

        impl std::ops::Div for $name {
            type Output = f64;
            fn div(self, other: Self) -> f64 {
                self.0 / other.0
            }
        }
    };
}

unit!(
    /// Energy in kilowatt-hours.
    Kwh, "kWh");
unit!(
    /// Emissions in kilograms of CO2 equivalent.
    Kg, "kgCO2e");
unit!(
    /// Emissions in grams of CO2 equivalent.
    Grams, "gCO2e");
unit!(
    /// Grid intensity in grams of CO2 equivalent per kilowatt-hour.
    GramsPerKwh, "gCO2e/kWh");
unit!(
    /// Money in US dollars.
    Usd, "USD");
unit!(
    /// Time in hours.
    Hours, "h");
unit!(
    /// Power in watts.
    Watts, "W");

/// GiB to GB, as memory is sold.
pub(crate) const GB_PER_GIB: f64 = 1.0737;

impl std::ops::Mul<Hours> for Watts {
    type Output = Kwh;
    fn mul(self, time: Hours) -> Kwh {
        Kwh(self.0 * time.0 / 1000.0)
    }
}

impl std::ops::Mul<GramsPerKwh> for Kwh {
    type Output = Kg;
    fn mul(self, intensity: GramsPerKwh) -> Kg {
        Kg(self.0 * intensity.0 / 1000.0)
    }
}

impl From<Grams> for Kg {
    fn from(grams: Grams) -> Self {
        Self(grams.0 / 1000.0)
    }
}
