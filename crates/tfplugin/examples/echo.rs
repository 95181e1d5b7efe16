//! A whole provider: `echo_thing` says back what it is told, `data.echo_data` and
//! `provider::echo::shout` likewise. What it is told can be a misfortune, for the tests.

use std::{process::ExitCode, sync::Arc, time::Duration};

use serde::Deserialize;
use tfplugin::{
    Action, ApplyRequest, ApplyResponse, Attribute, Block, DataSource, DataSourceReadRequest,
    DataSourceReadResponse, Function, FunctionError, IdentityAttribute, IdentitySchema,
    ImportRequest, ImportResponse, Number, Parameter, PlanRequest, PlanResponse, Provider,
    ReadRequest, ReadResponse, Resource, Schema, ServeOptions, Signature, Type, Value, async_trait,
};

struct Echo;
struct Thing;
struct Data;
struct Shout;

impl Provider for Echo {
    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        vec![Arc::new(Thing)]
    }
    fn data_sources(&self) -> Vec<Arc<dyn DataSource>> {
        vec![Arc::new(Data)]
    }
    fn functions(&self) -> Vec<Arc<dyn Function>> {
        vec![Arc::new(Shout)]
    }
}

/// What `echo_thing` is told.
#[derive(Deserialize)]
struct Told {
    number: Option<Number>,
    sleep_ms: Option<u64>,
    panic: Option<bool>,
}

#[async_trait]
impl Resource for Thing {
    fn type_name(&self) -> &str {
        "echo_thing"
    }
    fn schema(&self) -> Schema {
        Schema::new(Block::new(vec![
            Attribute::string("id").computed(),
            Attribute::new("any", Type::Dynamic)
                .optional()
                .describe("Anything."),
            Attribute::number("number").optional(),
            Attribute::number("number_again")
                .computed()
                .describe("The same number."),
            Attribute::number("sleep_ms")
                .optional()
                .describe("How long a create takes."),
            Attribute::bool("panic")
                .optional()
                .describe("Whether a create panics."),
        ]))
    }
    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(IdentitySchema::new(vec![IdentityAttribute::string("id")]))
    }
    async fn read(&self, request: ReadRequest) -> ReadResponse {
        request.unchanged()
    }
    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        let mut response = request.as_proposed();
        if request.is_create() {
            self.schema().mark_computed_unknown(&mut response.planned);
        } else if request.prior.get("number") != request.proposed.get("number") {
            response.planned.set("number_again", Value::Unknown);
        }
        response
    }
    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        let mut response = request.as_planned();
        if request.action() == Action::Destroy {
            return response;
        }
        let told: Told = match tfplugin::from_value(&request.planned) {
            Ok(told) => told,
            Err(error) => return request.refused(error),
        };
        response.state.set("id", "echo-1");
        response.state.set("number_again", told.number);
        response.identity = Some(Value::object([("id", "echo-1".into())]));
        request
            .rescue
            .keep(response.state.clone(), response.private.clone());
        assert!(told.panic != Some(true), "asked to panic");
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(told.sleep_ms.unwrap_or(0))) => {}
            () = request.stop.wait() => response.diagnostics.warning("Stopped early", "It exists."),
        }
        response
    }
    async fn import(&self, request: ImportRequest) -> ImportResponse {
        let state = Value::object([("id", request.id.into())]);
        ImportResponse {
            identity: Some(state.clone()),
            state,
            ..Default::default()
        }
    }
}

#[async_trait]
impl DataSource for Data {
    fn type_name(&self) -> &str {
        "echo_data"
    }
    fn schema(&self) -> Schema {
        Schema::new(Block::new(vec![
            Attribute::new("any", Type::Dynamic).required(),
        ]))
    }
    async fn read(&self, request: DataSourceReadRequest) -> DataSourceReadResponse {
        DataSourceReadResponse {
            state: request.config,
            ..Default::default()
        }
    }
}

#[async_trait]
impl Function for Shout {
    fn name(&self) -> &str {
        "shout"
    }
    fn signature(&self) -> Signature {
        Signature::new(vec![Parameter::new("text", Type::String)], Type::String)
            .describe("Says it louder.", "Upper case.")
    }
    async fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        match arguments[0].as_str().unwrap_or_default() {
            "" => Err(FunctionError::argument(0, "there is nothing to shout")),
            text => Ok(text.to_uppercase().into()),
        }
    }
}

fn main() -> ExitCode {
    tfplugin::serve(Echo, ServeOptions::new("example.com/test/echo"))
}
