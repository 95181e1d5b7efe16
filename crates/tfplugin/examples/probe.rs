//! A provider for the tests: a resource with everything that the type system has, which on demand is
//! slow, panics, or says what happened to it.

use std::{collections::BTreeMap, process::ExitCode, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tfplugin::{
    Action, ApplyRequest, ApplyResponse, Attr, Attribute, Block, BlockNesting, ConfigureRequest,
    DataSource, DataSourceReadRequest, DataSourceReadResponse, Diagnostic, Diagnostics,
    IdentityAttribute, IdentitySchema, ImportRequest, ImportResponse, MoveRequest, MoveResponse,
    NestedBlock, Nesting, Number, PlanRequest, PlanResponse, Provider, ReadRequest, ReadResponse,
    Resource, Schema, ServeOptions, Type, UpgradeRequest, Upgrades, ValidateRequest, Value,
    async_trait,
};

/// Version 0 called the name "label", version 1 "title".
const UPGRADES: Upgrades = Upgrades(&[
    |state| renamed(state, "label", "title"),
    |state| renamed(state, "title", "name"),
]);

fn renamed(mut state: Json, from: &str, to: &str) -> Result<Json, Diagnostic> {
    state[to] = state[from].take();
    Ok(state)
}

struct Probe;
struct Thing;
struct Data;

#[async_trait]
impl Provider for Probe {
    fn schema(&self) -> Schema {
        Schema::new(Block::new(vec![Attribute::string("greeting").optional()]))
    }

    async fn configure(&self, request: ConfigureRequest) -> Diagnostics {
        tracing::info!(version = request.terraform_version, "configured");
        Diagnostics::new()
    }

    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        vec![Arc::new(Thing)]
    }

    fn data_sources(&self) -> Vec<Arc<dyn DataSource>> {
        vec![Arc::new(Data)]
    }
}

/// The state of `probe_thing`, through the typed layer.
#[derive(Serialize, Deserialize)]
struct State {
    id: Attr<String>,
    name: String,
    again: Attr<Number>,
    number: Attr<Number>,
    any: Value,
    sleep_ms: Option<u64>,
    panic: Option<bool>,
    marker: Option<String>,
    secret: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    ports: Option<Vec<u16>>,
    nested: Attr<Vec<Nested>>,
    rule: Vec<Rule>,
    timeouts: Option<Timeouts>,
}

#[derive(Serialize, Deserialize)]
struct Nested {
    key: String,
    score: Attr<f64>,
}

#[derive(Serialize, Deserialize)]
struct Rule {
    path: Attr<String>,
}

#[derive(Serialize, Deserialize)]
struct Timeouts {
    create: Option<String>,
}

impl State {
    fn finish(&mut self) {
        self.id = Attr::Known(format!("id-of-{}", self.name));
        self.again = self.number.clone();
        if let Attr::Known(nested) = &mut self.nested {
            nested
                .iter_mut()
                .for_each(|one| one.score = Attr::Known(0.1));
        }
    }

    /// Tells a test how far it came.
    fn mark(&self, what: &str) {
        if let Some(marker) = &self.marker {
            let text = format!("{what} {}\n", std::process::id());
            std::fs::write(marker, text).expect("the marker can be written");
        }
    }
}

#[async_trait]
impl Resource for Thing {
    fn type_name(&self) -> &str {
        "probe_thing"
    }

    fn schema(&self) -> Schema {
        let rule = Block::new(vec![Attribute::string("path").optional()]);
        let timeouts = Block::new(vec![Attribute::string("create").optional()]);
        let nested = vec![
            Attribute::string("key").required(),
            Attribute::number("score").computed(),
        ];
        let block = Block::new(vec![
            Attribute::string("id").computed(),
            Attribute::string("name").required(),
            Attribute::number("number").optional(),
            Attribute::number("again").computed(),
            Attribute::new("any", Type::Dynamic).optional(),
            Attribute::number("sleep_ms").optional(),
            Attribute::bool("panic").optional(),
            Attribute::string("marker").optional(),
            Attribute::string("secret").optional().write_only(),
            Attribute::new("tags", Type::map(Type::String)).optional(),
            Attribute::new("ports", Type::set(Type::Number)).optional(),
            Attribute::nested("nested", Nesting::List, nested).optional(),
        ]);
        Schema::new(block.blocks(vec![
            NestedBlock::new("rule", BlockNesting::List, rule),
            NestedBlock::single("timeouts", timeouts),
        ]))
        .version(UPGRADES.version())
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(IdentitySchema::new(vec![IdentityAttribute::string("name")]))
    }

    async fn validate(&self, request: ValidateRequest) -> Diagnostics {
        match request.config.get("name").as_str() {
            Some("bad") => Diagnostic::error("Bad name", "Choose another.")
                .at("name")
                .into(),
            _ => Diagnostics::new(),
        }
    }

    async fn upgrade(&self, request: UpgradeRequest) -> Result<Json, Diagnostics> {
        UPGRADES.run(request)
    }

    async fn read(&self, request: ReadRequest) -> ReadResponse {
        let mut response = request.unchanged();
        response.identity = Some(Value::object([("name", request.state.get("name").clone())]));
        response
    }

    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        let mut response = request.as_proposed();
        if request.is_create() {
            self.schema().mark_computed_unknown(&mut response.planned);
        } else if request.prior.get("number") != response.planned.get("number") {
            response.planned.set("again", Value::Unknown);
        }
        response
    }

    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        let mut response = request.as_planned();
        if request.action() == Action::Destroy {
            return response;
        }
        let mut state: State = match tfplugin::from_value(&request.planned) {
            Ok(state) => state,
            Err(error) => return request.refused(error),
        };
        state.finish();
        response.identity = Some(Value::object([("name", state.name.as_str().into())]));
        response.state = match tfplugin::to_value(&state) {
            Ok(state) => state,
            Err(error) => return request.refused(error),
        };
        request
            .rescue
            .keep(response.state.clone(), response.private.clone());
        assert!(state.panic != Some(true), "asked to panic");
        state.mark("started");
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(state.sleep_ms.unwrap_or(0))) => {}
            () = request.stop.wait() => {
                response.diagnostics.warning("Stopped early", "The thing exists all the same.");
            }
        }
        state.mark("finished");
        response
    }

    async fn import(&self, request: ImportRequest) -> ImportResponse {
        let name = match &request.identity {
            Some(identity) => identity.get("name").clone(),
            None => request.id.into(),
        };
        let id = format!("id-of-{}", name.as_str().unwrap_or_default());
        ImportResponse {
            state: Value::object([("id", id.into()), ("name", name)]),
            ..Default::default()
        }
    }

    async fn move_state(&self, request: MoveRequest) -> MoveResponse {
        let name = request.source_state["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let id = format!("id-of-{name}");
        MoveResponse {
            state: Value::object([("id", id.into()), ("name", name.into())]),
            ..Default::default()
        }
    }
}

#[async_trait]
impl DataSource for Data {
    fn type_name(&self) -> &str {
        "probe_data"
    }

    fn schema(&self) -> Schema {
        Schema::new(Block::new(vec![
            Attribute::new("any", Type::Dynamic).required(),
            Attribute::new("back", Type::Dynamic).computed(),
        ]))
    }

    async fn read(&self, request: DataSourceReadRequest) -> DataSourceReadResponse {
        let mut state = request.config;
        let any = state.get("any").clone();
        assert!(any.as_str() != Some("panic"), "asked to panic");
        state.set("back", any);
        DataSourceReadResponse {
            state,
            ..Default::default()
        }
    }
}

fn main() -> ExitCode {
    tfplugin::serve(
        Probe,
        ServeOptions::new("example.com/test/probe").log(&["probe"]),
    )
}
