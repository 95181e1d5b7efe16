//! What a grid emits per kWh over time, and what kind of statement that is.

use crate::{Attribution, Region, Series, UtcSeconds};

/// What an intensity counts. The two rank regions differently and are never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignalKind {
    /// The mean of everything that is generated.
    Average,
    /// What one kWh more would cause.
    Marginal,
}

impl SignalKind {
    /// `average` or `marginal`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Average => "average",
            Self::Marginal => "marginal",
        }
    }
}

/// Which emissions of a power plant count. Equal units do not make two figures comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FactorType {
    /// Building, fuel and operation.
    LifeCycle,
    /// Operation only.
    Direct,
    /// The source does not say.
    Unknown,
}

impl FactorType {
    /// `life_cycle`, `direct` or `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LifeCycle => "life_cycle",
            Self::Direct => "direct",
            Self::Unknown => "unknown",
        }
    }
}

/// How much a signal knows of its hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    /// One figure for the year.
    Annual,
    /// The usual shape of the hours, around a yearly figure.
    Profile,
    /// A forecast.
    Forecast,
    /// Measured or estimated as it happened.
    Live,
}

impl Quality {
    /// `annual`, `profile`, `forecast` or `live`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Annual => "annual",
            Self::Profile => "profile",
            Self::Forecast => "forecast",
            Self::Live => "live",
        }
    }
}

/// The intensity of one zone over time, in gCO2e/kWh at the grid (without the data centre's overhead).
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Who says so: `Electricity Maps`, `embedded`, a file's name.
    pub source: String,
    /// Grid zone, in the source's naming.
    pub zone: String,
    /// Average or marginal.
    pub kind: SignalKind,
    /// What its factors count.
    pub factor_type: FactorType,
    /// What it knows of its hours.
    pub quality: Quality,
    /// When it was issued; `None` for what ships with the provider.
    pub issued_at: Option<UtcSeconds>,
    /// Whether any of its values was estimated by the source rather than measured or forecast from measurements.
    pub estimated: bool,
    /// gCO2e/kWh.
    pub series: Series,
}

impl Region {
    /// What the catalogue expects of this region's grid, hour by hour from the hour that holds `from`: the
    /// annual average, shaped by the zone's profile where there is one, with the profile's range per hour.
    ///
    /// A market-based figure is flat: contracts do not follow the grid's hours.
    #[must_use]
    pub fn expected(&self, from: UtcSeconds, hours: usize) -> Signal {
        let start = UtcSeconds(from.0.div_euclid(3600) * 3600);
        let level = self.intensity.value;
        let profile = match self.attribution {
            Attribution::LocationBased => self.profile(),
            Attribution::MarketBased => None,
        };
        let moments = (0..hours.max(1)).map(|hour| UtcSeconds(start.0 + hour as i64 * 3600));
        let (values, ranges): (Vec<f64>, Vec<[f64; 2]>) = moments
            .map(|moment| {
                let usual = level * profile.map_or(1.0, |profile| profile.factor(moment));
                let [low, high] = profile.map_or([1.0, 1.0], |profile| profile.range(moment));
                (usual, [usual * low, usual * high])
            })
            .unzip();
        let mut series =
            Series::new(start, 3600, values).expect("a yearly figure is a finite number");
        if profile.is_some() {
            series = series
                .with_ranges(ranges)
                .expect("a profile's range holds 1");
        }
        Signal {
            source: "embedded".to_owned(),
            zone: self.zone.to_owned(),
            kind: SignalKind::Average,
            factor_type: FactorType::LifeCycle,
            quality: match profile {
                Some(_) => Quality::Profile,
                None => Quality::Annual,
            },
            issued_at: None,
            estimated: false,
            series,
        }
    }
}
