//! Where in a value something is: the steps from the root, as a diagnostic carries them.

use std::fmt;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into an attribute (or nested block) of an object.
    Attribute(String),
    /// Into an entry of a map.
    Key(String),
    /// Into an element of a list.
    Index(i64),
}

/// The way to a part of a value: `Path::root("channels").key("train").attribute("s3_uri")`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Step>);

impl Path {
    /// The whole value.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// A top-level attribute or block.
    pub fn root(attribute: impl Into<String>) -> Self {
        Self::empty().attribute(attribute)
    }

    /// One step further, into an attribute of an object.
    #[must_use]
    pub fn attribute(self, name: impl Into<String>) -> Self {
        self.step(Step::Attribute(name.into()))
    }

    /// One step further, into an entry of a map.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        self.step(Step::Key(key.into()))
    }

    /// One step further, into an element of a list.
    #[must_use]
    pub fn index(self, index: usize) -> Self {
        self.step(Step::Index(index.try_into().unwrap_or(i64::MAX)))
    }

    /// One step further.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is the whole value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a step in front: errors are built from the inside out.
    pub(crate) fn prefixed(mut self, step: Step) -> Self {
        self.0.insert(0, step);
        self
    }
}

impl From<Vec<Step>> for Path {
    fn from(steps: Vec<Step>) -> Self {
        Self(steps)
    }
}

impl From<&str> for Path {
    /// A top-level attribute.
    fn from(attribute: &str) -> Self {
        Self::root(attribute)
    }
}

impl fmt::Display for Path {
    /// As a user writes it in HCL: `channels["train"].s3_uri`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
