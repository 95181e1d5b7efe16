//! The hours to come: a service's forecast together with what is usual on the grid, or a forecast from a source's
//! history where it has none.

use catalog::{FactorType, Quality, Region, Series, Signal, SignalKind, UtcSeconds};

use crate::source::{Question, Reason};
use crate::{Answer, Failure, Grid, SourceName, What, forecast, moment, points};

/// So much history is asked for, in seconds; `forecast` looks back no further.
const PAST_S: i64 = forecast::PAST_HOURS as i64 * 3600;

/// The answer to a question for hours to come.
pub(crate) async fn ahead(
    grid: &Grid,
    question: Question<'_>,
    region: Option<&Region>,
    from: UtcSeconds,
    until: UtcSeconds,
) -> Result<Answer, Failure> {
    let what = What::Forecast {
        from,
        until: until.max(a_day_after(from)),
    };
    let wider = Question { what, ..question };
    let first = match grid.source() {
        SourceName::File => question,
        _ => wider,
    };
    match grid.fetch(first).await {
        // A file says what its user wants to be reckoned with, to the digit.
        Ok(answer) if grid.source() == SourceName::File => Ok(answer),
        Ok(answer) => mixed(answer, region, question.now, from, until),
        Err(failure) if failure.reason == Reason::CannotGive => {
            let history = past(grid, question).await.map_err(|trouble| {
                let message = format!("{failure}; and of its past, {trouble}");
                Failure::new(trouble.reason, message)
            })?;
            let expected = expected(region, question.now, until);
            let known = &history.signal.series;
            let made = forecast::from_history(&history.signal, &expected, question.now, until)
                .map_err(|trouble| {
                    Failure::new(
                        Reason::NoData,
                        format!("{failure}; and of its past, {trouble}"),
                    )
                })?;
            let mut remarks = history.remarks.clone();
            remarks.push(format!(
                "made from the {:.0} hours of its past up to {}, since it has no forecast",
                known.end().hours_since(known.start()),
                moment::full(known.end())
            ));
            let answer = Answer {
                signal: made,
                remarks,
                // What it was says little about what it will be.
                renewable_percent: None,
                ..history
            };
            points::cut(answer, What::Forecast { from, until })
        }
        Err(failure) => Err(failure),
    }
}

/// A service's forecast together with the usual hours. Beyond its reach an average goes on with these; of a
/// marginal signal nothing is known there, and the series ends.
fn mixed(
    answer: Answer,
    region: Option<&Region>,
    now: UtcSeconds,
    from: UtcSeconds,
    until: UtcSeconds,
) -> Result<Answer, Failure> {
    let reach = answer.signal.series.end();
    let end = match answer.signal.kind {
        SignalKind::Average => until,
        SignalKind::Marginal => until.min(reach),
    };
    let usual = expected(region, now, end.max(a_day_after(from)));
    let signal = forecast::blend(&answer.signal, &usual, None);
    let mut mixed = points::cut(
        Answer { signal, ..answer },
        What::Forecast { from, until: end },
    )?;
    mixed.remarks.push(
        "its forecast is drawn towards the usual: the more, the further ahead it looks".to_owned(),
    );
    if mixed.signal.series.end() > reach {
        mixed.remarks.push(format!(
            "its forecast reaches until {}; what comes after that follows the usual hours and level",
            moment::full(reach)
        ));
    }
    Ok(mixed)
}

/// Forecast and usual hours are compared over the first day, a step more for a start within one, however few hours are
/// wanted: what is said of an hour does not depend on how many others are asked for.
fn a_day_after(from: UtcSeconds) -> UtcSeconds {
    UtcSeconds(from.0 + 25 * 3600)
}

/// The source's own past, up to now.
async fn past(grid: &Grid, question: Question<'_>) -> Result<Answer, Failure> {
    let what = What::History {
        from: UtcSeconds(moment::floor(question.now, 3600).0 - PAST_S),
        until: question.now,
    };
    grid.fetch(Question { what, ..question }).await
}

/// What the catalogue expects from four weeks ago until the end of the hours that are wanted; of a grid that it does
/// not know a flat line, which says nothing.
fn expected(region: Option<&Region>, now: UtcSeconds, until: UtcSeconds) -> Signal {
    let start = UtcSeconds(moment::floor(now, 3600).0 - PAST_S);
    let hours = until.hours_since(start).ceil().max(1.0) as usize;
    if let Some(region) = region {
        return region.expected(start, hours);
    }
    Signal {
        source: "embedded".to_owned(),
        zone: String::new(),
        kind: SignalKind::Average,
        factor_type: FactorType::Unknown,
        quality: Quality::Annual,
        issued_at: None,
        estimated: false,
        series: Series::new(start, 3600, vec![1.0; hours])
            .expect("a flat line of at least one hour is a series"),
    }
}
