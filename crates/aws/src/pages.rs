//! Listings of a bucket one page at a time, so that memory does not grow with the bucket, and uploads that were never
//! completed.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_smithy_types::date_time::DateTime;

use crate::error::{Error, Kind};
use crate::s3::{Bucket, Listed};

/// Objects of one page: S3's own limit.
const PAGE: i32 = 1000;

/// Entity tag and size of each part of an upload, by its number.
pub(crate) type Parts = BTreeMap<i32, (String, u64)>;

/// Pages of a listing, in the order of the keys' bytes, which is S3's.
pub(crate) struct Pages {
    bucket: Bucket,
    prefix: String,
    /// Objects only up to this delimiter after the prefix.
    delimiter: Option<&'static str>,
    /// Objects of one page, at most.
    size: i32,
    token: Option<String>,
    over: bool,
}

impl Pages {
    /// So many objects a page, instead of as many as S3 gives.
    pub(crate) fn of(mut self, objects: usize) -> Self {
        self.size = i32::try_from(objects).unwrap_or(PAGE).min(PAGE);
        self
    }

    /// The next page; `None` after the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Listed>>, Error> {
        let answer = self.answer().await?;
        Ok(answer.map(|answer| answer.contents().iter().map(listed).collect()))
    }

    /// The folders of the next page.
    async fn next_folders(&mut self) -> Result<Option<Vec<String>>, Error> {
        let answer = self.answer().await?;
        Ok(answer.map(|answer| {
            let folders = answer.common_prefixes().iter();
            folders
                .filter_map(|folder| folder.prefix().map(str::to_owned))
                .collect()
        }))
    }

    async fn answer(&mut self) -> Result<Option<ListObjectsV2Output>, Error> {
        if self.over {
            return Ok(None);
        }
        let answer = self
            .bucket
            .client
            .list_objects_v2()
            .bucket(&self.bucket.name)
            .prefix(&self.prefix)
            .set_delimiter(self.delimiter.map(str::to_owned))
            .set_continuation_token(self.token.take())
            .max_keys(self.size)
            .expected_bucket_owner(&self.bucket.owner)
            .send()
            .await
            .map_err(|error| {
                self.bucket
                    .wrap("ListObjectsV2", &error)
                    .about(self.bucket.uri(&self.prefix))
            })?;
        self.token = answer.next_continuation_token().map(str::to_owned);
        self.over = self.token.is_none();
        Ok(Some(answer))
    }
}

/// One object of an answer.
fn listed(object: &aws_sdk_s3::types::Object) -> Listed {
    Listed {
        key: object.key().unwrap_or_default().to_owned(),
        size: object
            .size()
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or(0),
        etag: object
            .e_tag()
            .unwrap_or_default()
            .trim_matches('"')
            .to_owned(),
        modified: object.last_modified().map_or(0, DateTime::secs),
    }
}

/// A listing that is read one object at a time, beside another one in the same order.
pub(crate) struct Walk {
    pages: Pages,
    page: std::vec::IntoIter<Listed>,
    peeked: Option<Listed>,
}

impl Walk {
    /// The object of this key; those before it are passed by, so that keys have to be asked for in order.
    pub(crate) async fn find(&mut self, key: &str) -> Result<Option<Listed>, Error> {
        loop {
            if self.peeked.is_none() {
                self.peeked = self.page.next();
            }
            match &self.peeked {
                Some(next) if next.key.as_str() < key => self.peeked = None,
                Some(next) if next.key == key => return Ok(self.peeked.take()),
                Some(_) => return Ok(None),
                None => match self.pages.next().await? {
                    Some(page) => self.page = page.into_iter(),
                    None => return Ok(None),
                },
            }
        }
    }
}

impl Bucket {
    /// Every object under a prefix, a page at a time.
    pub(crate) fn pages(&self, prefix: &str) -> Pages {
        Pages {
            bucket: self.clone(),
            prefix: prefix.to_owned(),
            delimiter: None,
            size: PAGE,
            token: None,
            over: false,
        }
    }

    /// The objects of one folder, without those of its folders.
    pub(crate) fn folder(&self, prefix: &str) -> Pages {
        Pages {
            delimiter: Some("/"),
            ..self.pages(prefix)
        }
    }

    /// Folders under a prefix, as prefixes that end in a slash. What is in them is not listed.
    pub(crate) async fn folders(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let mut pages = self.folder(prefix);
        let mut found = Vec::new();
        while let Some(page) = pages.next_folders().await? {
            found.extend(page);
        }
        Ok(found)
    }

    /// The same as [`Bucket::pages`], to be walked along in the order of the keys.
    pub(crate) fn walk(&self, prefix: &str) -> Walk {
        Walk {
            pages: self.pages(prefix),
            page: Vec::new().into_iter(),
            peeked: None,
        }
    }

    /// Keys and ids of multipart uploads under a prefix that were never completed.
    pub(crate) async fn uploads(&self, prefix: &str) -> Result<Vec<(String, String)>, Error> {
        let mut found = Vec::new();
        let (mut key, mut id) = (None, None);
        loop {
            let answer = self
                .client
                .list_multipart_uploads()
                .bucket(&self.name)
                .prefix(prefix)
                .set_key_marker(key.take())
                .set_upload_id_marker(id.take())
                .expected_bucket_owner(&self.owner)
                .send()
                .await
                .map_err(|error| self.wrap("ListMultipartUploads", &error))?;
            found.extend(
                answer
                    .uploads()
                    .iter()
                    .filter_map(|upload| Some((upload.key()?, upload.upload_id()?)))
                    .map(|(key, id)| (key.to_owned(), id.to_owned())),
            );
            key = answer.next_key_marker().map(str::to_owned);
            id = answer.next_upload_id_marker().map(str::to_owned);
            if answer.is_truncated() != Some(true) || key.is_none() {
                return Ok(found);
            }
        }
    }

    /// Entity tags and sizes of the parts that an upload has so far.
    pub(crate) async fn parts(&self, key: &str, upload: &str) -> Result<Parts, Error> {
        let mut parts = BTreeMap::new();
        let mut marker = None;
        loop {
            let answer = self
                .client
                .list_parts()
                .bucket(&self.name)
                .key(key)
                .upload_id(upload)
                .set_part_number_marker(marker)
                .expected_bucket_owner(&self.owner)
                .send()
                .await
                .map_err(|error| self.wrap("ListParts", &error))?;
            for part in answer.parts() {
                let size = part.size().and_then(|size| u64::try_from(size).ok());
                if let (Some(number), Some(tag), Some(size)) =
                    (part.part_number(), part.e_tag(), size)
                {
                    parts.insert(number, (tag.to_owned(), size));
                }
            }
            marker = answer.next_part_number_marker().map(str::to_owned);
            if answer.is_truncated() != Some(true) || marker.is_none() {
                return Ok(parts);
            }
        }
    }

    /// Aborts multipart uploads under a prefix that were never completed, but for keys that `keep` keeps: their parts
    /// bill as storage.
    pub(crate) async fn abort_uploads(
        &self,
        prefix: &str,
        keep: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<(), Error> {
        for (key, id) in self.uploads(prefix).await? {
            if keep(&key) {
                continue;
            }
            let call = self
                .client
                .abort_multipart_upload()
                .bucket(&self.name)
                .key(key)
                .upload_id(id);
            match call
                .expected_bucket_owner(&self.owner)
                .send()
                .await
                .map_err(|error| self.wrap("AbortMultipartUpload", &error))
            {
                Err(error) if error.kind() != Kind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}
