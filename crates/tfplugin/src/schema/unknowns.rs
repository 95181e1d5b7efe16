//! Marking what only apply can know.

use crate::{
    schema::{AttrType, Attribute, Block, Nesting, Schema},
    value::Value,
};

impl Schema {
    /// Makes every computed attribute that is null in `value` unknown: what a plan of a new object
    /// without a preview looks like.
    pub fn mark_computed_unknown(&self, value: &mut Value) {
        mark_block(&self.block, value);
    }
}

fn mark_block(block: &Block, value: &mut Value) {
    mark_attributes(&block.attributes, value);
    let Value::Map(entries) = value else { return };
    for nested in &block.blocks {
        match entries.get_mut(nested.name.as_ref()) {
            Some(Value::Seq(items)) => {
                items
                    .iter_mut()
                    .for_each(|item| mark_block(&nested.block, item));
            }
            Some(one @ Value::Map(_)) => mark_block(&nested.block, one),
            _ => {}
        }
    }
}

fn mark_attributes(attributes: &[Attribute], value: &mut Value) {
    let Value::Map(entries) = value else { return };
    for attribute in attributes {
        let slot = entries.entry(attribute.name.to_string()).or_default();
        if slot.is_null() {
            if attribute.computed {
                *slot = Value::Unknown;
            }
        } else if let AttrType::Nested { mode, attributes } = &attribute.ty {
            match (mode, slot) {
                (Nesting::Single, object) => mark_attributes(attributes, object),
                (Nesting::List | Nesting::Set, Value::Seq(items)) => {
                    items
                        .iter_mut()
                        .for_each(|item| mark_attributes(attributes, item));
                }
                (Nesting::Map, Value::Map(items)) => {
                    items
                        .values_mut()
                        .for_each(|item| mark_attributes(attributes, item));
                }
                _ => {}
            }
        }
    }
}
