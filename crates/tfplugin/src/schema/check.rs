//! What Terraform's own validation of a schema would refuse, found in a test instead (pitfall P21).

use crate::{
    provider::Provider,
    schema::{
        AttrType, Attribute, Block, BlockNesting, IdentitySchema, NestedBlock, Nesting, Schema,
    },
    value::Type,
};

/// Names that Terraform keeps for itself at the top of a block.
const RESERVED: &[&str] = &[
    "connection",
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "provider",
    "provisioner",
];
/// Names that it keeps for itself in a provider block besides.
const RESERVED_IN_PROVIDER: &[&str] = &["alias", "locals", "providers", "source", "version"];

/// Everything that is wrong with the schemas of a provider, one sentence each. A test should find it
/// empty.
pub fn problems(provider: &dyn Provider) -> Vec<String> {
    let mut found = Vec::new();
    let mut note = |what: &str, problems: Vec<String>| {
        found.extend(
            problems
                .into_iter()
                .map(|problem| format!("{what}: {problem}")),
        );
    };
    let config = provider.schema();
    note("provider", config.problems());
    note("provider", config.reserved(RESERVED_IN_PROVIDER));
    for resource in provider.resources() {
        note(resource.type_name(), resource.schema().problems());
        let identity = resource.identity_schema();
        note(
            resource.type_name(),
            identity.map(|i| i.problems()).unwrap_or_default(),
        );
    }
    for data_source in provider.data_sources() {
        note(data_source.type_name(), data_source.schema().problems());
    }
    for function in provider.functions() {
        let signature = function.signature();
        let mut problems = Vec::new();
        for parameter in signature.parameters.iter().chain(&signature.variadic) {
            check_name(&parameter.name, "", &mut problems);
            check_type(&parameter.ty, &parameter.name, &mut problems);
        }
        note(function.name(), problems);
    }
    found
}

impl Schema {
    /// Everything that is wrong with the schema, one sentence each. A test should find it empty.
    pub fn problems(&self) -> Vec<String> {
        let mut found = self.reserved(RESERVED);
        check_block(&self.block, "", &mut found);
        found
    }

    /// The names at the top of the block that are reserved.
    fn reserved(&self, names: &[&str]) -> Vec<String> {
        let attributes = self
            .block
            .attributes
            .iter()
            .map(|attribute| &attribute.name);
        let blocks = self.block.blocks.iter().map(|nested| &nested.name);
        attributes
            .chain(blocks)
            .filter(|name| names.contains(&name.as_ref()))
            .map(|name| format!("{name}: the name is reserved by Terraform"))
            .collect()
    }
}

impl IdentitySchema {
    /// Everything that is wrong with the identity, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        for attribute in &self.attributes {
            check_name(&attribute.name, "", &mut found);
            let element = match &attribute.ty {
                Type::List(element) => element,
                other => other,
            };
            if !matches!(element, Type::Bool | Type::Number | Type::String) {
                let (name, ty) = (&attribute.name, &attribute.ty);
                found.push(format!(
                    "{name}: an identity holds primitives and lists of them, not {ty}"
                ));
            }
        }
        found
    }
}

fn check_block(block: &Block, at: &str, found: &mut Vec<String>) {
    check_attributes(&block.attributes, at, found);
    let mut names: Vec<&str> = block.attributes.iter().map(|a| a.name.as_ref()).collect();
    for nested in &block.blocks {
        check_name(&nested.name, at, found);
        if names.contains(&nested.name.as_ref()) {
            found.push(format!("{at}{}: declared twice", nested.name));
        }
        names.push(&nested.name);
        check_items(nested, at, found);
        if nested.nesting == BlockNesting::Set && nested.block.ty().has_dynamic() {
            found.push(format!(
                "{at}{}: a set of blocks cannot hold a dynamic attribute",
                nested.name
            ));
        }
        check_block(&nested.block, &format!("{at}{}.", nested.name), found);
    }
}

fn check_items(nested: &NestedBlock, at: &str, found: &mut Vec<String>) {
    let (min, max, name) = (nested.min_items, nested.max_items, &nested.name);
    let wrong = match nested.nesting {
        BlockNesting::Single if min != max || !(0..=1).contains(&min) => {
            "a single block takes (0, 0), or (1, 1) when it is required"
        }
        BlockNesting::Map | BlockNesting::Group if (min, max) != (0, 0) => {
            "a map or group of blocks takes (0, 0)"
        }
        BlockNesting::List | BlockNesting::Set if min < 0 || max < 0 || (max > 0 && min > max) => {
            "the least number is above the greatest, or negative"
        }
        BlockNesting::Set if min > 1 => {
            "a set may collapse while unknown: its least number is 0 or 1"
        }
        _ => return,
    };
    found.push(format!("{at}{name}: items({min}, {max}): {wrong}"));
}

fn check_attributes(attributes: &[Attribute], at: &str, found: &mut Vec<String>) {
    let mut names: Vec<&str> = Vec::new();
    for attribute in attributes {
        let name = attribute.name.as_ref();
        check_name(name, at, found);
        if names.contains(&name) {
            found.push(format!("{at}{name}: declared twice"));
        }
        names.push(name);
        let Attribute {
            required,
            optional,
            computed,
            write_only,
            ..
        } = *attribute;
        if !required && !optional && !computed {
            found.push(format!("{at}{name}: say required, optional or computed"));
        }
        if required && (optional || computed) {
            found.push(format!(
                "{at}{name}: required excludes optional and computed"
            ));
        }
        if write_only && computed {
            found.push(format!(
                "{at}{name}: a write-only attribute cannot be computed"
            ));
        }
        match &attribute.ty {
            AttrType::Plain(ty) => check_type(ty, &format!("{at}{name}"), found),
            AttrType::Nested { mode, attributes } => {
                if *mode == Nesting::Set && attribute.ty.ty().has_dynamic() {
                    found.push(format!("{at}{name}: a set cannot hold a dynamic attribute"));
                }
                check_attributes(attributes, &format!("{at}{name}."), found);
            }
        }
    }
}

fn check_type(ty: &Type, at: &str, found: &mut Vec<String>) {
    match ty {
        Type::Set(element) if element.has_dynamic() => {
            found.push(format!("{at}: a set cannot hold dynamic values"));
        }
        Type::List(element) | Type::Set(element) | Type::Map(element) => {
            check_type(element, at, found);
        }
        Type::Object(attributes) => {
            attributes.values().for_each(|ty| check_type(ty, at, found));
        }
        Type::Tuple(elements) => elements.iter().for_each(|ty| check_type(ty, at, found)),
        Type::Dynamic | Type::Bool | Type::Number | Type::String => {}
    }
}

fn check_name(name: &str, at: &str, found: &mut Vec<String>) {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if name.is_empty() || !name.bytes().all(legal) || name.as_bytes()[0].is_ascii_digit() {
        found.push(format!(
            "{at}{name}: a name starts with a lower-case letter or underscore and holds only lower-case letters, digits and underscores"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_is_named_with_its_place() {
        let schema = Schema::new(
            Block::new(vec![
                Attribute::string("count").optional(),
                Attribute::string("Upper").required(),
                Attribute::string("nothing"),
                Attribute::string("both").required().computed(),
                Attribute::new("set", Type::set(Type::Dynamic)).optional(),
                Attribute::nested("deep", Nesting::List, vec![Attribute::string("inner")])
                    .optional(),
            ])
            .blocks(vec![
                NestedBlock::single("one", Block::default()).items(0, 1),
                NestedBlock::new("m", BlockNesting::Map, Block::default()).items(1, 1),
            ]),
        );
        let found = schema.problems();
        for place in [
            "count:",
            "Upper:",
            "nothing:",
            "both:",
            "set:",
            "deep.inner:",
            "one:",
            "m:",
        ] {
            assert_eq!(
                found.iter().filter(|p| p.starts_with(place)).count(),
                1,
                "{place} {found:?}"
            );
        }
        assert_eq!(found.len(), 8, "{found:?}");
    }
}
