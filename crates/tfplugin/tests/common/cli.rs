//! The real `terraform` and `tofu`, on a configuration of our own.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use super::{example, needed};

/// `terraform` and `tofu` where they are found: in $TERRAFORM and $TOFU, or on the PATH. One that is missing is left out
/// with a line that says so, or fails the test: see [`needed`].
pub fn clis() -> Vec<PathBuf> {
    let found = |name: &str| {
        let path = std::env::var_os(name.to_uppercase())
            .map(PathBuf::from)
            .or_else(|| {
                let dirs = std::env::var_os("PATH").unwrap_or_default();
                std::env::split_paths(&dirs)
                    .map(|dir| dir.join(name))
                    .find(|path| path.is_file())
            });
        if path.is_none() {
            let variable = name.to_uppercase();
            needed::missing(&format!("no {name} on the PATH and none in ${variable}"));
        }
        path
    };
    ["terraform", "tofu"]
        .into_iter()
        .filter_map(found)
        .collect()
}

/// A directory with a configuration that uses one of the example providers.
pub struct Workspace {
    cli: PathBuf,
    dir: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

/// What a command printed.
pub struct Printed {
    pub code: i32,
    pub text: String,
}

impl Printed {
    fn new(output: &Output) -> Self {
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        Self {
            code: output.status.code().unwrap_or(-1),
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }

    /// The text without box drawing and line breaks: messages are wrapped anywhere.
    pub fn flat(&self) -> String {
        let kept = |c: char| !matches!(c, '│' | '╷' | '╵');
        let text: String = self.text.chars().filter(|c| kept(*c)).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Workspace {
    /// A workspace for `provider` ("echo", "probe") with `config` beside the provider requirement.
    pub fn new(cli: &Path, provider: &str, config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let binary = bin.join(format!("terraform-provider-{provider}"));
        std::os::unix::fs::symlink(example(provider), binary).unwrap();
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"example.com/test/{provider}\" = {bin:?}\n  }}\n  direct {{}}\n}}\n"
        );
        fs::write(dir.path().join("cli.rc"), overrides).unwrap();
        let workspace = Self {
            cli: cli.to_owned(),
            dir,
            environment: Vec::new(),
        };
        workspace.configure(provider, config);
        workspace
    }

    /// Replaces the configuration.
    pub fn configure(&self, provider: &str, config: &str) {
        let required = format!(
            "terraform {{\n  required_providers {{\n    {provider} = {{\n      source = \"example.com/test/{provider}\"\n    }}\n  }}\n}}\n"
        );
        fs::write(self.path("main.tf"), required + config).unwrap();
    }

    /// Sets a variable for every command.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A file in the workspace.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The saved state.
    pub fn state(&self) -> serde_json::Value {
        let text = fs::read(self.path("terraform.tfstate")).unwrap_or_else(|_| b"null".to_vec());
        serde_json::from_slice(&text).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.cli);
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env("TF_CLI_CONFIG_FILE", self.path("cli.rc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_IN_AUTOMATION", "1")
            .env_remove("TF_LOG")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end. (`-no-color` is added, no `init` is needed: pitfall P26.)
    pub fn run(&self, arguments: &[&str]) -> Printed {
        let (verb, rest) = arguments.split_first().unwrap();
        // "version" alone knows no -no-color.
        let plain: &[&str] = if *verb == "version" {
            &[]
        } else {
            &["-no-color"]
        };
        let arguments = [&[*verb], plain, rest].concat();
        Printed::new(&self.command(&arguments).output().unwrap())
    }

    /// Runs a command that has to end well.
    pub fn ok(&self, arguments: &[&str]) -> Printed {
        let printed = self.run(arguments);
        assert_eq!(
            printed.code,
            0,
            "{} {arguments:?}\n{}",
            self.cli.display(),
            printed.text
        );
        printed
    }

    /// Whether the command is of this minor version of 1, or of a later one.
    pub fn is_at_least(&self, minor: u32) -> bool {
        let version = self.ok(&["version", "-json"]).text;
        let version: serde_json::Value = serde_json::from_str(&version).unwrap();
        let version = version["terraform_version"].as_str().unwrap();
        let mut parts = version
            .split('.')
            .map(|part| part.parse::<u32>().unwrap_or(0));
        (parts.next(), parts.next()) >= (Some(1), Some(minor))
    }

    /// Applies.
    pub fn apply(&self) -> Printed {
        self.ok(&["apply", "-auto-approve"])
    }

    /// A plan has to find nothing to do.
    pub fn expect_empty_plan(&self) {
        let printed = self.run(&["plan", "-detailed-exitcode"]);
        assert_eq!(printed.code, 0, "the plan is not empty:\n{}", printed.text);
    }

    /// Starts a command in a process group of its own, as a terminal does.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

/// Waits for a command that was started.
pub fn finish(child: Child) -> Printed {
    Printed::new(&child.wait_with_output().unwrap())
}
