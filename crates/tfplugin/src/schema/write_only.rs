//! Write-only attributes: in the configuration, never in plan or state.

use crate::{
    schema::{AttrType, Attribute, Block, BlockNesting, Nesting, Schema},
    value::{Path, Step, Value},
};

impl Schema {
    /// Makes every write-only attribute of a planned or new state null, as the protocol demands.
    pub(crate) fn strip_write_only(&self, value: &mut Value) {
        each_in_block(&self.block, value, &Path::empty(), &mut |slot, _| {
            *slot = Value::Null
        });
    }

    /// The write-only attributes that `config` sets.
    pub(crate) fn write_only_set(&self, config: &Value) -> Vec<Path> {
        let mut set = Vec::new();
        let mut note = |slot: &mut Value, path: &Path| {
            if !slot.is_null() {
                set.push(path.clone());
            }
        };
        each_in_block(&self.block, &mut config.clone(), &Path::empty(), &mut note);
        set
    }

    /// Whether there is any.
    pub(crate) fn has_write_only(&self) -> bool {
        has_in_block(&self.block)
    }
}

type Visit<'a> = &'a mut dyn FnMut(&mut Value, &Path);

fn each_in_block(block: &Block, value: &mut Value, at: &Path, visit: Visit<'_>) {
    each(&block.attributes, value, at, visit);
    let Value::Map(entries) = value else { return };
    for nested in &block.blocks {
        let at = at.clone().attribute(nested.name.as_ref());
        match entries.get_mut(nested.name.as_ref()) {
            Some(Value::Seq(items)) => {
                for (index, item) in items.iter_mut().enumerate() {
                    each_in_block(&nested.block, item, &at.clone().index(index), visit);
                }
            }
            Some(Value::Map(items)) if nested.nesting == BlockNesting::Map => {
                for (key, item) in items {
                    each_in_block(&nested.block, item, &at.clone().key(key), visit);
                }
            }
            Some(one) => each_in_block(&nested.block, one, &at, visit),
            None => {}
        }
    }
}

fn each(attributes: &[Attribute], value: &mut Value, at: &Path, visit: Visit<'_>) {
    let Value::Map(entries) = value else { return };
    for attribute in attributes {
        let Some(slot) = entries.get_mut(attribute.name.as_ref()) else {
            continue;
        };
        let at = at.clone().step(Step::Attribute(attribute.name.to_string()));
        if attribute.write_only {
            visit(slot, &at);
        } else if let AttrType::Nested { mode, attributes } = &attribute.ty {
            match (mode, slot) {
                (Nesting::Single, object) => each(attributes, object, &at, visit),
                (Nesting::List | Nesting::Set, Value::Seq(items)) => {
                    for (index, item) in items.iter_mut().enumerate() {
                        each(attributes, item, &at.clone().index(index), visit);
                    }
                }
                (Nesting::Map, Value::Map(items)) => {
                    for (key, item) in items {
                        each(attributes, item, &at.clone().key(key), visit);
                    }
                }
                _ => {}
            }
        }
    }
}

fn has_in_block(block: &Block) -> bool {
    has(&block.attributes)
        || block
            .blocks
            .iter()
            .any(|nested| has_in_block(&nested.block))
}

fn has(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.write_only
            || matches!(&attribute.ty, AttrType::Nested { attributes, .. } if has(attributes))
    })
}
