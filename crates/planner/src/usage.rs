//! How much of its instances a run used: series of shares, and what can be read off them.

use crate::Hours;

/// One instance in one period. Shares of 0 to 1 of the whole instance; `None` where there is no figure.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Processors, of all virtual CPUs.
    pub cpu: Option<f64>,
    /// Memory.
    pub memory: Option<f64>,
    /// Accelerators, mean over all of them: the share of the time in which they were at work.
    pub accelerator: Option<f64>,
    /// Memory of the accelerators, mean over all of them.
    pub accelerator_memory: Option<f64>,
    /// Disk space.
    pub disk: Option<f64>,
}

/// A quantity of a [`Sample`].
pub(crate) type Of = fn(&Sample) -> Option<f64>;

/// What the instances of a run did while it trained.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Time that one sample stands for.
    pub period: Hours,
    /// Samples of each instance, in the order of time.
    pub hosts: Vec<Vec<Sample>>,
}

impl Usage {
    /// Every sample of every instance.
    pub(crate) fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.hosts.iter().flatten()
    }

    /// Mean over all instances.
    pub(crate) fn mean(&self, of: Of) -> Option<f64> {
        mean(self.samples().filter_map(of))
    }

    /// Means of the instances, those without a figure left out; with their numbers from 1.
    pub(crate) fn means(&self, of: Of) -> Vec<(usize, f64)> {
        let each = self.hosts.iter().enumerate();
        each.filter_map(|(index, host)| Some((index + 1, mean(host.iter().filter_map(of))?)))
            .collect()
    }

    /// The value below which this share of the samples lies (nearest rank).
    pub(crate) fn quantile(&self, of: Of, share: f64) -> Option<f64> {
        let mut values: Vec<f64> = self.samples().filter_map(of).collect();
        values.sort_by(f64::total_cmp);
        let rank = (values.len() as f64 * share).ceil() as usize;
        values.get(rank.max(1) - 1).copied()
    }

    /// Share of the samples with a figure that are at least this.
    pub(crate) fn share_from(&self, of: Of, least: f64) -> Option<f64> {
        let hit = |value: f64| if value >= least { 1.0 } else { 0.0 };
        mean(self.samples().filter_map(of).map(hit))
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}
