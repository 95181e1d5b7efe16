//! The five services in their recorded shapes: they read the request and answer for the hours that it names,
//! each value a function of its time, so that a wrong hour shows.

use catalog::UtcSeconds;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::server::{Reply, Seen};

/// The time of day in every test: 2026-03-02T10:12:00Z.
pub(crate) const NOW: UtcSeconds = UtcSeconds(1_772_446_320);

/// An intensity that is different in each five minutes of a day.
pub(crate) fn intensity(at: i64) -> f64 {
    let minute = at.div_euclid(300).rem_euclid(288);
    200.0 + minute as f64
}

pub(crate) fn text(at: i64) -> String {
    Timestamp::from_second(at).expect("a time").to_string()
}

pub(crate) fn second(text: &str) -> i64 {
    let text = match text.len() {
        13 => format!("{text}:00:00Z"),
        17 => text.replace('Z', ":00Z"),
        _ => text.to_owned(),
    };
    text.parse::<Timestamp>().expect("a time").as_second()
}

fn steps(from: i64, until: i64, step: i64) -> impl Iterator<Item = i64> {
    (0..)
        .map(move |index| from + index * step)
        .take_while(move |at| *at < until)
}

fn floor(at: i64, step: i64) -> i64 {
    at.div_euclid(step) * step
}

fn parameter(seen: &Seen, name: &str) -> String {
    seen.parameter(name)
        .unwrap_or_else(|| panic!("no {name} in {}", seen.target))
        .to_owned()
}

pub(crate) fn electricity_maps(seen: &Seen) -> Reply {
    if seen.header("auth-token").is_none() {
        return Reply::status(401, r#"{"error":"Missing auth-token"}"#);
    }
    let zone = parameter(seen, "zone");
    if zone == "NOWHERE" {
        return Reply::status(
            404,
            r#"{"status":"error","message":"Zone 'NOWHERE' does not exist."}"#,
        );
    }
    let factors = parameter(seen, "emissionFactorType");
    let point = |at: i64| {
        json!({"zone": zone, "carbonIntensity": intensity(at), "datetime": text(at).replace('Z', ".000Z"),
            "updatedAt": text(NOW.0 - 1600), "createdAt": text(at - 86_400), "emissionFactorType": factors,
            "isEstimated": at + 7200 > NOW.0, "estimationMethod": Value::Null})
    };
    let hour = floor(NOW.0, 3600);
    let list = |from: i64, until: i64| {
        steps(floor(from, 3600), until, 3600)
            .map(point)
            .collect::<Vec<_>>()
    };
    let body = match seen.path.trim_start_matches("/v3") {
        "/carbon-intensity/latest" => point(hour),
        "/carbon-intensity/history" => {
            json!({"zone": zone, "history": list(hour - 23 * 3600, hour + 3600)})
        }
        "/carbon-intensity/forecast" => {
            let hours: i64 = parameter(seen, "horizonHours").parse().expect("hours");
            assert!([6, 24, 48, 72].contains(&hours));
            let values: Vec<Value> = steps(hour, hour + (hours + 1) * 3600, 3600)
                .map(|at| json!({"carbonIntensity": intensity(at), "datetime": text(at)}))
                .collect();
            json!({"zone": zone, "forecast": values, "updatedAt": text(NOW.0 - 1500)})
        }
        "/carbon-intensity/past-range" => {
            let (start, end) = (
                second(&parameter(seen, "start")),
                second(&parameter(seen, "end")),
            );
            assert!(end - start <= 10 * 86_400, "{}", seen.target);
            json!({"zone": zone, "data": list(start, end)})
        }
        other => panic!("no such path: {other}"),
    };
    Reply::json(body.to_string())
}

/// Values are in lb/MWh; `watttime_grams` says what they are in g/kWh.
pub(crate) fn watttime(seen: &Seen) -> Reply {
    if seen.path == "/login" {
        // user:watt-password
        return match seen.header("authorization") {
            Some("Basic dXNlcjp3YXR0LXBhc3N3b3Jk") => Reply::json(r#"{"token":"watt-token-1"}"#),
            _ => Reply::status(401, r#"{"detail":"Invalid username/password."}"#),
        };
    }
    if seen.header("authorization") != Some("Bearer watt-token-1") {
        return Reply::status(401, r#"{"error":"Invalid token"}"#);
    }
    let (region, signal) = (parameter(seen, "region"), parameter(seen, "signal_type"));
    if region == "NOWHERE" {
        return Reply::status(
            404,
            r#"{"error":"No coverage available for region NOWHERE"}"#,
        );
    }
    let meta = json!({"data_point_period_seconds": 300, "region": region, "signal_type": signal,
        "units": "lbs_co2_per_mwh", "model": {"date": "2023-03-01"}, "warnings": [],
        "generated_at_period_seconds": 300, "generated_at": text(floor(NOW.0, 300))});
    let data: Vec<Value> = match seen.path.as_str() {
        "/v3/forecast" => {
            let hours: i64 = parameter(seen, "horizon_hours").parse().expect("hours");
            assert!((0..=72).contains(&hours));
            let begin = floor(NOW.0, 300);
            steps(begin, begin + hours * 3600 + 300, 300)
                .map(|at| json!({"point_time": text(at).replace('Z', "+00:00"), "value": intensity(at)}))
                .collect()
        }
        "/v3/historical" => {
            let (start, end) = (
                second(&parameter(seen, "start")),
                second(&parameter(seen, "end")),
            );
            assert!(end - start <= 32 * 86_400);
            steps(floor(start, 300), end, 300)
                .map(|at| {
                    json!({"point_time": text(at), "value": intensity(at), "last_updated": text(at + 600),
                        "imputed_data_used": false})
                })
                .collect()
        }
        other => panic!("no such path: {other}"),
    };
    Reply::json(json!({"data": data, "meta": meta}).to_string())
}

/// With the regional answer as an object, or (the other known variant) as a list of one.
pub(crate) fn gb(seen: &Seen, as_list: bool) -> Reply {
    let parts: Vec<&str> = seen.path.split('/').skip(1).collect();
    let regional = parts[0] == "regional";
    let half_hour = |at: i64| {
        let minutes = |at| text(at).replace(":00Z", "Z");
        let past = at + 1800 <= NOW.0;
        let mut intensities = json!({"forecast": intensity(at), "index": "moderate"});
        let mut value = json!({"from": minutes(at), "to": minutes(at + 1800)});
        if regional {
            value["generationmix"] = json!([{"fuel": "gas", "perc": 38.1}, {"fuel": "wind", "perc": 31.0},
                {"fuel": "biomass", "perc": 6.5}]);
        } else {
            intensities["actual"] = if past {
                json!(intensity(at))
            } else {
                Value::Null
            };
        }
        value["intensity"] = intensities;
        value
    };
    let window = |from: i64, until: i64| {
        steps(floor(from, 1800), until, 1800)
            .map(half_hour)
            .collect::<Vec<_>>()
    };
    let begin = floor(NOW.0, 1800);
    let times: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| part.ends_with('Z'))
        .collect();
    let values = match times[..] {
        [] => window(begin, begin + 1800),
        // The operator knows two days ahead of now, wherever the window begins.
        [from] => {
            assert!(parts.contains(&"fw48h"), "{}", seen.path);
            let from = second(from);
            window(from - 1800, (from + 48 * 3600).min(begin + 48 * 3600))
        }
        [from, until] => {
            let (from, until) = (second(from), second(until));
            assert!(until - from <= 14 * 86_400);
            window(from, until)
        }
        _ => panic!("no such path: {}", seen.path),
    };
    if !regional {
        return Reply::json(json!({"data": values}).to_string());
    }
    assert!(
        seen.path.ends_with("/regionid/13") || seen.path.ends_with("/postcode/E1"),
        "{}",
        seen.path
    );
    let region =
        json!({"regionid": 13, "dnoregion": "UKPN London", "shortname": "London", "data": values});
    let data = if as_list { json!([region]) } else { region };
    Reply::json(json!({"data": data}).to_string())
}

/// Numbers as texts (newer) or as numbers (older).
pub(crate) fn eia(seen: &Seen, as_text: bool) -> Reply {
    assert_eq!(seen.path, "/v2/electricity/rto/fuel-type-data/data/");
    if seen.parameter("api_key").is_none() {
        return Reply::status(
            403,
            r#"{"error":{"code":"API_KEY_MISSING","message":"An API key was not supplied."}}"#,
        );
    }
    let respondent = parameter(seen, "facets[respondent][]");
    let (start, end) = (
        second(&parameter(seen, "start")),
        second(&parameter(seen, "end")),
    );
    let number = |value: f64| {
        if as_text {
            json!(value.to_string())
        } else {
            json!(value)
        }
    };
    let mut rows = Vec::new();
    // Newest hours come an hour late; a period is named by its end, and both bounds are included.
    for end_of_hour in steps(start, end.min(NOW.0 - 3600) + 1, 3600) {
        // Gas for what intensity() asks for, the rest wind: 490 and 11 g/kWh.
        let wanted = intensity(end_of_hour - 3600);
        let gas = (wanted - 11.0) / (490.0 - 11.0);
        for (fuel, mwh) in [
            ("NG", gas * 1000.0),
            ("WND", (1.0 - gas) * 1000.0),
            ("SUN", -3.0),
            ("BAT", -400.0),
        ] {
            rows.push(
                json!({"period": &text(end_of_hour)[..13], "respondent": respondent,
                "respondent-name": "Somebody", "fueltype": fuel, "type-name": "Something",
                "value": number(mwh), "value-units": "megawatthours"}),
            );
        }
    }
    if respondent == "NOWHERE" {
        rows.clear();
    }
    let offset: usize = parameter(seen, "offset").parse().expect("a number");
    let total = rows.len();
    let page: Vec<Value> = rows.into_iter().skip(offset).take(5000).collect();
    let body = json!({"response": {"total": number(total as f64), "dateFormat": "YYYY-MM-DD\"T\"HH24",
        "frequency": "hourly", "data": page, "description": "Hourly net generation."},
        "request": {"command": "/v2/electricity/rto/fuel-type-data/data/"}, "apiVersion": "2.1.8"});
    Reply::json(body.to_string())
}

/// `optimalDataPoints` as a list, or (the documentation's form) `optimalDataPoint` as an object.
pub(crate) fn carbon_aware_sdk(seen: &Seen, as_list: bool) -> Reply {
    let location = parameter(seen, "location");
    if location == "NOWHERE" {
        return Reply::status(
            404,
            r#"{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.5","title":"Not Found","status":404,"detail":"Unknown location NOWHERE"}"#,
        );
    }
    let hour = floor(NOW.0, 3600);
    let body = match seen.path.as_str() {
        "/emissions/forecasts/current" => {
            let data: Vec<Value> = steps(hour, hour + 25 * 3600, 3600)
                .map(|at| json!({"location": "PJM_DC", "timestamp": text(at), "duration": 60, "value": intensity(at)}))
                .collect();
            let mut forecast = json!({"requestedAt": text(NOW.0), "generatedAt": text(NOW.0 - 300), "location": location,
                "dataStartAt": text(hour), "dataEndAt": text(hour + 25 * 3600), "windowSize": 60, "forecastData": data});
            if as_list {
                forecast["optimalDataPoints"] = json!([data[3]]);
            } else {
                forecast["optimalDataPoint"] = data[3].clone();
            }
            json!([forecast])
        }
        "/emissions/bylocation" => {
            let (from, until) = (
                second(&parameter(seen, "time")),
                second(&parameter(seen, "toTime")),
            );
            steps(floor(from, 3600), until, 3600)
                .map(|at| json!({"location": location, "time": text(at), "rating": intensity(at), "duration": "01:00:00"}))
                .collect()
        }
        other => panic!("no such path: {other}"),
    };
    Reply::json(body.to_string())
}
