//! What a declaration says about one attribute: name, type, legal values, default, class, words.
//!
//! Everything here is `const`, so that a table of declarations costs nothing at start.

/// What a change of an input does to a training that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Another object: destroy and create.
    Replace,
    /// Reaches the container or alters the result: a change of the raw value starts a new run.
    Run,
    /// Read when a run is decided, kept until the next run.
    Decision,
    /// Takes effect on what exists, without a run.
    InPlace,
    /// Read when the resource is destroyed.
    DestroyTime,
}

impl Class {
    /// The sentence of the reference page.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Replace => "A change replaces the resource.",
            Self::Run => "A change starts a new run.",
            Self::Decision => "A change takes effect at the next run.",
            Self::InPlace => "A change takes effect in place.",
            Self::DestroyTime => "Read at destroy.",
        }
    }
}

/// When a computed attribute becomes known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Known {
    /// The plan shows it.
    InPlan,
    /// The plan of a new run shows it; the plan that creates leaves it to apply, so that it stays short.
    InLaterPlans,
    /// Apply fills it in.
    AfterApply,
    /// A refresh fills it in, or an apply that waits for the end of the run; the plan of a new run shows nothing.
    AfterRefresh,
}

/// Who sets an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The user must.
    Required,
    /// The user may; null means the default, which is applied inside and stays null in plan and state.
    Optional,
    /// The user may; else the provider fills it.
    OptionalComputed,
    /// Only the provider does.
    Computed,
}

/// What null stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Preset {
    /// Nothing: the feature or limit is absent.
    Absent,
    /// A fixed flag.
    Bool(bool),
    /// A fixed whole number.
    Whole(i64),
    /// A fixed number.
    Number(f64),
    /// A fixed string.
    Text(&'static str),
    /// Depends on other inputs; said in words, computed by [`crate::ml_training::Effective`] or by the decision.
    Derived(&'static str),
}

/// A legal value of an enumeration with what it means.
pub type Choice = (&'static str, &'static str);

/// Rules for a string, each with its own words in errors and on the reference page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// Any string.
    Any,
    /// 1 to this many characters.
    UpTo(usize),
    /// At most this many characters, line breaks included.
    AtMost(usize),
    /// One line of at most this many characters.
    Line(usize),
    /// A name of SageMaker: letters, digits and hyphens, at most this many.
    Entity(usize),
    /// The name of a training.
    TrainingName,
    /// An S3 bucket name.
    Bucket,
    /// A key prefix in a bucket.
    Prefix,
    /// `s3://bucket/key`.
    S3Uri,
    /// A region of the catalogue.
    Region,
    /// A SageMaker training instance type of the catalogue.
    InstanceType,
    /// An ARN of this service and resource (`kms`, `key`).
    Arn(&'static str, &'static str),
    /// RFC 3339 with a zone.
    Time,
    /// A duration such as `90m`.
    Duration,
    /// An absolute path in the container.
    ContainerPath,
    /// A path inside the source folder.
    RelativePath,
    /// A built-in algorithm `name:version` or an algorithm ARN.
    Algorithm,
    /// A container image URI.
    Image,
    /// `name:version` of a framework.
    Framework,
    /// `none`, `previous_run` or an S3 URI.
    ResumeFrom,
    /// An IAM path.
    IamPath,
    /// An ID such as `subnet-0abc`, with this prefix.
    Id(&'static str),
    /// An `http` or `https` address.
    Url,
    /// Twelve digits.
    Account,
    /// A channel name.
    Channel,
    /// A SageMaker environment variable's name.
    Variable,
    /// A regular expression with one group.
    Metric,
    /// A tag key that is not reserved.
    TagKey,
    /// A tag value.
    TagValue,
}

/// Type and legal values of an attribute.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A flag.
    Bool,
    /// A number between two bounds; `above` excludes the lower one.
    Number {
        /// Lower bound.
        least: f64,
        /// Whether the value must be above `least`, not equal.
        above: bool,
        /// Upper bound.
        most: f64,
    },
    /// A whole number between two bounds.
    Whole {
        /// Lower bound.
        least: i64,
        /// Upper bound.
        most: i64,
    },
    /// A string.
    Text(Text),
    /// One of a few strings.
    OneOf(&'static [Choice]),
    /// A list, with the bounds of its length.
    List {
        /// What each member is.
        of: &'static Kind,
        /// Least number of members.
        least: usize,
        /// Greatest number of members.
        most: usize,
        /// A member may occur once.
        distinct: bool,
    },
    /// A map of scalars.
    Map {
        /// The rule for keys.
        key: Text,
        /// What each value is.
        of: &'static Kind,
        /// Greatest number of entries.
        most: usize,
    },
    /// One object.
    Object(&'static [Attribute]),
    /// A list of objects.
    Objects(&'static [Attribute]),
    /// A map of objects.
    ObjectMap {
        /// The rule for keys.
        key: Text,
        /// The fields of each object.
        of: &'static [Attribute],
        /// Greatest number of entries; at least one is needed.
        most: usize,
    },
    /// A block `name { .. }`, at most one.
    Block(&'static [Attribute]),
}

/// The declaration of one attribute.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// The name in HCL.
    pub name: &'static str,
    /// Type and legal values.
    pub kind: Kind,
    /// Who sets it.
    pub need: Need,
    /// What null stands for.
    pub preset: Preset,
    /// What a change does.
    pub class: Class,
    /// The heading of the reference page under which it stands.
    pub section: &'static str,
    /// One short sentence; it is part of the protocol schema.
    pub short: &'static str,
    /// More words for the reference page only.
    pub more: &'static str,
    /// Masked by Terraform.
    pub sensitive: bool,
    /// Describes the workload: `data.sustainable_placement` reads it as well.
    pub workload: bool,
    /// Handed to the training code as `SUSTAINABLE_<NAME>`.
    pub handed_over: bool,
    /// When it becomes known, if the provider sets it.
    pub known: Known,
}

/// An attribute of this kind, optional and in place until more is said.
pub const fn of(kind: Kind) -> Attribute {
    Attribute {
        name: "",
        kind,
        need: Need::Optional,
        preset: Preset::Absent,
        class: Class::InPlace,
        section: "",
        short: "",
        more: "",
        sensitive: false,
        workload: false,
        handed_over: false,
        known: Known::InPlan,
    }
}

/// A flag.
pub const fn flag() -> Attribute {
    of(Kind::Bool)
}

/// A string under a rule.
pub const fn text(rule: Text) -> Attribute {
    of(Kind::Text(rule))
}

/// One of these strings.
pub const fn one_of(choices: &'static [Choice]) -> Attribute {
    of(Kind::OneOf(choices))
}

/// A number from `least` to `most`, both included.
pub const fn number(least: f64, most: f64) -> Attribute {
    of(Kind::Number {
        least,
        above: false,
        most,
    })
}

/// A number above `least` and up to `most`.
pub const fn above(least: f64, most: f64) -> Attribute {
    of(Kind::Number {
        least,
        above: true,
        most,
    })
}

/// A whole number from `least` to `most`, both included.
pub const fn whole(least: i64, most: i64) -> Attribute {
    of(Kind::Whole { least, most })
}

/// A list of 1 to `most` different members.
pub const fn list(of_kind: &'static Kind, most: usize) -> Attribute {
    of(Kind::List {
        of: of_kind,
        least: 1,
        most,
        distinct: true,
    })
}

/// A map of scalars.
pub const fn map(key: Text, of_kind: &'static Kind, most: usize) -> Attribute {
    of(Kind::Map {
        key,
        of: of_kind,
        most,
    })
}

/// A number without bounds.
pub const ANY_NUMBER: Kind = Kind::Number {
    least: f64::NEG_INFINITY,
    above: false,
    most: f64::INFINITY,
};
/// A string without a rule.
pub const ANY_TEXT: Kind = Kind::Text(Text::Any);
/// A region.
pub(crate) const REGION: Kind = Kind::Text(Text::Region);
/// A list of lines.
pub const LINES: Kind = Kind::List {
    of: &ANY_TEXT,
    least: 0,
    most: usize::MAX,
    distinct: false,
};

/// A computed attribute of this kind.
pub const fn out(kind: Kind) -> Attribute {
    let mut attribute = of(kind);
    attribute.need = Need::Computed;
    attribute
}

impl Attribute {
    /// The user must set it.
    pub const fn required(mut self) -> Self {
        self.need = Need::Required;
        self
    }
    /// The user may set it, else the provider does.
    pub const fn or_computed(mut self) -> Self {
        self.need = Need::OptionalComputed;
        self
    }
    /// What null stands for.
    pub const fn preset(mut self, preset: Preset) -> Self {
        self.preset = preset;
        self
    }
    /// A change replaces the resource.
    pub const fn replace(mut self) -> Self {
        self.class = Class::Replace;
        self
    }
    /// A change starts a new run.
    pub const fn run(mut self) -> Self {
        self.class = Class::Run;
        self
    }
    /// A change waits for the next run.
    pub const fn decision(mut self) -> Self {
        self.class = Class::Decision;
        self
    }
    /// Read at destroy.
    pub const fn destroy_time(mut self) -> Self {
        self.class = Class::DestroyTime;
        self
    }
    /// Part of the workload that the placement data source reads.
    pub const fn workload(mut self) -> Self {
        self.workload = true;
        self
    }
    /// Handed to the training code in the environment.
    pub const fn handed_over(mut self) -> Self {
        self.handed_over = true;
        self
    }
    /// Left out of the plan that creates.
    pub const fn in_later_plans(mut self) -> Self {
        self.known = Known::InLaterPlans;
        self
    }
    /// Filled in by apply.
    pub const fn after_apply(mut self) -> Self {
        self.known = Known::AfterApply;
        self
    }
    /// Filled in by a refresh.
    pub const fn after_refresh(mut self) -> Self {
        self.known = Known::AfterRefresh;
        self
    }
    /// Masked in plans and logs.
    pub const fn secret(mut self) -> Self {
        self.sensitive = true;
        self
    }
    /// More words for the reference page.
    pub const fn more(mut self, more: &'static str) -> Self {
        assert!(
            self.more.is_empty(),
            "a second text would take the place of the first"
        );
        self.more = more;
        self
    }
    /// Used by the declaring macros.
    pub const fn placed(
        mut self,
        section: &'static str,
        name: &'static str,
        short: &'static str,
    ) -> Self {
        self.section = section;
        self.name = name;
        self.short = short;
        self
    }
    /// The environment variable that hands this setting to the training code.
    pub fn variable(&self) -> String {
        format!("SUSTAINABLE_{}", self.name.to_ascii_uppercase())
    }
}

/// Declares attributes once: the table that everything is derived from, and the struct that holds what a user typed
/// (low level: each field keeps null and unknown apart).
///
/// ```text
/// declare! {
///     /// Doc of the struct.
///     pub struct Config, pub static INPUTS;
///     "Section" {
///         name: String, "One short sentence.", text(Text::TrainingName).required();
///     }
/// }
/// ```
macro_rules! declare {
    (
        $(#[$meta:meta])*
        pub struct $name:ident, pub $store:ident $table:ident;
        $( $section:literal { $( $field:ident : $ty:ty, $short:literal, $attribute:expr; )* } )*
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(
                #[doc = $short]
                pub $field: ::tfplugin::Attr<$ty>,
            )*)*
        }

        #[doc = concat!("The declarations behind [`", stringify!($name), "`].")]
        pub $store $table: &[$crate::declare::Attribute] = &[
            $($( $attribute.placed($section, stringify!($field), $short), )*)*
        ];
    };
}

/// The same for objects that the provider computes: plain fields, no null or unknown kept apart.
macro_rules! declare_output {
    (
        $(#[$meta:meta])*
        pub struct $name:ident, pub const $table:ident;
        $( $field:ident : $ty:ty, $short:literal, $attribute:expr; )*
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default)]
        pub struct $name {
            $(
                #[doc = $short]
                pub $field: $ty,
            )*
        }

        #[doc = concat!("The declarations behind [`", stringify!($name), "`].")]
        pub const $table: &[$crate::declare::Attribute] = &[
            $( $attribute.placed("", stringify!($field), $short), )*
        ];
    };
}

pub(crate) use {declare, declare_output};
