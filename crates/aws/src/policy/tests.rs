//! What the printed policies allow, and how large they are.

use super::*;

fn actions(features: &[&str]) -> Vec<String> {
    let policy: Value = serde_json::from_str(&iam_policy(features, "aws").unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    statements
        .iter()
        .flat_map(|one| one["Action"].as_array().unwrap())
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_plan_changes_nothing() {
    for action in actions(&["plan"]) {
        let verb = action.split(':').nth(1).unwrap();
        assert!(
            // A message that is received stays in its queue.
            ["Describe", "List", "Get", "ReceiveMessage"]
                .iter()
                .any(|reading| verb.starts_with(reading)),
            "{action}"
        );
    }
}

#[test]
fn each_feature_adds_its_own_and_fits_a_managed_policy() {
    let all: Vec<&str> = FEATURES.iter().map(|(name, _)| *name).collect();
    // IAM counts a managed policy's characters without white space.
    let size = iam_policy(&all, "aws-us-gov")
        .unwrap()
        .chars()
        .filter(|character| !character.is_whitespace())
        .count();
    assert!(size <= 6144, "{size}");
    assert!(
        !actions(&["run"])
            .iter()
            .any(|action| action.starts_with("iam:Create"))
    );
    assert!(actions(&["run", "managed_role"]).contains(&"iam:CreateRole".to_owned()));
    assert!(
        iam_policy(&["ran"], "aws")
            .unwrap_err()
            .contains("managed_role")
    );
}
