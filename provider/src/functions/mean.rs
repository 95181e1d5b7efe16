//! `mean_intensity`: the decision's arithmetic over a series that the user has.

use catalog::{Series, UtcSeconds};
use tfplugin::{FunctionError, Value};

use super::figure;
use crate::time;

/// Ten years: no series of hours is longer.
const MOST_HOURS: f64 = 87_600.0;

/// The mean over `hours` from `start`.
pub(super) fn mean_intensity(arguments: &[Value]) -> Result<Value, FunctionError> {
    let at = |index: usize| arguments.get(index).unwrap_or(&Value::Null);
    let series = series(at(0)).map_err(|why| FunctionError::argument(0, why))?;
    let start = moment(at(1)).map_err(|why| FunctionError::argument(1, format!("start {why}")))?;
    let hours = at(2).as_f64().unwrap_or_default();
    if !(hours > 0.0 && hours <= MOST_HOURS) {
        return Err(FunctionError::argument(
            2,
            format!("hours is {hours}; it has to be above 0 and at most {MOST_HOURS}"),
        ));
    }
    series.mean(start, hours).map(figure).ok_or_else(|| {
        FunctionError::new(format!(
            "the series covers {} to {} and not all of {} to {}",
            time::rfc3339(series.start()),
            time::rfc3339(series.end()),
            time::rfc3339(start),
            time::rfc3339(start.plus_hours(hours)),
        ))
    })
}

fn series(written: &Value) -> Result<Series, String> {
    let points = written.as_seq().unwrap_or_default();
    let mut times = Vec::with_capacity(points.len());
    let mut values = Vec::with_capacity(points.len());
    for (index, point) in points.iter().enumerate() {
        times.push(
            moment(point.get("start")).map_err(|why| format!("series[{index}].start {why}"))?,
        );
        let value = point.get("gco2_per_kwh").as_f64();
        values.push(value.ok_or_else(|| format!("series[{index}].gco2_per_kwh is not a number"))?);
    }
    let (Some(start), Some(second)) = (times.first(), times.get(1)) else {
        return Err(format!(
            "series has {} values; two or more are needed, since the distance of the first two is the step",
            points.len()
        ));
    };
    let step = second.0 - start.0;
    for (index, pair) in times.windows(2).enumerate() {
        if pair[1].0 - pair[0].0 != step {
            return Err(format!(
                "series has no even step: {} to {} is {} s and series[{}] begins {} s later",
                time::rfc3339(*start),
                time::rfc3339(*second),
                step,
                index + 1,
                pair[1].0 - pair[0].0,
            ));
        }
    }
    if step <= 0 {
        return Err(
            "series is not in the order of time: its second value does not begin after its first"
                .to_owned(),
        );
    }
    let step = u32::try_from(step).unwrap_or(u32::MAX);
    Series::new(*start, step, values).map_err(|why| format!("series is none: {why}"))
}

fn moment(written: &Value) -> Result<UtcSeconds, String> {
    let text = written.as_str().unwrap_or_default();
    time::parse(text).ok_or_else(|| {
        format!("is \"{text}\", which is not a time in RFC 3339 such as \"2026-03-01T22:00:00Z\"")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tfplugin::Value;

    use super::mean_intensity;
    use crate::json::from_json;

    fn series(points: &[(&str, f64)]) -> Value {
        let points: Vec<_> = points
            .iter()
            .map(|(start, value)| json!({"start": start, "gco2_per_kwh": value}))
            .collect();
        from_json(&json!(points))
    }

    #[test]
    fn it_is_exact_within_steps_and_says_what_is_wrong() {
        let hourly = [
            ("2026-03-01T22:00:00Z", 100.0),
            ("2026-03-01T23:00:00Z", 200.0),
            ("2026-03-02T00:00:00Z", 400.0),
        ];
        let uneven = [hourly[0], hourly[1], ("2026-03-02T01:00:00Z", 1.0)];
        let backwards = [hourly[1], hourly[0]];
        for (points, start, hours, expected) in [
            (&hourly[..], "2026-03-01T22:30:00Z", 1.0, Ok(150.0)),
            (
                &hourly[..],
                "2026-03-01T23:30:00+01:00",
                2.25,
                Ok(550.0 / 2.25),
            ),
            (&hourly[..], "2026-03-01T22:00:00Z", 3.0, Ok(700.0 / 3.0)),
            (
                &hourly[..],
                "2026-03-01T22:00:00Z",
                4.0,
                Err("covers 2026-03-01T22:00:00Z to 2026-03-02T01:00:00Z"),
            ),
            (&hourly[..], "2026-03-01T22:00:00Z", 0.0, Err("hours is 0")),
            (
                &hourly[..],
                "2026-03-01T22:00:00Z",
                1e300,
                Err("at most 87600"),
            ),
            (&hourly[..], "soon", 1.0, Err("start is \"soon\"")),
            (
                &hourly[..1],
                "2026-03-01T22:00:00Z",
                1.0,
                Err("two or more"),
            ),
            (
                &uneven[..],
                "2026-03-01T22:00:00Z",
                1.0,
                Err("no even step"),
            ),
            (
                &backwards[..],
                "2026-03-01T22:00:00Z",
                1.0,
                Err("not in the order of time"),
            ),
        ] {
            let answer =
                mean_intensity(&[series(points), Value::from(start), from_json(&json!(hours))]);
            match (answer, expected) {
                (Ok(value), Ok(expected)) => {
                    let value = value.as_f64().unwrap();
                    assert!((value - expected).abs() < 1e-9, "{value} {expected}");
                }
                (Err(error), Err(part)) => {
                    assert!(error.text.contains(part), "{error:?}");
                }
                (answer, expected) => panic!("{answer:?}, not {expected:?}"),
            }
        }
    }
}
