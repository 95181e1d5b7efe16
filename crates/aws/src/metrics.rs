//! What CloudWatch knows of a job's instances: how busy they were, minute by minute.
//!
//! SageMaker publishes them by itself, without a charge, in the namespace `/aws/sagemaker/TrainingJobs` with the dimension
//! `Host` (developer guide, "Amazon SageMaker training metrics"). There is no metric of power.

use std::collections::BTreeMap;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};

use crate::clients::Aws;
use crate::clock;
use crate::error::Error;
use crate::settings::Service;

/// Namespace of what SageMaker publishes of training jobs.
pub(crate) const NAMESPACE: &str = "/aws/sagemaker/TrainingJobs";

const CPU: &str = "CPUUtilization";
const MEMORY: &str = "MemoryUtilization";
const GPU: &str = "GPUUtilization";
const GPU_MEMORY: &str = "GPUMemoryUtilization";
const DISK: &str = "DiskUtilization";

/// Metrics of an instance, as AWS names them.
pub(crate) const HOST_METRICS: [&str; 5] = [CPU, MEMORY, GPU, GPU_MEMORY, DISK];

/// Queries that one GetMetricData may hold (API reference).
const QUERIES_PER_CALL: usize = 500;
/// Points of a series that are enough to judge a run: a day of minutes, five days of 5 minutes.
const POINTS: f64 = 1440.0;
const DAY_SECONDS: f64 = 86_400.0;

/// The dimension's value of the `number`-th instance, from 1.
pub(crate) fn host(job: &str, number: u32) -> String {
    format!("{job}/algo-{number}")
}

/// A job whose metrics are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Region of the job.
    pub region: &'a str,
    /// Its name.
    pub job_name: &'a str,
    /// Number of instances.
    pub instances: u32,
    /// RFC 3339: training began.
    pub started_at: &'a str,
    /// RFC 3339: it ended.
    pub ended_at: &'a str,
}

/// Series of every instance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Utilisation {
    /// Time that a point stands for.
    pub period_seconds: u32,
    /// Points of `algo-1`, `algo-2` and so on, in the order of time. An instance without any is empty.
    pub hosts: Vec<Vec<Point>>,
}

/// One instance in one period, in AWS's own units; `None` where AWS has no figure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Point {
    /// Start of the period in seconds since 1970.
    pub at: f64,
    /// 100 for each virtual CPU.
    pub cpu_percent: Option<f64>,
    /// 0 to 100.
    pub memory_percent: Option<f64>,
    /// 100 for each GPU.
    pub gpu_percent: Option<f64>,
    /// 100 for each GPU.
    pub gpu_memory_percent: Option<f64>,
    /// 0 to 100.
    pub disk_percent: Option<f64>,
}

impl Utilisation {
    /// There is not one point.
    pub fn is_empty(&self) -> bool {
        self.hosts.iter().all(Vec::is_empty)
    }
}

/// Asks CloudWatch, with a period that keeps the series short.
///
/// # Errors
/// CloudWatch refused, or could not be reached. A job without metrics has an empty answer.
pub async fn utilisation(aws: &Aws, asked: &Asked<'_>) -> Result<Utilisation, Error> {
    let (Some(start), Some(end)) = (seconds(asked.started_at), seconds(asked.ended_at)) else {
        return Ok(Utilisation::default());
    };
    let period = period(start, end, clock::seconds());
    // Whole periods: one that has begun belongs to it.
    let step = f64::from(period);
    let (start, end) = ((start / step).floor() * step, (end / step).ceil() * step);
    let mut wanted = Vec::new();
    for number in 1..=asked.instances {
        wanted.extend(HOST_METRICS.map(|metric| (number, metric)));
    }
    let mut found: BTreeMap<(u32, i64), Point> = BTreeMap::new();
    for part in wanted.chunks(QUERIES_PER_CALL) {
        let mut next: Option<String> = None;
        loop {
            let parameters = parameters(asked, part, period, (start, end), next.as_deref());
            let pairs: Vec<(&str, &str)> = parameters
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect();
            let answer = aws
                .query(Service::Cloudwatch, asked.region, "GetMetricData", &pairs)
                .await
                .map_err(|error| error.about(format!("metrics of {}", asked.job_name)))?;
            for (id, at, value) in series(&answer) {
                let Some((number, metric)) = id.checked_sub(1).and_then(|id| part.get(id)) else {
                    continue;
                };
                // Whole seconds: periods are.
                let point = found.entry((*number, at as i64)).or_default();
                point.at = at;
                *field(point, metric) = Some(value);
            }
            next = crate::signed::tag(&answer, "NextToken").filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
    }
    let mut hosts = vec![Vec::new(); asked.instances as usize];
    for ((number, _), point) in found {
        if let Some(host) = hosts.get_mut(number as usize - 1) {
            host.push(point);
        }
    }
    Ok(Utilisation {
        period_seconds: period,
        hosts,
    })
}

fn field<'a>(point: &'a mut Point, metric: &str) -> &'a mut Option<f64> {
    match metric {
        CPU => &mut point.cpu_percent,
        MEMORY => &mut point.memory_percent,
        GPU => &mut point.gpu_percent,
        GPU_MEMORY => &mut point.gpu_memory_percent,
        _ => &mut point.disk_percent,
    }
}

/// CloudWatch keeps minutes for 15 days, 5 minutes for 63 and hours for 455 (user guide, "Metrics retention").
fn period(start: f64, end: f64, now: f64) -> u32 {
    let age_days = (now - start) / DAY_SECONDS;
    let kept = match age_days {
        age if age < 15.0 => 60,
        age if age < 63.0 => 300,
        _ => 3600,
    };
    let short = [60, 300, 900, 3600]
        .into_iter()
        .find(|period| (end - start) / f64::from(*period) <= POINTS)
        .unwrap_or(3600);
    kept.max(short)
}

fn parameters(
    asked: &Asked<'_>,
    part: &[(u32, &str)],
    period: u32,
    (start, end): (f64, f64),
    next: Option<&str>,
) -> Vec<(String, String)> {
    let mut all = vec![
        ("StartTime".to_owned(), date(start)),
        ("EndTime".to_owned(), date(end)),
        ("ScanBy".to_owned(), "TimestampAscending".to_owned()),
    ];
    if let Some(next) = next {
        all.push(("NextToken".to_owned(), next.to_owned()));
    }
    for (index, (number, metric)) in part.iter().enumerate() {
        let query = format!("MetricDataQueries.member.{}", index + 1);
        let stat = format!("{query}.MetricStat");
        let dimension = format!("{stat}.Metric.Dimensions.member.1");
        all.extend([
            (format!("{query}.Id"), format!("m{}", index + 1)),
            (format!("{stat}.Metric.Namespace"), NAMESPACE.to_owned()),
            (format!("{stat}.Metric.MetricName"), (*metric).to_owned()),
            (format!("{dimension}.Name"), "Host".to_owned()),
            (format!("{dimension}.Value"), host(asked.job_name, *number)),
            (format!("{stat}.Period"), period.to_string()),
            (format!("{stat}.Stat"), "Average".to_owned()),
        ]);
    }
    all
}

/// Number of the query, time and value of every point of an answer.
fn series(xml: &str) -> Vec<(usize, f64, f64)> {
    let mut points = Vec::new();
    for result in xml.split("<Id>m").skip(1) {
        let Some(id) = result.split('<').next().and_then(|id| id.parse().ok()) else {
            continue;
        };
        let times = members(result, "Timestamps");
        let values = members(result, "Values");
        for (time, value) in times.into_iter().zip(values) {
            let value: Option<f64> = value.parse().ok();
            if let Some((time, value)) = seconds(time).zip(value.filter(|value| value.is_finite()))
            {
                points.push((id, time, value));
            }
        }
    }
    points
}

/// The texts of a flat list.
fn members<'a>(xml: &'a str, list: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{list}>"), format!("</{list}>"));
    let Some(inner) = xml
        .split_once(open.as_str())
        .and_then(|(_, rest)| rest.split_once(close.as_str()))
        .map(|(inner, _)| inner)
    else {
        return Vec::new();
    };
    inner
        .split("<member>")
        .skip(1)
        .filter_map(|part| part.split_once("</member>").map(|(text, _)| text))
        .collect()
}

fn seconds(text: &str) -> Option<f64> {
    DateTime::from_str(text, Format::DateTimeWithOffset)
        .ok()
        .map(|date| date.as_secs_f64())
}

fn date(seconds: f64) -> String {
    DateTime::from_secs_f64(seconds)
        .fmt(Format::DateTime)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_is_one_that_is_kept_and_keeps_a_series_short() {
        let day = DAY_SECONDS;
        for (hours, age_days, expected) in [
            (2.0, 0.1, 60),
            (24.0, 1.0, 60),
            (25.0, 1.1, 300),
            (2.0, 16.0, 300),
            (2.0, 64.0, 3600),
            (672.0, 28.0, 3600),
            (120.0, 5.0, 300),
            (300.0, 13.0, 900),
        ] {
            let (start, end) = (0.0, hours * 3600.0);
            assert_eq!(
                period(start, end, age_days * day),
                expected,
                "{hours} {age_days}"
            );
        }
    }

    #[test]
    fn points_are_read_in_pairs() {
        let xml = "<GetMetricDataResponse><GetMetricDataResult><MetricDataResults>\
            <member><Id>m2</Id><Label>x</Label><Timestamps><member>2026-11-01T00:00:00Z</member><member>2026-11-01T00:01:00Z</member></Timestamps>\
            <Values><member>93.5</member><member>NaN</member></Values><StatusCode>Complete</StatusCode></member>\
            <member><Id>m1</Id><Timestamps/><Values/><StatusCode>Complete</StatusCode></member>\
            </MetricDataResults></GetMetricDataResult></GetMetricDataResponse>";
        assert_eq!(series(xml), [(2, 1_793_491_200.0, 93.5)]);
    }
}
