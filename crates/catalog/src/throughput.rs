//! How fast an accelerator trains, and what a technique does to the time.

use crate::Figure;

/// What the throughput was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModelClass {
    /// Convolutions.
    Vision,
    /// Transformers of BERT's size.
    Nlp,
    /// Large generative models.
    Llm,
}

impl ModelClass {
    /// `vision`, `nlp` or `llm`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vision => "vision",
            Self::Nlp => "nlp",
            Self::Llm => "llm",
        }
    }
}

/// Arithmetic of the training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Precision {
    /// Automatic mixed precision: bf16 or fp16.
    Amp,
    /// Tensor-core fp32.
    Tf32,
    /// True fp32.
    Fp32,
    /// 8-bit floats; never chosen by the planner.
    Fp8,
}

impl Precision {
    /// `amp`, `tf32`, `fp32` or `fp8`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amp => "amp",
            Self::Tf32 => "tf32",
            Self::Fp32 => "fp32",
            Self::Fp8 => "fp8",
        }
    }
}

/// How a throughput is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ThroughputBasis {
    /// The reference itself: 1 by definition.
    Reference,
    /// Measured on this accelerator.
    Measured,
    /// Measured on a close relative.
    Proxy,
    /// Computed from other figures.
    Derived,
    /// One measurement that hardly fits.
    Weak,
    /// Nobody measured it.
    Guess,
    /// The user's own figure.
    Own,
}

impl ThroughputBasis {
    /// As the data file writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Measured => "measured",
            Self::Proxy => "proxy",
            Self::Derived => "derived",
            Self::Weak => "weak",
            Self::Guess => "guess",
            Self::Own => "own",
        }
    }

    /// Whether a decision may rest on it.
    #[must_use]
    pub fn is_sound(self) -> bool {
        !matches!(self, Self::Weak | Self::Guess)
    }
}

/// Relative training throughput of one accelerator (A100 40 GB with AMP = 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throughput {
    /// Key of the accelerator.
    pub accelerator: &'static str,
    /// On what.
    pub class: ModelClass,
    /// In which arithmetic.
    pub precision: Precision,
    /// How fast.
    pub relative: Figure,
    /// How it is known.
    pub basis: ThroughputBasis,
}

/// What a technique does to the training time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Technique {
    /// `mixed_precision` or `gradient_checkpointing`.
    pub name: &'static str,
    /// On what; `None` = anything.
    pub class: Option<ModelClass>,
    /// Against which arithmetic; `None` = any.
    pub base: Option<Precision>,
    /// Time with it over time without.
    pub time_factor: Figure,
}
