//! One error type: what AWS said, kept whole, and what to do about it.
//!
//! Messages read as sentences: service, operation, code, AWS's own words, request id, then the advice. Nothing
//! secret is in them: no header, no body, no signed URL.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use crate::settings::Service;

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is not there.
    NotFound,
    /// A permission is missing.
    AccessDenied,
    /// No usable credentials.
    Credentials,
    /// Too many requests, also after the retries.
    Throttled,
    /// It exists already, or somebody else is at work.
    Conflict,
    /// A service quota.
    Quota,
    /// A value that AWS or this crate refuses.
    Invalid,
    /// No answer, or none that can be read.
    Network,
    /// A folder or file on this machine.
    Local,
    /// The time allowed is over.
    Timeout,
    /// The user asked to stop.
    Stopped,
    /// Anything else.
    Other,
}

/// An error of this crate.
#[derive(Debug, Clone)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug, Clone)]
struct Inner {
    kind: Kind,
    call: Option<(Service, &'static str)>,
    code: Option<String>,
    status: Option<u16>,
    message: String,
    request_id: Option<String>,
    about: Option<String>,
    advice: Option<String>,
    field: Option<&'static str>,
}

impl Error {
    /// An error that no AWS answer stands behind.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error {
            inner: Box::new(Inner {
                kind,
                call: None,
                code: None,
                status: None,
                message: message.into(),
                request_id: None,
                about: None,
                advice: None,
                field: None,
            }),
        }
    }

    /// An answer that was read by hand ([`crate::signed`]).
    pub(crate) fn answer(
        service: Service,
        operation: &'static str,
        status: Option<u16>,
        code: Option<String>,
        message: String,
        request_id: Option<String>,
    ) -> Self {
        let mut error = Error::new(Kind::Other, message);
        error.inner.kind = classify(code.as_deref(), status, &error.inner.message);
        error.inner.call = Some((service, operation));
        error.inner.code = code;
        error.inner.status = status;
        error.inner.request_id = request_id;
        error.with_default_advice()
    }

    /// Any error of an SDK call.
    pub(crate) fn sdk<E>(
        service: Service,
        operation: &'static str,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        let request_id = RequestId::request_id(error).map(str::to_owned);
        if let SdkError::ServiceError(context) = error {
            let meta = context.err();
            if let Some(code) = meta.code() {
                let message = meta.message().unwrap_or_default().to_owned();
                return Error::answer(
                    service,
                    operation,
                    status,
                    Some(code.to_owned()),
                    message,
                    request_id,
                );
            }
            // HEAD answers have no body: the status is all there is.
            let code = match status {
                Some(404) => Some("NotFound"),
                Some(403) => Some("Forbidden"),
                Some(301) => Some("PermanentRedirect"),
                Some(412) => Some("PreconditionFailed"),
                _ => None,
            };
            let message = meta.message().unwrap_or_default().to_owned();
            return Error::answer(
                service,
                operation,
                status,
                code.map(str::to_owned),
                message,
                request_id,
            );
        }
        let text = DisplayErrorContext(error).to_string();
        if let Some(status) = status.filter(|status| *status >= 300) {
            // An answer of a gateway in front of the service, or of another protocol: its status still counts.
            let message = "the answer could not be read".to_owned();
            return Error::answer(service, operation, Some(status), None, message, request_id);
        }
        // The context ends in a debug dump of the whole error; the first line is for people.
        let line = text.split(" (").next().unwrap_or(&text).to_owned();
        let mut built = Error::new(Kind::Network, line);
        built.inner.call = Some((service, operation));
        built.inner.status = status;
        built.inner.request_id = request_id;
        let low = text.to_lowercase();
        if low.contains("credential") || low.contains("identity") {
            built.inner.kind = Kind::Credentials;
        }
        built.with_default_advice()
    }

    /// Names the thing that the call was about, for example `bucket my-data`.
    pub(crate) fn about(mut self, about: impl Into<String>) -> Self {
        self.inner.about = Some(about.into());
        self
    }

    /// Replaces the advice.
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.inner.advice = Some(advice.into());
        self
    }

    /// Names the field of [`crate::RunSpec`] or [`crate::Settings`] that the error is about.
    pub(crate) fn on(mut self, field: &'static str) -> Self {
        self.inner.field = Some(field);
        self
    }

    /// Another kind than the code suggests.
    pub(crate) fn of_kind(mut self, kind: Kind) -> Self {
        self.inner.kind = kind;
        self
    }

    fn with_default_advice(mut self) -> Self {
        if self.inner.advice.is_none() {
            self.inner.advice = default_advice(&self.inner);
        }
        self
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> Kind {
        self.inner.kind
    }

    /// Whether the same call may succeed a while later, with nothing changed.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(
            self.inner.kind,
            Kind::Network | Kind::Throttled | Kind::Other
        )
    }

    /// AWS's error code.
    pub fn code(&self) -> Option<&str> {
        self.inner.code.as_deref()
    }

    /// The service and the operation.
    pub fn call(&self) -> Option<(Service, &'static str)> {
        self.inner.call
    }

    /// AWS's request id.
    pub fn request_id(&self) -> Option<&str> {
        self.inner.request_id.as_deref()
    }

    /// HTTP status.
    pub fn status(&self) -> Option<u16> {
        self.inner.status
    }

    /// The field of the run's description that the error is about, as a path in [`crate::RunSpec`]: `data_bucket.name`,
    /// `data_bucket.region`, `channels`, `dataset_size_gb`, `source`, `role`, `max_staging_gb`,
    /// `max_spot_price_percent`, `training_plan_arn`, `name`.
    pub fn field(&self) -> Option<&'static str> {
        self.inner.field
    }

    /// AWS's or our own sentence, without call, code and advice.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// What to do.
    pub fn advice(&self) -> Option<&str> {
        self.inner.advice.as_deref()
    }

    /// One line: the title of a diagnostic.
    pub fn summary(&self) -> String {
        let inner = &self.inner;
        match (&inner.call, &inner.code) {
            (Some((service, operation)), Some(code)) => {
                format!("{} {operation} failed: {code}", service.title())
            }
            (Some((service, operation)), None) => format!("{} {operation} failed", service.title()),
            (None, _) => first_sentence(&inner.message).to_owned(),
        }
    }

    /// The body of a diagnostic: everything known that the summary does not say, then what to do.
    pub fn detail(&self) -> String {
        let message = self.inner.message.as_str();
        let message = match self.inner.call {
            Some(_) => message,
            None => message[first_sentence(message).len()..]
                .trim_start_matches('.')
                .trim_start(),
        };
        self.told(message, self.inner.request_id.as_deref())
    }

    /// On one line, without what differs between equal failures: for what is kept and compared.
    pub fn lasting(&self) -> String {
        self.in_a_line(None)
    }

    fn in_a_line(&self, request_id: Option<&str>) -> String {
        let told = self
            .told(&self.inner.message, request_id)
            .replace('\n', " ");
        match self.inner.call {
            Some(_) => format!("{}. {told}", self.summary()),
            None => told,
        }
    }

    fn told(&self, message: &str, request_id: Option<&str>) -> String {
        let inner = &self.inner;
        let mut parts = Vec::new();
        if !message.is_empty() {
            parts.push(sentence(message));
        }
        if let Some(about) = &inner.about {
            parts.push(format!("It was about {about}."));
        }
        let mut facts = Vec::new();
        if let Some((service, operation)) = inner.call {
            facts.push(format!(
                "service {}, operation {operation}",
                service.title()
            ));
        }
        if let Some(code) = &inner.code {
            facts.push(format!("code {code}"));
        }
        if let Some(status) = inner.status {
            facts.push(format!("HTTP status {status}"));
        }
        if let Some(id) = request_id {
            facts.push(format!("request id {id}"));
        }
        if !facts.is_empty() {
            parts.push(format!("({})", facts.join(", ")));
        }
        if let Some(advice) = &inner.advice {
            parts.push(sentence(advice));
        }
        parts.join("\n")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.in_a_line(self.inner.request_id.as_deref()))
    }
}

impl std::error::Error for Error {}

/// Ends a text with exactly one full stop.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?', ':', ')']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// The beginning of a text up to where its first sentence ends, without the full stop.
fn first_sentence(text: &str) -> &str {
    let line = text.split('\n').next().unwrap_or_default();
    line.split(". ")
        .next()
        .unwrap_or(line)
        .trim_end_matches('.')
}

fn classify(code: Option<&str>, status: Option<u16>, message: &str) -> Kind {
    let code = code.unwrap_or_default();
    match code {
        "NoSuchBucket"
        | "NoSuchKey"
        | "NotFound"
        | "NoSuchEntity"
        | "NoSuchTagSet"
        | "NoSuchUpload"
        | "ResourceNotFound"
        | "ResourceNotFoundException"
        | "NoSuchLifecycleConfiguration"
        | "NoSuchBucketPolicy"
        | "DashboardNotFoundError"
        | "FileSystemNotFound"
        | "NoSuchResourceException"
        | "QueueDoesNotExist"
        | "AWS.SimpleQueueService.NonExistentQueue" => Kind::NotFound,
        "ValidationException"
            if message.contains("not found") || message.contains("Could not find") =>
        {
            Kind::NotFound
        }
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "InvalidToken"
        | "RequestTimeTooSkewed"
        | "RequestExpired" => Kind::Credentials,
        "AccessDenied"
        | "AccessDeniedException"
        | "AccessDeniedFault"
        | "UnauthorizedOperation"
        | "Forbidden"
        | "AllAccessDisabled"
        | "AuthorizationError" => Kind::AccessDenied,
        "ResourceInUse"
        | "BucketAlreadyExists"
        | "BucketAlreadyOwnedByYou"
        | "EntityAlreadyExists"
        | "PreconditionFailed"
        | "ConditionalRequestConflict"
        | "OperationAborted"
        | "IncompatibleParameterError"
        | "DataRepositoryTaskExecuting"
        | "ConcurrentModification"
        | "BucketNotEmpty"
        | "ConflictException"
        | "QueueNameExists"
        | "QueueAlreadyExists"
        | "QueueDeletedRecently"
        | "AWS.SimpleQueueService.QueueDeletedRecently"
        | "DeleteConflict" => Kind::Conflict,
        "InvalidObjectState" | "ObjectNotInActiveTierError" => Kind::Invalid,
        "ResourceLimitExceeded"
        | "LimitExceeded"
        | "TooManyBuckets"
        | "LimitExceededException"
        | "ServiceQuotaExceededException" => Kind::Quota,
        _ if code.contains("Throttl")
            || code.contains("SlowDown")
            || code == "TooManyRequestsException"
            || code == "RequestLimitExceeded" =>
        {
            Kind::Throttled
        }
        _ => match status {
            Some(403) => Kind::AccessDenied,
            Some(404) => Kind::NotFound,
            Some(409 | 412) => Kind::Conflict,
            Some(429) => Kind::Throttled,
            Some(400..500) => Kind::Invalid,
            _ => Kind::Other,
        },
    }
}

/// The IAM action that allows an operation, where the names differ.
pub(crate) fn action(service: Service, operation: &str) -> String {
    let name = match (service, operation) {
        (Service::S3, "HeadBucket" | "ListObjectsV2") => "ListBucket",
        (Service::S3, "HeadObject") => "GetObject",
        (
            Service::S3,
            "CopyObject"
            | "CreateMultipartUpload"
            | "UploadPartCopy"
            | "UploadPart"
            | "CompleteMultipartUpload",
        ) => "PutObject",
        (Service::S3, "DeleteObjects") => "DeleteObject",
        (Service::S3, "ListObjectVersions") => "ListBucketVersions",
        (Service::S3, "ListBuckets") => "ListAllMyBuckets",
        (Service::S3, "ListMultipartUploads") => "ListBucketMultipartUploads",
        (Service::S3, "PutBucketEncryption") => "PutEncryptionConfiguration",
        (Service::S3, "PutPublicAccessBlock") => "PutBucketPublicAccessBlock",
        (Service::S3, "PutBucketLifecycleConfiguration") => "PutLifecycleConfiguration",
        (_, other) => other,
    };
    format!("{}:{name}", service.action_prefix())
}

fn default_advice(inner: &Inner) -> Option<String> {
    let advice = match inner.kind {
        // 403, by S3's API reference (CopyObject, GetObject).
        Kind::Invalid if matches!(inner.code.as_deref(), Some("InvalidObjectState" | "ObjectNotInActiveTierError")) => {
            "The object is archived (S3 Glacier or an archive tier): restore it first, or leave it out of the prefix that is read.".to_owned()
        }
        Kind::AccessDenied => {
            let (service, operation) = inner.call?;
            format!(
                "Allow {} to the credentials in use; the permissions guide and the function iam_policy list everything that is needed.",
                action(service, operation)
            )
        }
        Kind::Credentials => "Check the credentials: provider settings, AWS_* environment variables, AWS_PROFILE and the shared files, in that order; \
             `aws sts get-caller-identity` shows what they are. Where only one region refuses them, the account may have to enable that region first \
             (`aws account list-regions`)."
            .to_owned(),
        Kind::Throttled => "Try again; with a higher max_retries in the provider block a call waits longer for its turn.".to_owned(),
        Kind::Network => "Check the network, the region's name and the endpoints block of the provider.".to_owned(),
        Kind::Quota if matches!(inner.call, Some((Service::Iam, "PutRolePolicy"))) => "The inline policies of a role may take 10,240 characters in all, \
             which no quota raises: name fewer buckets and channels, or bring a role of your own in role_arn."
            .to_owned(),
        Kind::Quota if matches!(inner.call, Some((_, "AddTags"))) => "Remove some of tags or of the provider's default_tags.".to_owned(),
        Kind::Quota => "Ask for a higher value in Service Quotas, or choose another instance type or region.".to_owned(),
        _ => return None,
    };
    Some(advice)
}
