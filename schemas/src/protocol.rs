//! From declarations to the protocol schema.

use tfplugin::{Attribute as Wire, Block, NestedBlock, Nesting, Schema, Type};

use crate::declare::{Attribute, Kind, Need};

/// The schema of one block from its tables.
pub(crate) fn schema(version: i64, tables: &[&[Attribute]]) -> Schema {
    Schema::new(block(tables)).version(version)
}

fn block(tables: &[&[Attribute]]) -> Block {
    let all = || tables.iter().copied().flatten();
    Block::new(
        all()
            .filter(|one| !matches!(one.kind, Kind::Block(_)))
            .map(attribute)
            .collect(),
    )
    .blocks(
        all()
            .filter_map(|one| match one.kind {
                Kind::Block(fields) => Some(NestedBlock::single(
                    one.name,
                    block(&[fields]).describe(one.short),
                )),
                _ => None,
            })
            .collect(),
    )
}

fn attribute(declared: &Attribute) -> Wire {
    let wire = match &declared.kind {
        Kind::Object(fields) => Wire::nested(
            declared.name,
            Nesting::Single,
            fields.iter().map(attribute).collect(),
        ),
        Kind::Objects(fields) => Wire::nested(
            declared.name,
            Nesting::List,
            fields.iter().map(attribute).collect(),
        ),
        Kind::ObjectMap { of, .. } => Wire::nested(
            declared.name,
            Nesting::Map,
            of.iter().map(attribute).collect(),
        ),
        plain => Wire::new(declared.name, type_of(plain)),
    };
    let wire = match declared.need {
        Need::Required => wire.required(),
        Need::Optional => wire.optional(),
        Need::OptionalComputed => wire.optional().computed(),
        Need::Computed => wire.computed(),
    };
    let wire = if declared.sensitive {
        wire.sensitive()
    } else {
        wire
    };
    wire.describe(declared.short)
}

/// The type of a kind of value.
pub fn type_of(kind: &Kind) -> Type {
    let object = |fields: &[Attribute]| {
        Type::object(
            fields
                .iter()
                .map(|one| (one.name.to_owned(), type_of(&one.kind))),
        )
    };
    match kind {
        Kind::Bool => Type::Bool,
        Kind::Number { .. } | Kind::Whole { .. } => Type::Number,
        Kind::Text(_) | Kind::OneOf(_) => Type::String,
        Kind::List { of, .. } => Type::list(type_of(of)),
        Kind::Map { of, .. } => Type::map(type_of(of)),
        Kind::Object(fields) | Kind::Block(fields) => object(fields),
        Kind::Objects(fields) => Type::list(object(fields)),
        Kind::ObjectMap { of, .. } => Type::map(object(of)),
    }
}
