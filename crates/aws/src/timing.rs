//! Every pause, lease and limit of the crate, in one place and handed in with the settings, so that tests can shorten
//! them all by one factor.

use std::time::Duration;

/// A lease is judged by S3's dates, which have a resolution of a second: two of them may seem to be two seconds apart
/// when they are one. A lease of less than this would be over while it is renewed.
const SHORTEST_LEASE: Duration = Duration::from_secs(6);

/// How long everything takes that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// IAM is eventually consistent: a new role may be refused for this long (IAM user guide, "Changes that I make are
    /// not always immediately visible"; hashicorp/aws waits two minutes too).
    pub propagation: Duration,
    /// A new bucket may answer NoSuchBucket or OperationAborted for this long (S3 user guide, "Amazon S3 data
    /// consistency model": bucket configurations are eventually consistent).
    pub settling: Duration,
    /// Between looks at what settles or propagates.
    pub short: Pauses,
    /// Between tries of CreateTrainingJob that are refused for a while.
    pub create: Pauses,
    /// Between looks for a job whose answer was lost.
    pub look_again: Pauses,
    /// Between looks at what ends: a job that stops, a record that is deleted.
    pub end: Pauses,
    /// Between looks at a run that is waited for: quick at first, since failures at the start are common.
    pub run: Pauses,
    /// Between looks at a file system that is being made or deleted (hashicorp/aws looks every 30 s too).
    pub file_system: Duration,
    /// Between two lines in the log about a long copy.
    pub report: Duration,
    /// A claim that was not renewed for this long belongs to an apply that died. It is renewed thrice in this time, and
    /// another's is watched for one and a half times this long.
    pub lease: Duration,
    /// The first pause of a call's retries; each is twice the one before.
    pub first_retry: Duration,
    /// The longest pause of a call's retries.
    pub longest_retry: Duration,
    /// The name of a queue that was deleted rests for 60 s (SQS API reference, DeleteQueue), and a schedule group takes
    /// about as long to go: they are tried again for this long.
    pub resting: Duration,
    /// After its time a planned start may be under way for this long: EventBridge Scheduler starts within 60 s (user
    /// guide, "Schedule types"), the rest is for the call.
    pub starting: Duration,
    /// Between two CreateTrainingJob calls in one region: SageMaker allows one a second.
    pub between_creates: Duration,
    /// Credentials are renewed this long before they expire. Their expiry is the service's, and is not scaled.
    pub renewed_before_expiry: Duration,
    /// Limit of the looks at what somebody else may have removed, in one refresh. Not scaled: it is no pause.
    pub looking: Duration,
    /// A connection that takes longer failed. Not scaled: it is no pause.
    pub connect: Duration,
    /// An answer that takes longer failed; server-side copies of large objects take minutes. Not scaled: it is no pause.
    pub answer: Duration,
}

/// Pauses that start quickly and calm down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// The first one; each is half as long again as the one before.
    pub first: Duration,
    /// The longest.
    pub most: Duration,
}

impl Pauses {
    const fn millis(first: u64, most: u64) -> Self {
        Pauses {
            first: Duration::from_millis(first),
            most: Duration::from_millis(most),
        }
    }

    fn scaled(self, factor: f64) -> Self {
        Pauses {
            first: self.first.mul_f64(factor),
            most: self.most.mul_f64(factor),
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            propagation: Duration::from_secs(120),
            settling: Duration::from_secs(60),
            short: Pauses::millis(500, 5_000),
            create: Pauses::millis(2_000, 10_000),
            look_again: Pauses::millis(2_000, 8_000),
            end: Pauses::millis(1_000, 15_000),
            run: Pauses::millis(2_000, 60_000),
            file_system: Duration::from_secs(30),
            report: Duration::from_secs(10),
            lease: Duration::from_secs(60),
            first_retry: Duration::from_millis(500),
            longest_retry: Duration::from_secs(20),
            resting: Duration::from_secs(120),
            starting: Duration::from_secs(90),
            between_creates: Duration::from_secs(1),
            renewed_before_expiry: Duration::from_secs(60),
            looking: Duration::from_secs(60),
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(300),
        }
    }
}

impl Timing {
    /// The usual times, multiplied. A means of tests: against AWS less than 1 gives up too early.
    ///
    /// # Errors
    /// The factor is not above 0 or above 100.
    pub fn scaled(factor: f64) -> Result<Self, String> {
        if !(factor > 0.0 && factor <= 100.0) {
            return Err(format!(
                "{factor} is no factor of time: it has to be above 0 and at most 100"
            ));
        }
        let usual = Timing::default();
        Ok(Timing {
            propagation: usual.propagation.mul_f64(factor),
            settling: usual.settling.mul_f64(factor),
            short: usual.short.scaled(factor),
            create: usual.create.scaled(factor),
            look_again: usual.look_again.scaled(factor),
            end: usual.end.scaled(factor),
            run: usual.run.scaled(factor),
            file_system: usual.file_system.mul_f64(factor),
            report: usual.report.mul_f64(factor),
            lease: usual.lease.mul_f64(factor).max(SHORTEST_LEASE),
            first_retry: usual.first_retry.mul_f64(factor),
            longest_retry: usual.longest_retry.mul_f64(factor),
            resting: usual.resting.mul_f64(factor),
            starting: usual.starting.mul_f64(factor),
            between_creates: usual.between_creates.mul_f64(factor),
            ..usual
        })
    }

    /// A factor as it stands in an environment variable.
    ///
    /// # Errors
    /// The text is no number above 0 and at most 100.
    pub fn parse_scaled(text: &str) -> Result<Self, String> {
        let factor = text.trim().parse().map_err(|_| {
            format!("\"{text}\" is no factor of time: it has to be a number such as 0.05")
        })?;
        Timing::scaled(factor)
    }

    /// A held claim is renewed this often.
    pub(crate) fn renewal(&self) -> Duration {
        self.lease / 3
    }

    /// Another's claim is watched for at most this long.
    pub(crate) fn patience(&self) -> Duration {
        self.lease + self.lease / 2
    }

    /// Between looks at another's claim.
    pub(crate) fn look_at_claim(&self) -> Duration {
        self.lease / 20
    }

    /// The pause after a call's attempt (from 1) that failed.
    pub(crate) fn retry(&self, attempt: u32) -> Duration {
        let doubled = 1u32 << attempt.saturating_sub(1).min(16);
        self.first_retry
            .saturating_mul(doubled)
            .min(self.longest_retry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_outlast_ten_seconds_and_a_lease_outlasts_its_renewals_at_any_scale() {
        for factor in [0.001, 0.05, 1.0, 100.0] {
            let timing = Timing::scaled(factor).unwrap();
            let all: Duration = (1..crate::clients::ATTEMPTS).map(|n| timing.retry(n)).sum();
            assert!(all >= Duration::from_secs(10).mul_f64(factor), "{all:?}");
            // A late renewal and two roundings of a second.
            assert!(timing.renewal() + Duration::from_secs(3) <= timing.lease);
            assert!(timing.patience() > timing.lease);
        }
        assert_eq!(Timing::scaled(1.0).unwrap(), Timing::default());
        for nonsense in ["", "fast", "0", "-1", "NaN", "inf", "101"] {
            assert!(Timing::parse_scaled(nonsense).is_err(), "{nonsense}");
        }
    }
}
