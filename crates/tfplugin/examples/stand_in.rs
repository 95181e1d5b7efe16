//! A provider with any schema and no behaviour: its schema is a file, the output of
//! `terraform providers schema -json` cut down to one provider, named by `STAND_IN_SCHEMA`.
//!
//! The end-to-end tests use it in place of a provider that is not ours (hashicorp/aws), and the
//! benchmarks as the empty probe that shows what Terraform itself costs for a given schema.

use std::{process::ExitCode, sync::Arc};

use serde_json::Value as Json;
use tfplugin::{
    ApplyRequest, ApplyResponse, AttrType, Attribute, Block, BlockNesting, NestedBlock, Nesting,
    PlanRequest, PlanResponse, Provider, ReadRequest, ReadResponse, Resource, Schema, ServeOptions,
    Type, async_trait, serve,
};

fn main() -> ExitCode {
    let Some(path) = std::env::var_os("STAND_IN_SCHEMA") else {
        eprintln!("STAND_IN_SCHEMA names no file: set it to the schema to offer");
        return ExitCode::FAILURE;
    };
    let read = std::fs::read_to_string(&path).map_err(|error| error.to_string());
    match read.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string())) {
        Ok(document) => serve(
            StandIn { document },
            ServeOptions::new("registry.terraform.io/stand/in"),
        ),
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

struct StandIn {
    document: Json,
}

#[async_trait]
impl Provider for StandIn {
    fn schema(&self) -> Schema {
        schema(&self.document["provider"])
    }

    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        entries(&self.document["resource_schemas"])
            .map(|(name, json)| {
                let (name, schema) = (name.clone(), schema(json));
                Arc::new(Thing { name, schema }) as Arc<dyn Resource>
            })
            .collect()
    }
}

struct Thing {
    name: String,
    schema: Schema,
}

#[async_trait]
impl Resource for Thing {
    fn type_name(&self) -> &str {
        &self.name
    }

    fn schema(&self) -> Schema {
        self.schema.clone()
    }

    async fn read(&self, request: ReadRequest) -> ReadResponse {
        request.unchanged()
    }

    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        let mut response = request.as_proposed();
        if request.is_create() {
            self.schema.mark_computed_unknown(&mut response.planned);
        }
        response
    }

    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        let mut response = request.as_planned();
        response.state = response.state.unknown_as_null();
        response
    }
}

fn entries(json: &Json) -> impl Iterator<Item = (&String, &Json)> {
    json.as_object().into_iter().flatten()
}

fn schema(json: &Json) -> Schema {
    Schema {
        version: json["version"].as_i64().unwrap_or_default(),
        block: block(&json["block"]),
    }
}

fn block(json: &Json) -> Block {
    let blocks = entries(&json["block_types"]).map(|(name, json)| {
        let nesting = match json["nesting_mode"].as_str() {
            Some("single") => BlockNesting::Single,
            Some("group") => BlockNesting::Group,
            Some("set") => BlockNesting::Set,
            Some("map") => BlockNesting::Map,
            _ => BlockNesting::List,
        };
        NestedBlock::new(name.clone(), nesting, block(&json["block"])).items(
            json["min_items"].as_i64().unwrap_or_default(),
            json["max_items"].as_i64().unwrap_or_default(),
        )
    });
    Block {
        attributes: attributes(&json["attributes"]),
        blocks: blocks.collect(),
        ..Block::default()
    }
}

fn attributes(json: &Json) -> Vec<Attribute> {
    entries(json)
        .map(|(name, json)| {
            let mut attribute = Attribute::new(name.clone(), Type::Dynamic);
            attribute.ty = attribute_type(json);
            attribute.required = json["required"] == true;
            attribute.optional = json["optional"] == true;
            attribute.computed = json["computed"] == true;
            attribute.sensitive = json["sensitive"] == true;
            attribute
        })
        .collect()
}

fn attribute_type(json: &Json) -> AttrType {
    let nested = &json["nested_type"];
    let mode = match nested["nesting_mode"].as_str() {
        None => {
            return AttrType::Plain(Type::from_json(&json["type"]).unwrap_or(Type::Dynamic));
        }
        Some("single") => Nesting::Single,
        Some("set") => Nesting::Set,
        Some("map") => Nesting::Map,
        Some(_) => Nesting::List,
    };
    AttrType::Nested {
        mode,
        attributes: attributes(&nested["attributes"]),
    }
}
