//! What the provider offers, looked up by name. Schemas are built when a call first needs them.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    provider::{DataSource, Function, Provider, Resource, Signature},
    schema::{IdentitySchema, Schema},
    value::Type,
};

/// The provider and its parts.
pub(super) struct Registry {
    pub(super) provider: Box<dyn Provider>,
    config: OnceLock<Compiled>,
    resources: OnceLock<BTreeMap<String, ResourceEntry>>,
    data_sources: OnceLock<BTreeMap<String, DataSourceEntry>>,
    functions: OnceLock<BTreeMap<String, FunctionEntry>>,
}

/// A schema, and what is derived from it once.
pub(super) struct Compiled {
    pub(super) schema: Schema,
    pub(super) ty: Arc<Type>,
    pub(super) has_write_only: bool,
}

impl Compiled {
    fn new(schema: Schema) -> Self {
        Self {
            ty: Arc::new(schema.ty()),
            has_write_only: schema.has_write_only(),
            schema,
        }
    }
}

/// An identity schema and its type.
pub(super) struct CompiledIdentity {
    pub(super) schema: IdentitySchema,
    pub(super) ty: Type,
}

/// A resource.
pub(super) struct ResourceEntry {
    pub(super) resource: Arc<dyn Resource>,
    compiled: OnceLock<Compiled>,
    identity: OnceLock<Option<CompiledIdentity>>,
}

impl ResourceEntry {
    pub(super) fn compiled(&self) -> &Compiled {
        self.compiled
            .get_or_init(|| Compiled::new(self.resource.schema()))
    }

    pub(super) fn identity(&self) -> Option<&CompiledIdentity> {
        let compile = |schema: IdentitySchema| CompiledIdentity {
            ty: schema.ty(),
            schema,
        };
        self.identity
            .get_or_init(|| self.resource.identity_schema().map(compile))
            .as_ref()
    }
}

/// A data source.
pub(super) struct DataSourceEntry {
    pub(super) data_source: Arc<dyn DataSource>,
    compiled: OnceLock<Compiled>,
}

impl DataSourceEntry {
    pub(super) fn compiled(&self) -> &Compiled {
        self.compiled
            .get_or_init(|| Compiled::new(self.data_source.schema()))
    }
}

/// A function.
pub(super) struct FunctionEntry {
    pub(super) function: Arc<dyn Function>,
    signature: OnceLock<Signature>,
}

impl FunctionEntry {
    pub(super) fn signature(&self) -> &Signature {
        self.signature.get_or_init(|| self.function.signature())
    }
}

impl Registry {
    pub(super) fn new(provider: Box<dyn Provider>) -> Self {
        Self {
            provider,
            config: OnceLock::new(),
            resources: OnceLock::new(),
            data_sources: OnceLock::new(),
            functions: OnceLock::new(),
        }
    }

    /// The schema of the provider block.
    pub(super) fn config(&self) -> &Compiled {
        self.config
            .get_or_init(|| Compiled::new(self.provider.schema()))
    }

    pub(super) fn resources(&self) -> &BTreeMap<String, ResourceEntry> {
        self.resources.get_or_init(|| {
            let entry = |resource: Arc<dyn Resource>| {
                let name = resource.type_name().to_owned();
                let (compiled, identity) = (OnceLock::new(), OnceLock::new());
                (
                    name,
                    ResourceEntry {
                        resource,
                        compiled,
                        identity,
                    },
                )
            };
            self.provider.resources().into_iter().map(entry).collect()
        })
    }

    pub(super) fn data_sources(&self) -> &BTreeMap<String, DataSourceEntry> {
        self.data_sources.get_or_init(|| {
            let entry = |data_source: Arc<dyn DataSource>| {
                let name = data_source.type_name().to_owned();
                (
                    name,
                    DataSourceEntry {
                        data_source,
                        compiled: OnceLock::new(),
                    },
                )
            };
            self.provider
                .data_sources()
                .into_iter()
                .map(entry)
                .collect()
        })
    }

    pub(super) fn functions(&self) -> &BTreeMap<String, FunctionEntry> {
        self.functions.get_or_init(|| {
            let entry = |function: Arc<dyn Function>| {
                let name = function.name().to_owned();
                (
                    name,
                    FunctionEntry {
                        function,
                        signature: OnceLock::new(),
                    },
                )
            };
            self.provider.functions().into_iter().map(entry).collect()
        })
    }

    pub(super) fn resource(&self, name: &str) -> Result<&ResourceEntry, Diagnostics> {
        self.resources()
            .get(name)
            .ok_or_else(|| absent("resource", name))
    }

    pub(super) fn data_source(&self, name: &str) -> Result<&DataSourceEntry, Diagnostics> {
        self.data_sources()
            .get(name)
            .ok_or_else(|| absent("data source", name))
    }
}

/// Terraform asked for something that the schema does not list.
fn absent(kind: &str, name: &str) -> Diagnostics {
    Diagnostic::error(
        format!("Unknown {kind}"),
        format!(
            "This version of the provider has no {kind} {name:?}. The lock file or a cached schema may be of another version: run \"terraform init\"."
        ),
    )
    .into()
}
