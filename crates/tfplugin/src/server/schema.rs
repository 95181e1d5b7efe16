//! Schemas as Terraform asks for them. They are asked for once per process, so nothing is kept.

use crate::{
    pb::tfplugin6::{self as pb, schema as pbs},
    provider::{Parameter, Signature},
    schema::{
        AttrType, Attribute, Block, BlockNesting, IdentitySchema, NestedBlock, Nesting, Schema,
        Text,
    },
    value::Type,
};

/// A schema.
pub(super) fn schema(schema: &Schema) -> pb::Schema {
    pb::Schema {
        version: schema.version,
        block: Some(block(&schema.block, schema.version)),
    }
}

fn block(block: &Block, version: i64) -> pbs::Block {
    pbs::Block {
        version,
        attributes: block.attributes.iter().map(attribute).collect(),
        block_types: block.blocks.iter().map(nested_block).collect(),
        description: block.description.to_string(),
        description_kind: pb::StringKind::Markdown.into(),
        deprecated: block.deprecation.is_some(),
        deprecation_message: text(block.deprecation.as_ref()),
    }
}

/// An attribute has a type or nested attributes, never both (pitfall P21).
fn attribute(attribute: &Attribute) -> pbs::Attribute {
    let (ty, nested_type) = match &attribute.ty {
        AttrType::Plain(plain) => (self::ty(plain), None),
        AttrType::Nested { mode, attributes } => {
            use pbs::object::NestingMode;
            let nesting = match mode {
                Nesting::Single => NestingMode::Single,
                Nesting::List => NestingMode::List,
                Nesting::Set => NestingMode::Set,
                Nesting::Map => NestingMode::Map,
            };
            let attributes = attributes.iter().map(self::attribute).collect();
            (
                Vec::new(),
                Some(pbs::Object {
                    attributes,
                    nesting: nesting.into(),
                }),
            )
        }
    };
    pbs::Attribute {
        name: attribute.name.to_string(),
        r#type: ty,
        nested_type,
        description: attribute.description.to_string(),
        description_kind: pb::StringKind::Markdown.into(),
        required: attribute.required,
        optional: attribute.optional,
        computed: attribute.computed,
        sensitive: attribute.sensitive,
        write_only: attribute.write_only,
        deprecated: attribute.deprecation.is_some(),
        deprecation_message: text(attribute.deprecation.as_ref()),
    }
}

fn nested_block(nested: &NestedBlock) -> pbs::NestedBlock {
    use pbs::nested_block::NestingMode;
    let nesting = match nested.nesting {
        BlockNesting::Single => NestingMode::Single,
        BlockNesting::Group => NestingMode::Group,
        BlockNesting::List => NestingMode::List,
        BlockNesting::Set => NestingMode::Set,
        BlockNesting::Map => NestingMode::Map,
    };
    pbs::NestedBlock {
        type_name: nested.name.to_string(),
        block: Some(block(&nested.block, 0)),
        nesting: nesting.into(),
        min_items: nested.min_items,
        max_items: nested.max_items,
    }
}

/// An identity schema.
pub(super) fn identity(schema: &IdentitySchema) -> pb::ResourceIdentitySchema {
    let attributes =
        schema.attributes.iter().map(
            |attribute| pb::resource_identity_schema::IdentityAttribute {
                name: attribute.name.to_string(),
                r#type: ty(&attribute.ty),
                required_for_import: attribute.required_for_import,
                optional_for_import: !attribute.required_for_import,
                description: attribute.description.to_string(),
            },
        );
    pb::ResourceIdentitySchema {
        version: schema.version,
        identity_attributes: attributes.collect(),
    }
}

/// A function.
pub(super) fn function(signature: &Signature) -> pb::Function {
    pb::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(pb::function::Return {
            r#type: ty(&signature.returns),
        }),
        summary: signature.summary.to_string(),
        description: signature.description.to_string(),
        description_kind: pb::StringKind::Markdown.into(),
        deprecation_message: text(signature.deprecation.as_ref()),
    }
}

fn parameter(parameter: &Parameter) -> pb::function::Parameter {
    pb::function::Parameter {
        name: parameter.name.to_string(),
        r#type: ty(&parameter.ty),
        allow_null_value: parameter.allow_null,
        allow_unknown_values: parameter.allow_unknown,
        description: parameter.description.to_string(),
        description_kind: pb::StringKind::Markdown.into(),
    }
}

fn ty(ty: &Type) -> Vec<u8> {
    ty.to_json().to_string().into_bytes()
}

fn text(text: Option<&Text>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}
