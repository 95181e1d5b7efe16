//! Reads traces and forecasts from a folder, and says what was usual in them.
//!
//! `cc-lifecycle_2020_wide.csv.gz`, `cc-lifecycle_2021_wide.csv.gz`: `timestamp_utc`, then one column per grid;
//! `cc-forecast-lifecycle_2021H2.csv.gz`: `zone,issued_utc,lead_h,timestamp_utc,actual,forecast`.

use std::collections::BTreeMap;
use std::path::Path;

use catalog::{FactorType, Quality, Series, Signal, SignalKind, UtcSeconds};

pub(crate) type Error = Box<dyn std::error::Error>;

/// Hours from an issue day on that are looked at: 168 h of slack and a job of 96 h.
pub(crate) const REACH: usize = 264;
/// Hours of one issued forecast.
pub(crate) const ISSUED: usize = 96;
const HOUR: i64 = 3600;

/// Everything that is measured with.
pub(crate) struct Data {
    /// First hour of the traces.
    pub(crate) start: UtcSeconds,
    /// Hourly values per grid, 2020 and 2021.
    pub(crate) traces: BTreeMap<String, Vec<f64>>,
    /// Issued forecasts per grid: first hour as a place in the traces, values.
    pub(crate) forecasts: BTreeMap<String, Vec<(usize, Vec<f64>)>>,
    /// Place of the first hour of July and of October 2021.
    pub(crate) july: usize,
    pub(crate) october: usize,
    /// Usual hours per grid over all of the traces, learned before July 2021.
    pub(crate) usual: BTreeMap<String, Vec<f64>>,
    /// Mean per grid before July 2021.
    pub(crate) means: BTreeMap<String, f64>,
}

fn rows(path: &Path) -> Result<Vec<csv::StringRecord>, Error> {
    let file = std::fs::File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(flate2::read::GzDecoder::new(file));
    Ok(reader.records().collect::<Result<_, _>>()?)
}

fn moment(text: &str) -> Result<UtcSeconds, Error> {
    Ok(UtcSeconds(text.parse::<jiff::Timestamp>()?.as_second()))
}

impl Data {
    pub(crate) fn read(folder: &Path) -> Result<Self, Error> {
        let mut traces: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut start = None;
        for year in [2020, 2021] {
            let all = rows(&folder.join(format!("cc-lifecycle_{year}_wide.csv.gz")))?;
            let (head, hours) = all.split_first().ok_or("an empty trace")?;
            for row in hours {
                let at = moment(&row[0])?;
                let first = *start.get_or_insert(at);
                for (zone, cell) in head.iter().zip(row).skip(1) {
                    let values = traces.entry(zone.to_owned()).or_default();
                    // An even step without holes.
                    if first.0 + values.len() as i64 * HOUR != at.0 {
                        return Err(format!("{zone}: a hole before {}", &row[0]).into());
                    }
                    values.push(cell.parse()?);
                }
            }
        }
        let start = start.ok_or("no trace")?;
        let place = |at: UtcSeconds| ((at.0 - start.0) / HOUR) as usize;
        // Some issue days stand twice in the file, the second time with the hours of another day: what does not
        // agree with the trace is left out, and so are days that are not whole.
        let mut issued: BTreeMap<(String, usize), BTreeMap<usize, f64>> = BTreeMap::new();
        for row in rows(&folder.join("cc-forecast-lifecycle_2021H2.csv.gz"))?
            .iter()
            .skip(1)
        {
            let (zone, first) = (row[0].to_owned(), place(moment(&row[1])?));
            let (lead, at): (usize, usize) = (row[2].parse()?, place(moment(&row[3])?));
            let [actual, forecast] = [&row[4], &row[5]].map(str::parse::<f64>);
            let known = traces.get(&zone).and_then(|trace| trace.get(at));
            if at == first + lead
                && known.is_some_and(|k| actual.is_ok_and(|a| (k - a).abs() < 0.02))
            {
                issued
                    .entry((zone, first))
                    .or_default()
                    .entry(lead)
                    .or_insert(forecast?);
            }
        }
        let mut forecasts: BTreeMap<String, Vec<(usize, Vec<f64>)>> = BTreeMap::new();
        for ((zone, first), values) in issued {
            if values.len() == ISSUED {
                forecasts
                    .entry(zone)
                    .or_default()
                    .push((first, values.into_values().collect()));
            }
        }
        let july = place(moment("2021-07-01T00:00:00Z")?);
        let october = place(moment("2021-10-01T00:00:00Z")?);
        let usual = traces
            .iter()
            .map(|(zone, trace)| (zone.clone(), usual(start, &trace[..july], trace.len())))
            .collect();
        let means = traces
            .iter()
            .map(|(zone, trace)| {
                (
                    zone.clone(),
                    trace[..july].iter().sum::<f64>() / july as f64,
                )
            })
            .collect();
        Ok(Self {
            start,
            traces,
            forecasts,
            july,
            october,
            usual,
            means,
        })
    }

    pub(crate) fn at(&self, place: usize) -> UtcSeconds {
        UtcSeconds(self.start.0 + place as i64 * HOUR)
    }

    /// The values of a grid between two places, as a signal.
    fn signal(&self, quality: Quality, values: &[f64], from: usize) -> Signal {
        Signal {
            source: "CarbonCast".to_owned(),
            zone: String::new(),
            kind: SignalKind::Average,
            factor_type: FactorType::LifeCycle,
            quality,
            issued_at: Some(self.at(from)),
            estimated: false,
            series: Series::new(self.at(from), 3600, values.to_vec()).expect("finite values"),
        }
    }

    /// What was measured in the four weeks before a place.
    pub(crate) fn history(&self, zone: &str, place: usize) -> Signal {
        let from = place.saturating_sub(28 * 24);
        self.signal(Quality::Live, &self.traces[zone][from..place], from)
    }

    /// What is usual from four weeks before a place to the end of its reach; flat without `shaped`.
    pub(crate) fn expected(&self, zone: &str, place: usize, shaped: bool) -> Signal {
        let from = place.saturating_sub(28 * 24);
        let until = (place + REACH).min(self.traces[zone].len());
        let mean = self.means[zone];
        let values: Vec<f64> = self.usual[zone][from..until]
            .iter()
            .map(|usual| if shaped { usual * mean } else { mean })
            .collect();
        let quality = if shaped {
            Quality::Profile
        } else {
            Quality::Annual
        };
        self.signal(quality, &values, from)
    }

    /// What was forecast at a place.
    pub(crate) fn forecast(&self, zone: &str, index: usize) -> Signal {
        let (place, values) = &self.forecasts[zone][index];
        self.signal(Quality::Forecast, values, *place)
    }
}

/// The factors of `scripts/build_profiles.py`, learned on `values` and laid over `hours` hours.
pub(crate) fn usual(start: UtcSeconds, values: &[f64], hours: usize) -> Vec<f64> {
    const SIDE: f64 = 0.25;
    const WIDTH: usize = 6;
    let at = |hour: usize| UtcSeconds(start.0 + hour as i64 * HOUR);
    let year_of = |hour: usize| usize::from(hour >= 366 * 24);
    let mean_of = |year: usize| {
        let of: Vec<f64> = (0..values.len())
            .filter(|h| year_of(*h) == year)
            .map(|h| values[h])
            .collect();
        of.iter().sum::<f64>() / of.len() as f64
    };
    let means = [mean_of(0), mean_of(1)];
    let relative: Vec<f64> = values
        .iter()
        .enumerate()
        .map(|(h, v)| v / means[year_of(h)])
        .collect();
    let mut sums = [[(0.0, 0.0); 24]; 12];
    for (hour, value) in relative.iter().enumerate() {
        let cell = &mut sums[at(hour).month0()][at(hour).hour()];
        *cell = (cell.0 + value, cell.1 + 1.0);
    }
    let raw = sums.map(|month| month.map(|(sum, count)| sum / count));
    let mut months = [[0.0; 24]; 12];
    for (m, month) in months.iter_mut().enumerate() {
        for (h, cell) in month.iter_mut().enumerate() {
            *cell = (1.0 - 2.0 * SIDE) * raw[m][h]
                + SIDE * (raw[(m + 11) % 12][h] + raw[(m + 1) % 12][h]);
        }
    }
    let mut week = [(0.0, 0.0); 168];
    for year in [0, 1] {
        let of: Vec<usize> = (0..values.len()).filter(|h| year_of(*h) == year).collect();
        let rest: Vec<f64> = of
            .iter()
            .map(|h| (relative[*h] / months[at(*h).month0()][at(*h).hour()]).ln())
            .collect();
        for (i, hour) in of.iter().enumerate() {
            let around: f64 = (0..169)
                .map(|d| rest[(i + d).saturating_sub(84).min(rest.len() - 1)])
                .sum();
            let cell = &mut week[at(*hour).weekday0() * 24 + at(*hour).hour()];
            *cell = (cell.0 + rest[i] - around / 169.0, cell.1 + 1.0);
        }
    }
    let means = week.map(|(sum, count)| sum / count);
    let mut week: Vec<f64> = (0..168)
        .map(|h| {
            (0..=2 * WIDTH)
                .map(|d| means[(h + 168 + d - WIDTH) % 168])
                .sum::<f64>()
        })
        .map(|sum| (sum / (2 * WIDTH + 1) as f64).exp())
        .collect();
    let mean = week.iter().sum::<f64>() / 168.0;
    week.iter_mut().for_each(|w| *w /= mean);
    (0..hours)
        .map(|h| months[at(h).month0()][at(h).hour()] * week[at(h).weekday0() * 24 + at(h).hour()])
        .collect()
}
