//! Names and digests that a plan and an apply have to agree on. Pure.

use sha2::{Digest, Sha256};

/// Longest name of a training job.
pub const JOB_NAME_MAX: usize = 63;
/// Length of `-` and the digest that [`job_name_base`] adds.
pub const JOB_DIGEST_LENGTH: usize = 7;
/// Room that is kept for `-2` to `-999`.
pub const JOB_SUFFIX_ROOM: usize = 4;
/// Longest resource name whose job name fits with its digest and a suffix.
pub const NAME_MAX: usize = JOB_NAME_MAX - JOB_DIGEST_LENGTH - JOB_SUFFIX_ROOM;

/// Tag that names the maker.
pub const TAG_MANAGED_BY: &str = "ManagedBy";
/// Its value.
pub const MANAGED_BY: &str = "terraform-provider-sustainable";
/// Tag that names the resource.
pub const TAG_TRAINING: &str = "sustainable:training";
/// Tag that names the run (its nonce).
pub const TAG_RUN: &str = "sustainable:run";
/// Tag of a job that a destroy or a new run has let go of.
pub const TAG_RELEASED: &str = "sustainable:released";
/// Environment variable with the place for a compressed model.
pub const COMPRESSED_URI_ENV: &str = "SUSTAINABLE_COMPRESSED_URI";

/// Environment variable with the prefix of the checkpoints.
pub const CHECKPOINT_URI_ENV: &str = "SUSTAINABLE_CHECKPOINT_URI";

/// Lower-case hexadecimal SHA-256.
pub fn sha256_hex(data: &[u8]) -> String {
    hex(&Sha256::digest(data))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| {
            [
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]
        })
        .map(char::from)
        .collect()
}

/// Digest of the run-defining request; keys of objects are sorted, so that only the content counts.
pub fn request_digest(request: &serde_json::Value) -> String {
    let mut text = String::new();
    canonical(request, &mut text);
    sha256_hex(text.as_bytes())
}

fn canonical(value: &serde_json::Value, text: &mut String) {
    match value {
        serde_json::Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (key, value) in entries {
                text.push_str(&serde_json::Value::from(key.as_str()).to_string());
                text.push(':');
                canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        serde_json::Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// `name` and six digits of the request's digest: the job's name, before a suffix.
pub fn job_name_base(name: &str, request_digest: &str) -> String {
    let digest: String = request_digest.chars().take(JOB_DIGEST_LENGTH - 1).collect();
    format!("{name}-{digest}")
}

/// The `attempt`-th name (from 0) for a base: the base itself, then `-2`, `-3`.
pub(crate) fn job_name(base: &str, attempt: u32) -> String {
    if attempt == 0 {
        base.to_owned()
    } else {
        format!("{base}-{}", attempt + 1)
    }
}

/// Replaces a secret value in a manifest.
pub fn value_digest(value: &str) -> String {
    format!("sha256:{}", sha256_hex(value.as_bytes()))
}

/// `<data bucket>-<region>`, shortened with a digest above 63 characters.
pub fn companion_bucket(data_bucket: &str, region: &str) -> String {
    let plain = format!("{data_bucket}-{region}");
    if plain.len() <= 63 {
        return plain;
    }
    let digest: String = sha256_hex(data_bucket.as_bytes()).chars().take(8).collect();
    let room = 63usize.saturating_sub(region.len() + digest.len() + 2);
    let head: String = data_bucket.chars().take(room).collect();
    format!("{}-{digest}-{region}", head.trim_end_matches(['-', '.']))
}

/// Name of the execution role: 64 characters at most, one per data bucket and name.
pub fn role_name(data_bucket: &str, name: &str) -> String {
    let digest: String = sha256_hex(format!("{data_bucket}/{name}").as_bytes())
        .chars()
        .take(10)
        .collect();
    let head: String = name.chars().take(40).collect();
    format!("sustainable-{head}-{digest}")
}

/// Name of the role that starts runs later: 64 characters at most, one per data bucket and name.
pub fn scheduler_role_name(data_bucket: &str, name: &str) -> String {
    let digest: String = sha256_hex(format!("{data_bucket}/{name}/scheduler").as_bytes())
        .chars()
        .take(10)
        .collect();
    let head: String = name.chars().take(30).collect();
    format!("sustainable-scheduler-{head}-{digest}")
}

/// The tag is ours and not the user's, who may give none of these.
pub fn is_own_tag(key: &str) -> bool {
    key == TAG_MANAGED_BY || key.starts_with("sustainable:")
}

/// What tells the file system of one run from every other: a client request token of FSx, and the value of a tag.
pub(crate) fn file_system_token(data_bucket: &str, name: &str, job: &str) -> String {
    sha256_hex(format!("{data_bucket}/{name}/{job}/file-system").as_bytes())
        .chars()
        .take(32)
        .collect()
}

/// Client request token of a link of that file system.
pub(crate) fn link_token(file_system_token: &str, uri: &str) -> String {
    sha256_hex(format!("{file_system_token}/{uri}").as_bytes())
        .chars()
        .take(32)
        .collect()
}

/// Name of the schedule that deletes that file system.
pub(crate) fn file_system_schedule(file_system_token: &str) -> String {
    format!("file-system-{file_system_token}")
}

/// Name of the schedule group and of the dead-letter queue, one of each per region, data bucket and name.
pub fn scheduling_name(data_bucket: &str, name: &str) -> String {
    role_name(data_bucket, name)
}

/// Name of the dashboard; dashboards are global in an account.
pub fn dashboard_name(data_bucket: &str, name: &str) -> String {
    role_name(data_bucket, name)
}

/// Key of the claim.
pub fn claim_key(name: &str) -> String {
    format!("sustainable/claims/{name}.json")
}

/// Key of the run manifest.
pub fn manifest_key(job: &str) -> String {
    format!("sustainable/runs/{job}/manifest.json")
}

/// Prefix of every packed source of a resource: a folder of its own, so that no other name's objects match.
pub fn source_prefix(name: &str) -> String {
    format!("sustainable/source/{name}/")
}

/// Key of the packed source.
pub fn source_key(name: &str, digest: &str) -> String {
    format!("{}{digest}/sourcedir.tar.gz", source_prefix(name))
}

/// Prefix of the checkpoints of every run of a resource.
pub fn checkpoints_prefix(name: &str) -> String {
    format!("sustainable/checkpoints/{name}/")
}

/// Prefix of the checkpoints of one run.
pub fn checkpoint_prefix(name: &str, job: &str) -> String {
    format!("{}{job}/", checkpoints_prefix(name))
}

/// Folder of every staged content.
pub(crate) const STAGED: &str = "sustainable/staged/";
/// Characters of a content's digest.
pub(crate) const STAGED_DIGEST_LENGTH: usize = 16;

/// What every key of one staged content begins with: its copies and its index.
pub(crate) fn staged_stem(digest: &str) -> String {
    format!("{STAGED}{digest}")
}

/// Prefix of the staged copies of one content.
pub fn staged_prefix(digest: &str) -> String {
    format!("{}/", staged_stem(digest))
}

/// Key of what a staged content was copied from; `origin` tells sources apart.
pub(crate) fn staged_index(digest: &str, origin: &str) -> String {
    format!("{}.{origin}.index", staged_stem(digest))
}

/// Folder of the marks of purges that are under way.
pub(crate) const PURGES: &str = "sustainable/purges/";

/// Key of the mark of a purge by the run with this nonce.
pub(crate) fn purge_key(nonce: &str) -> String {
    format!(
        "{PURGES}{}",
        if nonce.is_empty() { "unknown" } else { nonce }
    )
}

/// Key by which a resource says that it uses a companion bucket.
pub fn user_key(data_bucket: &str, name: &str) -> String {
    format!("sustainable/users/{data_bucket}/{name}.json")
}

/// The partition that a region is in.
pub fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

pub(crate) fn dns_suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

pub(crate) fn console_domain(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    }
}

/// Splits `s3://bucket/key`.
pub fn split_s3_uri(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("s3://")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then_some((bucket, key))
}

/// `1 object`, `2 objects`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}

/// Number of single-character edits between two names.
pub(crate) fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let cost = usize::from(a != *b);
            let next = (diagonal + cost).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_their_limits_and_keep_what_tells_them_apart() {
        let long = "a".repeat(NAME_MAX);
        let base = job_name_base(&long, &sha256_hex(b"x"));
        assert!(job_name(&base, 998).len() <= JOB_NAME_MAX, "{base}");
        assert_eq!(job_name("bert-1a2b3c", 0), "bert-1a2b3c");
        assert_eq!(job_name("bert-1a2b3c", 1), "bert-1a2b3c-2");
        assert_eq!(companion_bucket("data", "eu-north-1"), "data-eu-north-1");
        let one = companion_bucket(&format!("{}x", "b".repeat(62)), "ap-southeast-2");
        let other = companion_bucket(&format!("{}y", "b".repeat(62)), "ap-southeast-2");
        assert!(
            one.len() <= 63 && other.len() <= 63 && one != other,
            "{one} {other}"
        );
        assert!(one.ends_with("-ap-southeast-2"));
        assert!(role_name(&"b".repeat(63), &long).len() <= 64);
        assert_ne!(role_name("a", "x"), role_name("b", "x"));
        assert!(scheduler_role_name(&"b".repeat(63), &long).len() <= 64);
    }

    #[test]
    fn the_request_digest_ignores_the_order_of_keys_only() {
        let digest = |text: &str| request_digest(&serde_json::from_str(text).unwrap());
        assert_eq!(
            digest(r#"{"a":1,"b":[1,2]}"#),
            digest(r#"{"b":[1,2],"a":1}"#)
        );
        assert_ne!(
            digest(r#"{"a":1,"b":[1,2]}"#),
            digest(r#"{"a":1,"b":[2,1]}"#)
        );
        assert_ne!(digest(r#"{"a":"1"}"#), digest(r#"{"a":1}"#));
    }

    #[test]
    fn distance_counts_edits() {
        for (left, right, expected) in [
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("my-data", "my-data", 0),
            ("my-dta", "my-data", 1),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }
}
