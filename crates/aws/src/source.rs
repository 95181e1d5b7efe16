//! The user's code: a folder becomes a digest and a deterministic archive.
//!
//! The digest is of relative paths, the executable bit and contents, so that touching a file changes nothing and
//! the same content gives the same digest on every machine. Hidden version-control folders, byte code and editor
//! leftovers never count ([`ALWAYS_EXCLUDED`]); `exclude` adds patterns.
//!
//! Patterns are matched against the path relative to the folder, with `/` between the parts: `*` and `?` stay
//! inside a part, `**` crosses parts, a pattern without `/` matches the name at any depth, and a pattern that
//! matches a folder leaves out all that is in it.
//!
//! Both functions read files and compute: an async caller gives them a thread of their own.

use std::fs;
use std::io::{self, BufReader, Read, Write};
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

/// Largest archive, in bytes: it is held in memory and sent in one call.
const LARGEST_ARCHIVE: usize = 500_000_000;

/// Largest folder, in bytes. What is larger holds data, and would be read whole for every plan.
const LARGEST_FOLDER: u64 = 10 * LARGEST_ARCHIVE as u64;

/// Digest of the folder's content: 64 hexadecimal digits.
///
/// # Errors
/// The folder or a file in it cannot be read, holds a broken link, more than code or nothing at all.
pub fn digest(dir: &Path, exclude: &[String]) -> Result<String, Error> {
    let mut whole = Sha256::new();
    for file in files(dir, exclude)? {
        let mut content = file.open()?;
        io::copy(&mut content, &mut io::sink()).map_err(|error| local(&file.path, &error))?;
        file.count(&mut whole, content);
    }
    Ok(crate::naming::hex(&whole.finalize()))
}

/// A folder that was read once.
pub(crate) struct Packed {
    /// What [`digest`] says of the same content.
    pub(crate) digest: String,
    /// A `tar.gz` whose bytes depend on nothing but the content.
    pub(crate) archive: Vec<u8>,
}

/// Packs the folder.
///
/// # Errors
/// Those of [`digest`]; the archive would be larger than one call takes.
pub(crate) fn pack(dir: &Path, exclude: &[String]) -> Result<Packed, Error> {
    pack_within(dir, exclude, LARGEST_ARCHIVE)
}

fn pack_within(dir: &Path, exclude: &[String], most: usize) -> Result<Packed, Error> {
    let encoder = flate2::GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Bounded::new(most), flate2::Compression::new(6));
    let mut builder = tar::Builder::new(encoder);
    builder.mode(tar::HeaderMode::Deterministic);
    let mut whole = Sha256::new();
    for file in files(dir, exclude)? {
        let mut content = file.open()?;
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(file.bytes);
        header.set_mode(if file.executable { 0o755 } else { 0o644 });
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        let added = builder.append_data(&mut header, &file.relative, &mut content);
        if builder.get_ref().get_ref().is_full() {
            return Err(too_large(dir, "packs to", most as u64));
        }
        added.map_err(|error| local(&file.path, &error))?;
        file.count(&mut whole, content);
    }
    match builder
        .into_inner()
        .and_then(flate2::write::GzEncoder::finish)
    {
        Ok(archive) => Ok(Packed {
            digest: crate::naming::hex(&whole.finalize()),
            archive: archive.bytes,
        }),
        // Memory is all that the end of an archive can run out of.
        Err(_) => Err(too_large(dir, "packs to", most as u64)),
    }
}

/// Bytes in memory, up to a limit.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
    full: bool,
}

impl Bounded {
    fn new(most: usize) -> Self {
        Self {
            bytes: Vec::new(),
            most,
            full: false,
        }
    }

    /// Whether more was to be written than fits.
    fn is_full(&self) -> bool {
        self.full
    }
}

impl Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        self.full |= self.bytes.len() + more.len() > self.most;
        if self.full {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is read is hashed.
struct Hashing<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

struct File {
    relative: String,
    path: PathBuf,
    executable: bool,
    bytes: u64,
}

impl File {
    /// Its content, and no more of it than there was when the folder was listed: an archive says sizes first.
    fn open(&self) -> Result<Hashing<io::Take<BufReader<fs::File>>>, Error> {
        let content = fs::File::open(&self.path).map_err(|error| local(&self.path, &error))?;
        Ok(Hashing {
            inner: BufReader::with_capacity(1 << 16, content).take(self.bytes),
            hasher: Sha256::new(),
        })
    }

    /// Adds the file, which has been read, to the digest of the whole.
    fn count<R>(&self, whole: &mut Sha256, content: Hashing<R>) {
        // Lengths first: no two lists of files give the same stream.
        whole.update((self.relative.len() as u64).to_be_bytes());
        whole.update(self.relative.as_bytes());
        whole.update([u8::from(self.executable)]);
        whole.update(content.hasher.finalize());
    }
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
            } else if meta.is_file() {
                found.push(File {
                    relative,
                    executable: is_executable(&meta),
                    path,
                    bytes: meta.len(),
                });
            } else {
                // Reading a pipe would wait for somebody who writes into it.
                return Err(Error::new(
                    Kind::Local,
                    format!("{} is neither a file nor a folder", path.display()),
                )
                .advise("Leave it out with source_exclude.")
                .on("source"));
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
    if found.iter().map(|file| file.bytes).sum::<u64>() > LARGEST_FOLDER {
        return Err(too_large(dir, "holds", LARGEST_FOLDER));
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

fn too_large(dir: &Path, does: &str, most: u64) -> Error {
    Error::new(
        Kind::Local,
        format!("{} {does} more than {} MB", dir.display(), most / 1_000_000),
    )
    .advise("Leave data out with source_exclude: data belong into an input channel.")
    .on("source")
}

fn local(path: &Path, error: &io::Error) -> Error {
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
        let packed = pack(one.path(), &[]).unwrap();
        assert_eq!(packed.archive, pack(two.path(), &[]).unwrap().archive);
        assert_eq!(packed.digest, digest(one.path(), &[]).unwrap());
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

    /// Noise packs to its own size: what is over the limit by a byte is refused, what is under it is packed.
    #[test]
    fn an_archive_stops_at_its_limit() {
        let noise: String = (0..40_000_u32)
            .flat_map(|seed| Sha256::digest(seed.to_be_bytes()))
            .map(|byte| char::from(b' ' + byte % 64))
            .collect();
        let code = folder(&[("train.py", "a"), ("weights.bin", &noise)]);
        let whole = pack(code.path(), &[]).unwrap();
        for most in [0, 1_000, whole.archive.len() - 1] {
            let error = pack_within(code.path(), &[], most).err().unwrap();
            assert!(error.message().contains("packs to more than"), "{error}");
        }
        let just = pack_within(code.path(), &[], whole.archive.len()).unwrap();
        assert_eq!(just.archive, whole.archive);
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_code_is_refused_before_it_is_read() {
        let code = folder(&[("train.py", "a")]);
        let data = fs::File::create(code.path().join("data.bin")).unwrap();
        data.set_len(LARGEST_FOLDER).unwrap();
        let error = digest(code.path(), &[]).unwrap_err();
        assert!(
            error.message().contains("holds more than 5000 MB"),
            "{error}"
        );
        assert!(digest(code.path(), &["data.bin".to_owned()]).is_ok());

        let _socket = std::os::unix::net::UnixListener::bind(code.path().join("s")).unwrap();
        let error = digest(code.path(), &["data.bin".to_owned()]).unwrap_err();
        assert!(
            error.message().contains("neither a file nor a folder"),
            "{error}"
        );
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
