//! Published results again, from their own data, through the planner's windows: the example `replay` is
//! what the tests run.

use std::path::{Path, PathBuf};

#[path = "../../examples/replay/read.rs"]
pub(crate) mod read;
#[path = "../../examples/replay/rows.rs"]
pub(crate) mod rows;

/// Data that do not ship with the repository; `None`, with a line that says so, without them.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    if !path.exists() {
        crate::needed::skipped(&format!("../shared/data/{name} is not there"));
        return None;
    }
    Some(path)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    names.sort();
    names
}

/// `job6h_slack24h.csv.gz`: 6 and 24.
fn hours_of(name: &str) -> Option<(f64, f64)> {
    let (job, rest) = name.strip_prefix("job")?.split_once("h_slack")?;
    let (slack, _) = rest.split_once("h.csv")?;
    Some((job.parse().ok()?, slack.parse().ok()?))
}

/// Sukprasert et al., EuroSys 2024: what every start hour of a year emits at once, deferred, and deferred
/// with interruption, for every file that is there.
#[test]
fn published_results_come_out_again() {
    let Some(folder) = shared("published") else {
        return;
    };
    let (mut compared, mut worst) = (0, 0.0_f64);
    for zone in files(&folder).iter().filter(|path| path.is_dir()) {
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let all = files(zone);
        let trace = all.iter().find(|path| name(path).starts_with("trace"));
        let trace = read::trace(trace.unwrap().to_str().unwrap(), None).unwrap();
        for file in &all {
            let Some((job_h, slack_h)) = hours_of(&name(file)) else {
                continue;
            };
            let published = read::columns(
                file.to_str().unwrap(),
                ["slack_0", "non_interrupt", "interrupt"],
            );
            let published = published.unwrap();
            let ours = rows::oracle(&trace, job_h, slack_h).unwrap();
            assert_eq!(ours.len(), published.len(), "{}", file.display());
            for (i, (own, theirs)) in ours.iter().zip(&published).enumerate() {
                let own = [own.at_once, own.deferred, own.interrupted];
                for (own, theirs) in own.iter().zip(theirs) {
                    let apart = (own - theirs).abs();
                    assert!(apart <= 0.02, "{}, row {i}: {own} {theirs}", file.display());
                    worst = worst.max(apart);
                }
            }
            compared += ours.len();
        }
    }
    assert!(compared > 0, "the folder holds no results");
    eprintln!("{compared} rows, at most {worst:.4} g apart");
}
