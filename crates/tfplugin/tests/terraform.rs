//! The example providers under the real `terraform` and `tofu`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::{fs, io::BufRead, io::BufReader, io::Read, process::Stdio};

use common::{
    cli::{Workspace, clis, finish},
    eventually, is_running, needed,
    plugin::command,
    signal,
};

#[test]
fn echo_is_planned_applied_left_alone_and_destroyed() {
    for cli in clis() {
        let workspace = Workspace::new(
            &cli,
            "echo",
            r#"
            resource "echo_thing" "a" {
              number = 0.1
              any    = [18446744073709551615, 12345678901234567890.123456789, { deep = ["x", null, true] }]
            }
            output "all" {
              value = [echo_thing.a.again, echo_thing.a.any, provider::echo::shout("hi")]
            }
            "#,
        );
        let planned = workspace.ok(&["plan"]);
        assert!(
            planned.text.contains("1 to add, 0 to change, 0 to destroy"),
            "{}",
            planned.text
        );
        workspace.apply();
        workspace.expect_empty_plan();
        let state = workspace.state();
        let all = state["outputs"]["all"]["value"].to_string();
        assert_eq!(
            all,
            r#"[0.1,[18446744073709551615,12345678901234567890.123456789,{"deep":["x",null,true]}],"HI"]"#
        );
        workspace.ok(&["destroy", "-auto-approve"]);
        assert_eq!(workspace.state()["resources"], serde_json::json!([]));

        let wrong = r#"output "o" { value = provider::echo::shout("") }"#;
        workspace.configure("echo", wrong);
        let refused = workspace.run(&["plan"]);
        assert_eq!(refused.code, 1);
        let said = refused.flat();
        assert!(
            said.contains("Invalid value for \"text\" parameter: there is nothing to shout"),
            "{said}"
        );
    }
}

const EVERYTHING: &str = r#"
provider "probe" {
  greeting = "hello"
}
resource "probe_thing" "a" {
  name   = "a"
  number = 1e30
  any    = { list = [0.1, "x"], none = null }
  tags   = { k = "v" }
  ports  = [443, 80]
  nested = [{ key = "one" }, { key = "two" }]
  rule { path = "/a" }
  rule {}
  timeouts { create = "5m" }
}
data "probe_data" "d" {
  any = { id = probe_thing.a.id, n = probe_thing.a.nested[0].score }
}
output "back" { value = data.probe_data.d.back }
"#;

#[test]
fn every_kind_of_attribute_survives() {
    for cli in clis() {
        let workspace = Workspace::new(&cli, "probe", EVERYTHING);
        workspace.apply();
        workspace.expect_empty_plan();
        let state = workspace.state();
        assert_eq!(
            state["outputs"]["back"]["value"].to_string(),
            r#"{"id":"id-of-a","n":0.1}"#
        );

        // A change in place makes only what depends on it unknown.
        workspace.configure("probe", &EVERYTHING.replace("1e30", "7.25"));
        let planned = workspace.ok(&["plan"]);
        assert!(
            planned.text.contains("0 to add, 1 to change, 0 to destroy"),
            "{}",
            planned.text
        );
        workspace.apply();
        workspace.expect_empty_plan();

        // States of older versions are converted, step by step; what they have too much is dropped.
        workspace.configure(
            "probe",
            &EVERYTHING
                .replace("1e30", "7.25")
                .replace("tags   = { k = \"v\" }", ""),
        );
        let current = workspace.state();
        for (version, was) in [(0, "label"), (1, "title")] {
            let mut state = current.clone();
            for resource in state["resources"].as_array_mut().unwrap() {
                if resource["type"] == "probe_thing" {
                    let instance = &mut resource["instances"][0];
                    instance["schema_version"] = version.into();
                    let attributes = instance["attributes"].as_object_mut().unwrap();
                    let name = attributes.remove("name").unwrap();
                    attributes.insert(was.to_owned(), name);
                    attributes.remove("tags");
                    attributes.insert("long_gone".to_owned(), serde_json::json!({ "x": 1 }));
                }
            }
            fs::write(workspace.path("terraform.tfstate"), state.to_string()).unwrap();
            workspace.expect_empty_plan();
        }

        // One of a newer version is refused.
        fs::write(
            workspace.path("terraform.tfstate"),
            current
                .to_string()
                .replace("\"schema_version\":2", "\"schema_version\":9"),
        )
        .unwrap();
        let refused = workspace.run(&["plan"]);
        assert_eq!(refused.code, 1, "{}", refused.text);
    }
}

#[test]
fn errors_point_at_the_attribute() {
    for cli in clis() {
        let config = "resource \"probe_thing\" \"a\" {\n  name = \"bad\"\n}\n";
        let workspace = Workspace::new(&cli, "probe", config);
        let said = workspace.run(&["validate"]).flat();
        assert!(said.contains("Bad name"), "{said}");
        assert!(said.contains("name = \"bad\""), "{said}");
    }
}

/// Terraform says what it knows about an unknown text: it is not null and begins with "p-".
#[test]
fn refined_unknown_values_are_understood() {
    for cli in clis() {
        let config = "resource \"terraform_data\" \"x\" {}\nresource \"probe_thing\" \"a\" {\n  name = \"p-${terraform_data.x.id}\"\n  any = [terraform_data.x.id]\n}\n";
        let workspace = Workspace::new(&cli, "probe", config);
        let planned = workspace.ok(&["plan"]);
        assert!(
            planned.text.contains("+ name   = (known after apply)"),
            "{}",
            planned.text
        );
        workspace.apply();
        workspace.expect_empty_plan();
    }
}

#[test]
fn objects_are_imported_and_moved() {
    for cli in clis() {
        let config = "resource \"probe_thing\" \"a\" {\n  name = \"imported\"\n}\n";
        let workspace = Workspace::new(&cli, "probe", config);
        workspace.ok(&["import", "probe_thing.a", "imported"]);
        workspace.expect_empty_plan();

        if workspace.is_at_least(12) {
            let by_identity = "import {\n  to = probe_thing.b\n  identity = {\n    name = \"named\"\n  }\n}\nresource \"probe_thing\" \"b\" {\n  name = \"named\"\n}\n";
            let workspace = Workspace::new(&cli, "probe", by_identity);
            let imported = workspace.apply();
            assert!(
                imported.text.contains("1 imported, 0 added, 0 changed"),
                "{}",
                imported.text
            );
        } else {
            needed::skipped(&format!(
                "{} is too old to import by identity",
                cli.display()
            ));
        }

        let workspace = Workspace::new(&cli, "probe", "resource \"terraform_data\" \"old\" {}\n");
        workspace.apply();
        let id = workspace.state()["resources"][0]["instances"][0]["attributes"]["id"].clone();
        let config = format!(
            "moved {{\n  from = terraform_data.old\n  to = probe_thing.new\n}}\nresource \"probe_thing\" \"new\" {{\n  name = {id}\n}}\n"
        );
        workspace.configure("probe", &config);
        let moved = workspace.apply();
        assert!(
            moved.text.contains("0 added, 0 changed, 0 destroyed"),
            "{}",
            moved.text
        );
        assert_eq!(workspace.state()["resources"][0]["type"], "probe_thing");
    }
}

#[test]
fn a_panic_names_the_call_and_taints_what_exists() {
    for cli in clis() {
        let config = "resource \"probe_thing\" \"a\" {\n  name = \"a\"\n  panic = true\n}\n";
        let workspace = Workspace::new(&cli, "probe", config);
        let failed = workspace.run(&["apply", "-auto-approve"]);
        assert_eq!(failed.code, 1);
        let said = failed.flat();
        assert!(
            said.contains("ApplyResourceChange of probe_thing panicked: asked to panic"),
            "{said}"
        );
        let state = workspace.state();
        let instance = &state["resources"][0]["instances"][0];
        assert_eq!(instance["status"], "tainted");
        assert_eq!(instance["attributes"]["id"], "id-of-a");
        workspace.ok(&["destroy", "-auto-approve"]);

        let config = "data \"probe_data\" \"d\" {\n  any = \"panic\"\n}\n";
        workspace.configure("probe", config);
        let said = workspace.run(&["plan"]).flat();
        assert!(
            said.contains("ReadDataSource of probe_data panicked"),
            "{said}"
        );
    }
}

#[test]
fn a_secret_that_is_write_only_is_never_saved() {
    for cli in clis() {
        let config = "resource \"probe_thing\" \"a\" {\n  name = \"a\"\n  secret = \"s3cret\"\n}\n";
        let workspace = Workspace::new(&cli, "probe", config);
        workspace.apply();
        workspace.expect_empty_plan();
        assert!(!workspace.state().to_string().contains("s3cret"));
    }
}

/// A create that would take an hour; the marker says how far it is, and which process does it.
const SLOW: &str = r#"
resource "probe_thing" "a" {
  name     = "a"
  sleep_ms = 3600000
  marker   = "MARKER"
}
"#;

fn slow(cli: &std::path::Path) -> Workspace {
    let workspace = Workspace::new(cli, "probe", "");
    let marker = workspace.path("marker");
    workspace.configure("probe", &SLOW.replace("MARKER", marker.to_str().unwrap()));
    workspace
}

fn provider_at_work(workspace: &Workspace) -> i64 {
    eventually("the create has begun", || {
        let text = fs::read_to_string(workspace.path("marker")).ok()?;
        text.trim_end().strip_prefix("started ")?.parse().ok()
    })
}

#[test]
fn ctrl_c_during_a_create_saves_the_state_with_a_warning() {
    for cli in clis() {
        let workspace = slow(&cli);
        let apply = workspace.start(&["apply", "-auto-approve", "-no-color"]);
        provider_at_work(&workspace);
        // A terminal sends it to the whole process group, the provider included.
        signal("INT", -i64::from(apply.id()));
        let printed = finish(apply);
        let said = printed.flat();
        assert!(said.contains("Warning: Stopped early"), "{said}");
        let state = workspace.state();
        let instance = &state["resources"][0]["instances"][0];
        assert_eq!(instance["attributes"]["id"], "id-of-a", "{said}");
        assert_eq!(
            instance["status"],
            serde_json::Value::Null,
            "it is not tainted"
        );
        workspace.expect_empty_plan();
    }
}

#[test]
fn without_terraform_the_provider_ends_but_not_before_its_create_does() {
    for cli in clis() {
        let workspace = slow(&cli);
        let mut apply = workspace.start(&["apply", "-auto-approve", "-no-color"]);
        let provider = provider_at_work(&workspace);
        signal("KILL", apply.id().into());
        apply.wait().unwrap();
        std::thread::sleep(std::time::Duration::from_secs(2));
        assert!(is_running(provider), "it still creates");
        // The system's way to say that time is up: the create ends early, then the process.
        signal("TERM", provider);
        eventually("the provider ended", || {
            (!is_running(provider)).then_some(())
        });
        let marker = fs::read_to_string(workspace.path("marker")).unwrap();
        assert!(marker.starts_with("finished"), "{marker}");

        let config = "resource \"probe_thing\" \"b\" {\n  name = \"b\"\n  marker = \"MARKER\"\n  sleep_ms = 1500\n}\n";
        let marker = workspace.path("marker");
        fs::remove_file(&marker).unwrap();
        fs::remove_file(workspace.path(".terraform.tfstate.lock.info")).ok();
        workspace.configure("probe", &config.replace("MARKER", marker.to_str().unwrap()));
        let mut apply = workspace.start(&["apply", "-auto-approve", "-no-color"]);
        let provider = provider_at_work(&workspace);
        signal("KILL", apply.id().into());
        apply.wait().unwrap();
        eventually("the orphan ended", || (!is_running(provider)).then_some(()));
        assert!(fs::read_to_string(&marker).unwrap().starts_with("finished"));
    }
}

#[test]
fn a_debugged_provider_serves_many_commands() {
    for cli in clis() {
        let mut debug = command("probe");
        debug
            .env_remove("TF_PLUGIN_MAGIC_COOKIE")
            .arg("-debug")
            .stderr(Stdio::null());
        let mut provider = debug.spawn().unwrap();
        let lines = BufReader::new(provider.stdout.take().unwrap()).lines();
        let reattach = lines
            .map_while(Result::ok)
            .find_map(|line| {
                let value = line.trim().strip_prefix("TF_REATTACH_PROVIDERS='")?;
                Some(value.strip_suffix('\'')?.to_owned())
            })
            .unwrap();
        let config = "resource \"probe_thing\" \"a\" {\n  name = \"a\"\n}\n";
        let workspace =
            Workspace::new(&cli, "probe", config).env("TF_REATTACH_PROVIDERS", &reattach);
        workspace.apply();
        workspace.expect_empty_plan();
        workspace.ok(&["destroy", "-auto-approve"]);
        assert!(
            provider.try_wait().unwrap().is_none(),
            "it survives the commands"
        );
        signal("INT", provider.id().into());
        let status = eventually("the provider ended", || provider.try_wait().unwrap());
        assert!(status.success());
    }
}

#[test]
fn log_lines_arrive_at_their_level() {
    for cli in clis() {
        let workspace = Workspace::new(&cli, "probe", EVERYTHING).env("TF_LOG", "INFO");
        let mut plan = workspace.start(&["plan", "-no-color"]);
        let mut log = String::new();
        let mut stdout = plan.stdout.take().unwrap();
        plan.stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        stdout.read_to_string(&mut String::new()).unwrap();
        plan.wait().unwrap();
        let line = log
            .lines()
            .find(|line| line.contains("configured"))
            .expect(&log);
        assert!(line.contains("[INFO]"), "{line}");
        assert!(line.contains("rpc=ConfigureProvider"), "{line}");
    }
}
