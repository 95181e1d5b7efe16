//! The user's code: a folder becomes a digest and a deterministic archive.
//!
//! The digest is of relative paths, the executable bit and contents, so that touching a file changes nothing and
//! the same content gives the same digest on every machine. Hidden version-control folders, byte code and editor
//! leftovers never count ([`ALWAYS_EXCLUDED`]); `exclude` adds patterns.
//!
//! Patterns are matched against the path relative to the folder, with `/` between the parts: `*` and `?` stay
//! inside a part, `**` crosses parts, a pattern without `/` matches the name at any depth, and a pattern that
//! matches a folder leaves out all that is in it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Kind};

/// Version of the digest's definition: kept in the state, so that a later definition starts no new run.
pub const DIGEST_VERSION: u32 = 1;

/// Left out of every archive.
pub const ALWAYS_EXCLUDED: [&str; 8] = [
    ".git",
    ".hg",
    ".svn",
    "__pycache__",
    "*.pyc",
    ".DS_Store",
    ".terraform",
    ".ipynb_checkpoints",
];

/// Digest of the folder's content: 64 hexadecimal digits.
///
/// # Errors
/// The folder or a file in it cannot be read, holds a broken link or nothing at all.
pub fn digest(dir: &Path, exclude: &[String]) -> Result<String, Error> {
    let mut hasher = Sha256::new();
    for file in files(dir, exclude)? {
        let mut content = fs::File::open(&file.path).map_err(|error| local(&file.path, &error))?;
        let mut inner = Sha256::new();
        let mut buffer = vec![0u8; 1 << 16];
        loop {
            let read = content
                .read(&mut buffer)
                .map_err(|error| local(&file.path, &error))?;
            if read == 0 {
                break;
            }
            inner.update(&buffer[..read]);
        }
        // Lengths first: no two lists of files give the same stream.
        hasher.update((file.relative.len() as u64).to_be_bytes());
        hasher.update(file.relative.as_bytes());
        hasher.update([u8::from(file.executable)]);
        hasher.update(inner.finalize());
    }
    Ok(crate::naming::hex(&hasher.finalize()))
}

/// The folder as a `tar.gz` whose bytes depend on nothing but the content.
pub(crate) fn archive(dir: &Path, exclude: &[String]) -> Result<Vec<u8>, Error> {
    let encoder = flate2::GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), flate2::Compression::new(6));
    let mut builder = tar::Builder::new(encoder);
    builder.mode(tar::HeaderMode::Deterministic);
    for file in files(dir, exclude)? {
        let content = fs::read(&file.path).map_err(|error| local(&file.path, &error))?;
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(if file.executable { 0o755 } else { 0o644 });
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        builder
            .append_data(&mut header, &file.relative, content.as_slice())
            .map_err(|error| local(&file.path, &error))?;
    }
    builder
        .into_inner()
        .and_then(flate2::write::GzEncoder::finish)
        .map_err(|error| local(dir, &error))
}

struct File {
    relative: String,
    path: PathBuf,
    executable: bool,
}

/// Every file that counts, by relative path.
fn files(dir: &Path, exclude: &[String]) -> Result<Vec<File>, Error> {
    let meta = fs::metadata(dir).map_err(|error| local(dir, &error))?;
    if !meta.is_dir() {
        return Err(
            Error::new(Kind::Local, format!("{} is not a folder", dir.display())).on("source"),
        );
    }
    let mut found = Vec::new();
    let mut open = vec![(dir.to_path_buf(), String::new(), 0u32)];
    while let Some((folder, prefix, depth)) = open.pop() {
        if depth > 64 {
            return Err(Error::new(
                Kind::Local,
                format!("{} is more than 64 folders deep", folder.display()),
            )
            .advise("A link that leads back into its own folder does this; exclude it.")
            .on("source"));
        }
        for entry in fs::read_dir(&folder).map_err(|error| local(&folder, &error))? {
            let entry = entry.map_err(|error| local(&folder, &error))?;
            let name = entry.file_name().into_string().map_err(|name| {
                Error::new(
                    Kind::Local,
                    format!(
                        "the name of {} is not valid UTF-8",
                        folder.join(name).display()
                    ),
                )
                .advise("Rename the file, or exclude it with source_exclude.")
                .on("source")
            })?;
            let relative = if prefix.is_empty() {
                name
            } else {
                format!("{prefix}/{name}")
            };
            if excluded(&relative, exclude) {
                continue;
            }
            let path = entry.path();
            // Follows links: the container has to get what the link shows.
            let meta = fs::metadata(&path).map_err(|error| local(&path, &error))?;
            if meta.is_dir() {
                open.push((path, relative, depth + 1));
            } else {
                found.push(File {
                    relative,
                    executable: is_executable(&meta),
                    path,
                });
            }
        }
    }
    if found.is_empty() {
        return Err(
            Error::new(Kind::Local, format!("{} holds no file", dir.display()))
                .advise("Check source_dir and source_exclude.")
                .on("source"),
        );
    }
    found.sort_by(|left, right| left.relative.cmp(&right.relative));
    Ok(found)
}

#[cfg(unix)]
fn is_executable(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_meta: &fs::Metadata) -> bool {
    false
}

fn excluded(relative: &str, exclude: &[String]) -> bool {
    ALWAYS_EXCLUDED
        .into_iter()
        .chain(exclude.iter().map(String::as_str))
        .any(|pattern| matches(pattern, relative))
}

fn matches(pattern: &str, relative: &str) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    if pattern.is_empty() {
        return false;
    }
    if let Some(rooted) = pattern.strip_prefix('/') {
        return glob(rooted.as_bytes(), relative.as_bytes());
    }
    if pattern.contains('/') {
        return glob(pattern.as_bytes(), relative.as_bytes());
    }
    let name = relative.rsplit('/').next().unwrap_or(relative);
    glob(pattern.as_bytes(), name.as_bytes())
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', b'*', b'/', rest @ ..] if glob(rest, text) => true,
        [b'*', b'*', rest @ ..] => (0..=text.len()).any(|skip| glob(rest, &text[skip..])),
        [b'*', rest @ ..] => {
            let end = text
                .iter()
                .position(|byte| *byte == b'/')
                .unwrap_or(text.len());
            (0..=end).any(|skip| glob(rest, &text[skip..]))
        }
        [b'?', rest @ ..] => matches!(text, [byte, tail @ ..] if *byte != b'/' && glob(rest, tail)),
        [byte, rest @ ..] => {
            matches!(text, [first, tail @ ..] if first == byte && glob(rest, tail))
        }
    }
}

fn local(path: &Path, error: &std::io::Error) -> Error {
    Error::new(
        Kind::Local,
        format!("cannot read {}: {error}", path.display()),
    )
    .advise("Check that it exists and is readable; source_exclude leaves files out.")
    .on("source")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    #[test]
    fn digest_and_archive_depend_on_the_content_alone() {
        let one = folder(&[
            ("train.py", "a"),
            ("lib/x.py", "b"),
            ("__pycache__/x.pyc", "1"),
        ]);
        let two = folder(&[("lib/x.py", "b"), (".git/HEAD", "ref"), ("train.py", "a")]);
        assert_eq!(
            digest(one.path(), &[]).unwrap(),
            digest(two.path(), &[]).unwrap()
        );
        assert_eq!(
            archive(one.path(), &[]).unwrap(),
            archive(two.path(), &[]).unwrap()
        );
        // The same bytes cut differently into names and contents are another content.
        let moved = folder(&[("train.py", "ab"), ("lib/x.py", "")]);
        assert_ne!(
            digest(one.path(), &[]).unwrap(),
            digest(moved.path(), &[]).unwrap()
        );
        let excluded = digest(one.path(), &["lib".to_owned()]).unwrap();
        assert_eq!(
            excluded,
            digest(folder(&[("train.py", "a")]).path(), &[]).unwrap()
        );
        assert!(digest(folder(&[(".git/HEAD", "ref")]).path(), &[]).is_err());
    }

    #[test]
    fn patterns_mean_what_the_module_says() {
        for (pattern, path, expected) in [
            ("*.csv", "data/a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("data/*", "data/a", true),
            ("data/*", "data/a/b", false),
            ("data/**", "data/a/b", true),
            ("**/b", "b", true),
            ("**/b", "x/y/b", true),
            ("/b", "x/b", false),
            ("notes/", "notes", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
