//! Uncertainty by named factors.
//!
//! Every figure is a product and sum of inputs. To first order a change of `w` in the
//! logarithm of one input changes the logarithm of the figure by `s w`, where `s` is the
//! input's exponent in it. Independent inputs add up in quadrature:
//! `low, high = X exp(-+ sqrt(sum (s w)^2))`, with a half-width of its own for each side.
//! For a ratio of two candidates the same input moves both, so that its displacements
//! are subtracted before they are squared: what is shared cancels.

/// The figures that carry exponents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    Kg,
    Kwh,
    Usd,
    /// Billed hours.
    Hours,
    /// Energy at the racks, without PUE.
    ItKwh,
    /// Hours of training, repeated work included, without start-up.
    Compute,
}

/// How many of them there are.
pub(crate) const METRICS: usize = 6;

/// Which input. Equal ids are the same input, whichever candidate it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Input {
    /// A row of the throughput table.
    Throughput(u16),
    /// Several accelerators over NVLink.
    Nvlink,
    /// Several accelerators over PCIe.
    Pcie,
    /// Several instances: 0 fast, 1 medium, 2 slow network.
    Scaling(u8),
    /// A technique's time factor.
    Technique(u8),
    /// Start-up, download, restart.
    StartUp,
    /// How an interruption band is read as a hazard.
    SpotExposure,
    /// Power of a family.
    Power(&'static str),
    /// Load of the accelerators.
    LoadAccelerator,
    /// Load of the host.
    LoadHost,
    /// PUE of a region.
    Pue(&'static str),
    /// Annual intensity of a zone.
    Intensity(&'static str),
    /// How far a run strays from the annual average of a zone.
    Variability(&'static str),
    /// What a zone's hours do from a moment on, where a forecast or a profile covers the run.
    Hours(&'static str, i64),
    /// Embodied emissions.
    Embodied,
    /// Uplift behind the price of a family.
    Price(&'static str),
    /// Spot saving of a family in a region.
    Spot(&'static str, &'static str),
    /// Network between regions, at its lower end.
    NetworkLess,
    /// Network between regions, at its upper end.
    NetworkMore,
    /// Power of a file system, at its lower end.
    FileSystemPowerLess,
    /// Power of a file system, at its upper end.
    FileSystemPowerMore,
    /// Price of a file system.
    FileSystemPrice,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    input: Input,
    down: f64,
    up: f64,
    exponent: [f64; METRICS],
}

/// The inputs of one candidate.
#[derive(Clone, Debug)]
pub(crate) struct Factors {
    slots: Vec<Slot>,
}

impl Default for Factors {
    fn default() -> Self {
        Self {
            slots: Vec::with_capacity(24),
        }
    }
}

impl Factors {
    /// Adds an input with its half-widths and exponents; exponents of the same input add up.
    pub(crate) fn push(&mut self, input: Input, [down, up]: [f64; 2], exponent: [f64; METRICS]) {
        match self.slots.iter_mut().find(|s| s.input == input) {
            Some(slot) => {
                for (sum, more) in slot.exponent.iter_mut().zip(exponent) {
                    *sum += more;
                }
            }
            None => self.slots.push(Slot {
                input,
                down,
                up,
                exponent,
            }),
        }
    }

    /// The slot of an input: mostly at the same place, since all are filled in one order.
    fn at(&self, place: usize, input: Input) -> Option<&Slot> {
        match self.slots.get(place) {
            Some(slot) if slot.input == input => Some(slot),
            _ => self.slots.iter().find(|slot| slot.input == input),
        }
    }

    /// Half-widths of one figure, down and up.
    pub(crate) fn band(&self, metric: Metric) -> [f64; 2] {
        let m = metric as usize;
        let mut square = [0.0, 0.0];
        for slot in &self.slots {
            let s = slot.exponent[m];
            add(&mut square, -s * slot.down, s * slot.up);
        }
        square.map(f64::sqrt)
    }

    /// Half-widths of the ratio of this candidate's figure to another's.
    pub(crate) fn ratio(&self, other: &Self, metrics: &[Metric]) -> [f64; 2] {
        let sum = |slot: &Slot| {
            metrics
                .iter()
                .map(|m| slot.exponent[*m as usize])
                .sum::<f64>()
        };
        let mut square = [0.0, 0.0];
        for (place, slot) in self.slots.iter().enumerate() {
            let s = sum(slot);
            let twin = other.at(place, slot.input);
            let [down, up] = twin.map_or([0.0, 0.0], |o| {
                let t = sum(o);
                [t * o.down, t * o.up]
            });
            add(&mut square, -(s * slot.down - down), s * slot.up - up);
        }
        for (place, slot) in other.slots.iter().enumerate() {
            if self.at(place, slot.input).is_none() {
                let s = -sum(slot);
                add(&mut square, -s * slot.down, s * slot.up);
            }
        }
        square.map(f64::sqrt)
    }
}

/// Adds what the figure does when the input goes down and when it goes up, each to its side.
fn add(square: &mut [f64; 2], when_down: f64, when_up: f64) {
    let below = when_down.min(when_up).min(0.0);
    let above = when_down.max(when_up).max(0.0);
    square[0] += below * below;
    square[1] += above * above;
}
