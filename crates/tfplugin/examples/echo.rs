//! A whole provider: `echo_thing` says its number back, `provider::echo::shout` says a text louder.

use std::{process::ExitCode, sync::Arc};

use tfplugin::{
    Action, ApplyRequest, ApplyResponse, Attribute, Block, Function, FunctionError, ImportRequest,
    ImportResponse, Parameter, PlanRequest, PlanResponse, Provider, ReadRequest, ReadResponse,
    Resource, Schema, ServeOptions, Signature, Type, Value, async_trait,
};

struct Echo;
struct Thing;
struct Shout;

impl Provider for Echo {
    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        vec![Arc::new(Thing)]
    }
    fn functions(&self) -> Vec<Arc<dyn Function>> {
        vec![Arc::new(Shout)]
    }
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
            Attribute::number("again")
                .computed()
                .describe("The same number."),
        ]))
    }
    async fn read(&self, request: ReadRequest) -> ReadResponse {
        request.unchanged()
    }
    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        let mut response = request.as_proposed();
        let number = response.planned.get("number").clone();
        response.planned.set("again", number);
        if request.is_create() {
            response.planned.set("id", Value::Unknown);
        }
        response
    }
    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        let mut response = request.as_planned();
        if request.action() != Action::Destroy {
            let number = response.state.get("number").clone();
            response.state.set("again", number);
            response.state.set("id", "echo");
        }
        response
    }
    async fn import(&self, request: ImportRequest) -> ImportResponse {
        let state = Value::object([("id", request.id.into())]);
        ImportResponse {
            state,
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
            .describe("Says it louder.", "The text in upper case.")
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
