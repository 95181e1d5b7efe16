//! States of an older schema, brought into the shape of this one.

use crate::{
    schema::{Block, BlockNesting, Schema},
    value::Value,
};

impl Schema {
    /// Gives blocks that a saved state does not have the form Terraform expects when there are none:
    /// an empty collection, or for a group an object of nulls. Single blocks stay null.
    pub(crate) fn fill_absent_blocks(&self, value: &mut Value) {
        fill(&self.block, value);
    }
}

fn fill(block: &Block, value: &mut Value) {
    let Value::Map(entries) = value else { return };
    for nested in &block.blocks {
        let slot = entries.entry(nested.name.to_string()).or_default();
        if slot.is_null() {
            match nested.nesting {
                BlockNesting::List | BlockNesting::Set => *slot = Value::Seq(Vec::new()),
                BlockNesting::Map => *slot = Value::object::<String>([]),
                BlockNesting::Group => {
                    let attributes = nested.block.attributes.iter().map(|a| a.name.to_string());
                    *slot = Value::object(attributes.map(|name| (name, Value::Null)));
                }
                BlockNesting::Single => {}
            }
        }
        match slot {
            Value::Seq(items) => items.iter_mut().for_each(|item| fill(&nested.block, item)),
            Value::Map(items) if nested.nesting == BlockNesting::Map => {
                items
                    .values_mut()
                    .for_each(|item| fill(&nested.block, item));
            }
            one => fill(&nested.block, one),
        }
    }
}
