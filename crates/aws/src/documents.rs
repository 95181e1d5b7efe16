//! Documents that a resource keeps in a bucket: written, looked at, and removed as long as they are what was written.

use crate::clients::Aws;
use crate::error::{Error, Kind};
use crate::naming;
use crate::s3::{Bucket, Only};

/// A document by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Region of the bucket, as far as it is known; S3 says where it really is.
    pub region: String,
    /// `s3://bucket/key`.
    pub uri: String,
}

/// What became of a document that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Gone,
    /// It is not what was written: it stays.
    Changed,
}

impl Place {
    async fn open<'a>(&'a self, aws: &Aws) -> Result<(Bucket, &'a str), Error> {
        let (name, key) = naming::split_s3_uri(&self.uri)
            .ok_or_else(|| Error::new(Kind::Invalid, format!("\"{}\" is no S3 URI", self.uri)))?;
        let account = aws.account_id().await?;
        let bucket = Bucket::find(aws, name, &self.region, &account)
            .await?
            .ok_or_else(|| {
                Error::new(
                    Kind::NotFound,
                    format!("there is no bucket {name} in account {account}"),
                )
                .advise("Create it first, or correct its name.")
            })?;
        Ok((bucket, key))
    }
}

/// SHA-256 of the document, in hexadecimal; none when there is none.
///
/// # Errors
/// S3 could not be asked. A bucket that is gone holds nothing.
pub async fn digest(aws: &Aws, place: &Place) -> Result<Option<String>, Error> {
    Ok(content(aws, place)
        .await?
        .map(|bytes| naming::sha256_hex(&bytes)))
}

/// The document; none when there is none.
///
/// # Errors
/// S3 could not be asked. A bucket that is gone holds nothing.
pub async fn content(aws: &Aws, place: &Place) -> Result<Option<Vec<u8>>, Error> {
    let (bucket, key) = match place.open(aws).await {
        Ok(opened) => opened,
        Err(error) if error.kind() == Kind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(bucket.get(key).await?.map(|found| found.bytes))
}

/// Writes the document. `ours` says of what is already there whether it may be replaced.
///
/// # Errors
/// `Conflict` when somebody else's document is there; else S3's own.
pub async fn write(
    aws: &Aws,
    place: &Place,
    bytes: Vec<u8>,
    content_type: &str,
    ours: impl Fn(&[u8]) -> bool,
) -> Result<(), Error> {
    let (bucket, key) = place.open(aws).await?;
    let only = match bucket.get(key).await? {
        None => Only::IfAbsent,
        Some(found) if found.bytes == bytes => return Ok(()),
        Some(found) if ours(&found.bytes) => Only::IfEtag(found.etag),
        Some(_) => {
            return Err(Error::new(
                Kind::Conflict,
                format!("{} exists and was not written by this provider", place.uri),
            )
            .advise("Move it away, or write to another place."));
        }
    };
    bucket.put(key, bytes, content_type, &only, None).await?;
    Ok(())
}

/// Removes the document if it still is what was written, by its SHA-256. A bucket with versions keeps the old ones.
///
/// # Errors
/// S3's own.
pub async fn remove(aws: &Aws, place: &Place, sha256: &str) -> Result<Removed, Error> {
    match digest(aws, place).await? {
        None => Ok(Removed::Gone),
        Some(now) if now == sha256 => {
            let (bucket, key) = place.open(aws).await?;
            bucket.delete(key).await?;
            Ok(Removed::Gone)
        }
        Some(_) => Ok(Removed::Changed),
    }
}
