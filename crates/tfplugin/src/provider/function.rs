//! A function that configurations can call: `provider::sustainable::grid_zone("eu-north-1")`.

use async_trait::async_trait;

use crate::{
    schema::Text,
    typed::ValueError,
    value::{Type, Value},
};

/// A function: the same arguments always give the same result. Called on a provider that is not
/// configured.
#[async_trait]
pub trait Function: Send + Sync + 'static {
    /// Its name.
    fn name(&self) -> &str;

    /// Its parameters and result.
    fn signature(&self) -> Signature;

    /// The result. `arguments` holds one value per parameter, then those of the variadic one.
    async fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError>;
}

/// Parameters and result of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// The parameters in order.
    pub parameters: Vec<Parameter>,
    /// A last parameter that takes any number of arguments.
    pub variadic: Option<Parameter>,
    /// The type of the result.
    pub returns: Type,
    /// What it does, in one line.
    pub summary: Text,
    /// What it does, in Markdown.
    pub description: Text,
    /// Set if deprecated: what to use instead.
    pub deprecation: Option<Text>,
}

impl Signature {
    /// A function of these parameters.
    pub fn new(parameters: Vec<Parameter>, returns: Type) -> Self {
        Self {
            parameters,
            variadic: None,
            returns,
            summary: Text::Borrowed(""),
            description: Text::Borrowed(""),
            deprecation: None,
        }
    }

    /// With a last parameter that takes any number of arguments.
    #[must_use]
    pub fn variadic(mut self, parameter: Parameter) -> Self {
        self.variadic = Some(parameter);
        self
    }

    /// What it does: in one line, and in Markdown.
    #[must_use]
    pub fn describe(mut self, summary: impl Into<Text>, description: impl Into<Text>) -> Self {
        self.summary = summary.into();
        self.description = description.into();
        self
    }
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, for messages and documentation.
    pub name: Text,
    /// Its type.
    pub ty: Type,
    /// Whether null is passed on; otherwise Terraform refuses it.
    pub allow_null: bool,
    /// Whether unknown values are passed on; otherwise Terraform takes the result to be unknown.
    pub allow_unknown: bool,
    /// What it is for, in Markdown.
    pub description: Text,
}

impl Parameter {
    /// A parameter that is neither null nor unknown.
    pub fn new(name: impl Into<Text>, ty: Type) -> Self {
        Self {
            name: name.into(),
            ty,
            allow_null: false,
            allow_unknown: false,
            description: Text::Borrowed(""),
        }
    }

    /// Null is passed on.
    #[must_use]
    pub const fn allow_null(mut self) -> Self {
        self.allow_null = true;
        self
    }

    /// Unknown values are passed on.
    #[must_use]
    pub const fn allow_unknown(mut self) -> Self {
        self.allow_unknown = true;
        self
    }

    /// What it is for, in Markdown.
    #[must_use]
    pub fn describe(mut self, description: impl Into<Text>) -> Self {
        self.description = description.into();
        self
    }
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionError {
    /// What was wrong, what is legal, what to do.
    pub text: String,
    /// The argument it is about, counted from 0.
    pub argument: Option<usize>,
}

impl FunctionError {
    /// A failure of the call as a whole.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            argument: None,
        }
    }

    /// A failure of the argument at `index`, counted from 0.
    pub fn argument(index: usize, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            argument: Some(index),
        }
    }
}

impl From<ValueError> for FunctionError {
    fn from(error: ValueError) -> Self {
        Self::new(error.to_string())
    }
}
