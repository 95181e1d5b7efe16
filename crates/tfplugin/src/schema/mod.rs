//! What users may write and what they get: the schema of a provider, resource or data source.
//!
//! ```
//! use tfplugin::{Attribute, Block, Nesting, Schema, Type};
//!
//! let schema = Schema::new(Block::new(vec![
//!     Attribute::string("name").required().describe("Unique in the bucket."),
//!     Attribute::new("tags", Type::map(Type::String)).optional(),
//!     Attribute::nested("estimate", Nesting::Single, vec![
//!         Attribute::number("emissions_kg").computed(),
//!     ]).computed(),
//! ]));
//! assert!(schema.problems().is_empty());
//! ```

mod check;
mod fill;
mod unknowns;
mod write_only;

use std::borrow::Cow;

use crate::value::Type;

pub use check::problems;

/// Text that is often a literal.
pub type Text = Cow<'static, str>;

/// The schema of a provider, a resource or a data source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Rises by one whenever a saved state has to be converted. Only a resource's version matters.
    pub version: i64,
    /// What stands between the braces.
    pub block: Block,
}

impl Schema {
    /// Version 0 of `block`.
    pub const fn new(block: Block) -> Self {
        Self { version: 0, block }
    }

    /// The same schema with another version.
    #[must_use]
    pub const fn version(mut self, version: i64) -> Self {
        self.version = version;
        self
    }

    /// The type of a value of this schema: an object with every attribute and block.
    pub fn ty(&self) -> Type {
        self.block.ty()
    }
}

/// Attributes and nested blocks between braces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// `name = value`.
    pub attributes: Vec<Attribute>,
    /// `name { ... }`.
    pub blocks: Vec<NestedBlock>,
    /// What it is for, in Markdown.
    pub description: Text,
    /// Set if deprecated: what to use instead.
    pub deprecation: Option<Text>,
}

impl Block {
    /// A block of attributes.
    pub const fn new(attributes: Vec<Attribute>) -> Self {
        Self {
            attributes,
            blocks: Vec::new(),
            description: Text::Borrowed(""),
            deprecation: None,
        }
    }

    /// The same block with nested blocks.
    #[must_use]
    pub fn blocks(mut self, blocks: Vec<NestedBlock>) -> Self {
        self.blocks = blocks;
        self
    }

    /// The same block with a description in Markdown.
    #[must_use]
    pub fn describe(mut self, description: impl Into<Text>) -> Self {
        self.description = description.into();
        self
    }

    /// The same block, deprecated in favour of something else.
    #[must_use]
    pub fn deprecate(mut self, instead: impl Into<Text>) -> Self {
        self.deprecation = Some(instead.into());
        self
    }

    /// The type of its value.
    pub fn ty(&self) -> Type {
        let attributes = self
            .attributes
            .iter()
            .map(|a| (a.name.to_string(), a.ty.ty()));
        let blocks = self.blocks.iter().map(|b| (b.name.to_string(), b.ty()));
        Type::object(attributes.chain(blocks))
    }

    /// The attribute called `name`.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }
}

/// The type of an attribute: plain, or nested attributes with descriptions of their own (pitfall
/// P21: never both).
#[derive(Clone, Debug, PartialEq)]
pub enum AttrType {
    /// A type of the type system.
    Plain(Type),
    /// An object, or a collection of objects, whose attributes are attributes in their own right.
    Nested {
        /// One object, or which collection of them.
        mode: Nesting,
        /// The attributes of the object.
        attributes: Vec<Attribute>,
    },
}

impl AttrType {
    /// The type of the value.
    pub fn ty(&self) -> Type {
        match self {
            Self::Plain(ty) => ty.clone(),
            Self::Nested { mode, attributes } => {
                let object =
                    Type::object(attributes.iter().map(|a| (a.name.to_string(), a.ty.ty())));
                match mode {
                    Nesting::Single => object,
                    Nesting::List => Type::list(object),
                    Nesting::Set => Type::set(object),
                    Nesting::Map => Type::map(object),
                }
            }
        }
    }
}

/// How nested attributes nest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// A list of objects.
    List,
    /// A set of objects.
    Set,
    /// A map of objects.
    Map,
}

/// One attribute. It is `required`, or `optional` and/or `computed`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name: lower-case letters, digits and underscores.
    pub name: Text,
    /// Its type.
    pub ty: AttrType,
    /// Users must set it.
    pub required: bool,
    /// Users may set it.
    pub optional: bool,
    /// The provider may set it where users did not.
    pub computed: bool,
    /// Hidden in Terraform's output.
    pub sensitive: bool,
    /// Never stored in plan or state.
    pub write_only: bool,
    /// What it is for, in Markdown.
    pub description: Text,
    /// Set if deprecated: what to use instead.
    pub deprecation: Option<Text>,
}

impl Attribute {
    /// An attribute of a plain type; say `required`, `optional` or `computed` next.
    pub fn new(name: impl Into<Text>, ty: Type) -> Self {
        Self::of(name, AttrType::Plain(ty))
    }

    /// Nested attributes.
    pub fn nested(name: impl Into<Text>, mode: Nesting, attributes: Vec<Attribute>) -> Self {
        Self::of(name, AttrType::Nested { mode, attributes })
    }

    /// An attribute of text.
    pub fn string(name: impl Into<Text>) -> Self {
        Self::new(name, Type::String)
    }

    /// An attribute of a number.
    pub fn number(name: impl Into<Text>) -> Self {
        Self::new(name, Type::Number)
    }

    /// An attribute of a boolean.
    pub fn bool(name: impl Into<Text>) -> Self {
        Self::new(name, Type::Bool)
    }

    fn of(name: impl Into<Text>, ty: AttrType) -> Self {
        Self {
            name: name.into(),
            ty,
            required: false,
            optional: false,
            computed: false,
            sensitive: false,
            write_only: false,
            description: Text::Borrowed(""),
            deprecation: None,
        }
    }

    /// Users must set it.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Users may set it.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The provider may set it where users did not.
    #[must_use]
    pub const fn computed(mut self) -> Self {
        self.computed = true;
        self
    }

    /// Hidden in Terraform's output.
    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Never stored in plan or state (Terraform and OpenTofu 1.11 and later).
    #[must_use]
    pub const fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// What it is for, in Markdown.
    #[must_use]
    pub fn describe(mut self, description: impl Into<Text>) -> Self {
        self.description = description.into();
        self
    }

    /// Deprecated in favour of something else.
    #[must_use]
    pub fn deprecate(mut self, instead: impl Into<Text>) -> Self {
        self.deprecation = Some(instead.into());
        self
    }
}

/// How nested blocks nest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockNesting {
    /// At most one; null when absent.
    Single,
    /// At most one; an object of nulls when absent.
    Group,
    /// Any number, in order.
    List,
    /// Any number, without order.
    Set,
    /// Any number, each with a label.
    Map,
}

/// A block inside a block.
#[derive(Clone, Debug, PartialEq)]
pub struct NestedBlock {
    /// Its name.
    pub name: Text,
    /// What stands between its braces.
    pub block: Block,
    /// How many there may be, and how they are kept.
    pub nesting: BlockNesting,
    /// The least number of blocks (list and set); 1 makes a single block required.
    pub min_items: i64,
    /// The greatest number of blocks (list and set); 0 is no limit.
    pub max_items: i64,
}

impl NestedBlock {
    /// At most one block.
    pub fn single(name: impl Into<Text>, block: Block) -> Self {
        Self::new(name, BlockNesting::Single, block)
    }

    /// Any number of blocks, in order.
    pub fn list(name: impl Into<Text>, block: Block) -> Self {
        Self::new(name, BlockNesting::List, block)
    }

    /// Any number of blocks, without order.
    pub fn set(name: impl Into<Text>, block: Block) -> Self {
        Self::new(name, BlockNesting::Set, block)
    }

    /// Blocks of any nesting.
    pub fn new(name: impl Into<Text>, nesting: BlockNesting, block: Block) -> Self {
        Self {
            name: name.into(),
            block,
            nesting,
            min_items: 0,
            max_items: 0,
        }
    }

    /// Sets how many blocks there have to be and may be (0: no limit).
    #[must_use]
    pub const fn items(mut self, min: i64, max: i64) -> Self {
        self.min_items = min;
        self.max_items = max;
        self
    }

    /// The type of its value.
    pub fn ty(&self) -> Type {
        let block = self.block.ty();
        match self.nesting {
            BlockNesting::Single | BlockNesting::Group => block,
            // Blocks with dynamic attributes can differ in type, so their list is a tuple, which no
            // schema can name: the value travels as dynamic.
            BlockNesting::List if block.has_dynamic() => Type::Dynamic,
            BlockNesting::List => Type::list(block),
            BlockNesting::Set => Type::set(block),
            BlockNesting::Map if block.has_dynamic() => Type::Dynamic,
            BlockNesting::Map => Type::map(block),
        }
    }
}

/// What tells one object from every other (resource identity, Terraform and OpenTofu 1.12).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdentitySchema {
    /// Rises by one whenever a saved identity has to be converted.
    pub version: i64,
    /// Its attributes.
    pub attributes: Vec<IdentityAttribute>,
}

impl IdentitySchema {
    /// Version 0 of these attributes.
    pub const fn new(attributes: Vec<IdentityAttribute>) -> Self {
        Self {
            version: 0,
            attributes,
        }
    }

    /// The type of an identity.
    pub fn ty(&self) -> Type {
        Type::object(
            self.attributes
                .iter()
                .map(|a| (a.name.to_string(), a.ty.clone())),
        )
    }
}

/// One attribute of an identity.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityAttribute {
    /// Its name.
    pub name: Text,
    /// Its type: a primitive, or a list of primitives.
    pub ty: Type,
    /// Whether an import has to give it; otherwise it may.
    pub required_for_import: bool,
    /// What it is for, in Markdown.
    pub description: Text,
}

impl IdentityAttribute {
    /// A text that an import has to give.
    pub fn string(name: impl Into<Text>) -> Self {
        Self {
            name: name.into(),
            ty: Type::String,
            required_for_import: true,
            description: Text::Borrowed(""),
        }
    }

    /// An import may leave it out.
    #[must_use]
    pub const fn optional_for_import(mut self) -> Self {
        self.required_for_import = false;
        self
    }

    /// What it is for, in Markdown.
    #[must_use]
    pub fn describe(mut self, description: impl Into<Text>) -> Self {
        self.description = description.into();
        self
    }
}
