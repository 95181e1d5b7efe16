//! Access to AWS: settings in, one set of clients per region, each made on first use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::{AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::tls;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::ServiceConfigKey;
use tokio::sync::OnceCell;

use crate::clock;
use crate::error::{Error, Kind};
use crate::iam::Iam;
use crate::locks::Locks;
use crate::retry::Watch;
use crate::settings::{RetryMode, Service, Settings};
use crate::signed::element;
use crate::timing::Timing;
use crate::turns::{Turn, Turns};

/// Region of the calls that have none of their own (STS) when the user named none.
const NO_REGION: &str = "us-east-1";
/// Tries of one call, unless the user says otherwise: with the pauses between them they outlast ten seconds of
/// throttling. The SDK draws each pause between 0 and its full length; with nine tries fewer than one call in a
/// thousand gives up sooner.
pub(crate) const ATTEMPTS: u32 = 9;

/// Access to AWS. Cheap to make and to clone; nothing is read and nothing is sent before the first call.
#[derive(Clone)]
pub struct Aws {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    base: OnceCell<SdkConfig>,
    identity: OnceCell<Identity>,
    credentials: tokio::sync::Mutex<Option<Credentials>>,
    s3: Mutex<HashMap<String, aws_sdk_s3::Client>>,
    connector: std::sync::OnceLock<Arc<aws_smithy_http_client::Connector>>,
    turns: Turns,
    companions: Locks,
    /// Seconds by which AWS's clock is ahead of this machine's, as its last answer said.
    ahead: std::sync::atomic::AtomicI64,
}

/// Who the credentials belong to.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) account: String,
    pub(crate) arn: String,
}

impl Aws {
    /// Keeps the settings.
    pub fn new(settings: Settings) -> Self {
        Aws {
            inner: Arc::new(Inner {
                settings,
                base: OnceCell::new(),
                identity: OnceCell::new(),
                credentials: tokio::sync::Mutex::new(None),
                s3: Mutex::default(),
                connector: std::sync::OnceLock::new(),
                turns: Turns::default(),
                companions: Locks::default(),
                ahead: std::sync::atomic::AtomicI64::new(0),
            }),
        }
    }

    /// The provider's own region: settings, then `AWS_REGION` and `AWS_DEFAULT_REGION`, then the profile. Reads the
    /// environment and the shared files; never the network.
    pub async fn region(&self) -> Option<String> {
        if let Some(region) = self
            .inner
            .settings
            .region
            .as_ref()
            .filter(|region| !region.is_empty())
        {
            return Some(region.clone());
        }
        for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            if let Some(region) = std::env::var(variable)
                .ok()
                .filter(|region| !region.is_empty())
            {
                return Some(region);
            }
        }
        let mut profile = aws_config::profile::ProfileFileRegionProvider::builder();
        if let Some(name) = &self.inner.settings.profile {
            profile = profile.profile_name(name);
        }
        if let Some(files) = self.profile_files() {
            profile = profile.profile_files(files);
        }
        let found = aws_config::meta::region::ProvideRegion::region(&profile.build()).await;
        found.map(|region| region.as_ref().to_owned())
    }

    /// The account of the credentials; looked up once. Refused when it is not among the allowed ones.
    ///
    /// # Errors
    /// No credentials, or an account that is not allowed.
    pub async fn account_id(&self) -> Result<String, Error> {
        Ok(self.identity().await?.account.clone())
    }

    /// The time by AWS's clock, as far as its answers have told it; seconds since 1970. Starts are judged by it, since
    /// it is AWS that starts them.
    pub(crate) fn now(&self) -> i64 {
        clock::seconds() as i64 + self.inner.ahead.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Notes what the `Date` header of an answer says.
    pub(crate) fn tell_time(&self, date: &str) {
        let format = aws_smithy_types::date_time::Format::HttpDate;
        if let Ok(date) = aws_smithy_types::DateTime::from_str(date, format) {
            let ahead = date.secs() - clock::seconds() as i64;
            self.inner
                .ahead
                .store(ahead, std::sync::atomic::Ordering::Relaxed);
        }
    }

    pub(crate) async fn identity(&self) -> Result<&Identity, Error> {
        self.inner
            .identity
            .get_or_try_init(|| async {
                let region = self.region().await;
                let region = region.as_deref().unwrap_or(NO_REGION);
                let answer = self
                    .query(Service::Sts, region, "GetCallerIdentity", &[])
                    .await?;
                let part = |name| element(Service::Sts, "GetCallerIdentity", &answer, name);
                let account = part("Account")?;
                let allowed = &self.inner.settings.allowed_account_ids;
                if !allowed.is_empty() && !allowed.contains(&account) {
                    return Err(Error::new(Kind::Invalid, format!("the credentials belong to account {account}, which is not in allowed_account_ids"))
                        .advise(format!("Allowed are {}. Use other credentials, or change the provider block.", allowed.join(", "))));
                }
                Ok(Identity { account, arn: part("Arn")? })
            })
            .await
    }

    /// S3 in a region.
    pub(crate) async fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let base = self.base().await;
        let mut clients = self.inner.s3.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let mut config =
                aws_sdk_s3::config::Builder::from(base).region(Region::new(region.to_owned()));
            if let Some(url) = self.endpoint_in(base, Service::S3) {
                config = config.endpoint_url(url);
            }
            config.set_force_path_style(Some(self.inner.settings.s3_use_path_style));
            aws_sdk_s3::Client::from_conf(config.build())
        };
        clients
            .entry(region.to_owned())
            .or_insert_with(make)
            .clone()
    }

    /// IAM of the partition that a region is in.
    pub(crate) fn iam<'a>(&'a self, region: &'a str) -> Iam<'a> {
        Iam::new(self, region)
    }

    /// Another endpoint than AWS's own: the `endpoints` block, then what the environment and the profile name for the
    /// service or for all of them.
    pub(crate) async fn endpoint(&self, service: Service) -> Option<String> {
        self.endpoint_in(self.base().await, service)
    }

    fn endpoint_in(&self, base: &SdkConfig, service: Service) -> Option<String> {
        let given = |url: &String| !url.is_empty();
        let from_settings = self.inner.settings.endpoints.get(&service).cloned();
        // What the SDK's own clients ask for.
        let key = ServiceConfigKey::builder()
            .service_id(service.id())
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        let specific = || base.service_config()?.load_config(key.ok()?);
        from_settings
            .filter(given)
            .or_else(|| specific().filter(given))
            .or_else(|| base.endpoint_url().map(str::to_owned).filter(given))
    }

    /// Whether the environment or the profile asks for FIPS endpoints.
    pub(crate) async fn wants_fips(&self) -> bool {
        self.base().await.use_fips() == Some(true)
    }

    /// How long everything takes that waits.
    pub(crate) fn timing(&self) -> &Timing {
        &self.inner.settings.timing
    }

    /// Waits for a turn at CreateTrainingJob: SageMaker takes one a second in a region, and a configuration may hold a
    /// hundred.
    pub(crate) async fn turn_to_create(
        &self,
        region: &str,
        watch: &Watch<'_>,
    ) -> Result<Turn, Error> {
        self.inner
            .turns
            .take(region, self.timing().between_creates, watch)
            .await
    }

    /// Keeps the other resources of this process out of a companion bucket's records while the caller acts on them.
    pub(crate) async fn companion_lock(&self, bucket: &str) -> tokio::sync::OwnedMutexGuard<()> {
        self.inner.companions.hold(bucket).await
    }

    /// Tries of one call.
    pub(crate) fn attempts(&self) -> u32 {
        self.inner
            .settings
            .max_retries
            .map_or(ATTEMPTS, |retries| retries.saturating_add(1))
    }

    /// Objects larger than this are copied in parts.
    pub(crate) fn multipart_copy_threshold(&self) -> u64 {
        self.inner
            .settings
            .multipart_copy_threshold_bytes
            .unwrap_or(crate::steps::SINGLE_COPY_MAX)
    }

    /// `User-Agent` of [`crate::signed`].
    pub(crate) fn user_agent(&self) -> &str {
        self.inner
            .settings
            .user_agent
            .as_deref()
            .unwrap_or("terraform-provider-sustainable")
    }

    /// Credentials for [`crate::signed`]: the SDK caches only inside its own clients.
    pub(crate) async fn credentials(&self) -> Result<Credentials, Error> {
        let mut kept = self.inner.credentials.lock().await;
        if let Some(credentials) = kept.as_ref() {
            let fresh = credentials
                .expiry()
                .is_none_or(|expiry| expiry > clock::now() + self.timing().renewed_before_expiry);
            if fresh {
                return Ok(credentials.clone());
            }
        }
        let provider = self
            .base()
            .await
            .credentials_provider()
            .ok_or_else(|| no_credentials("none are configured"))?;
        let credentials = provider.provide_credentials().await.map_err(|error| {
            let text = aws_smithy_types::error::display::DisplayErrorContext(&error).to_string();
            no_credentials(text.split(" (").next().unwrap_or_default())
        })?;
        *kept = Some(credentials.clone());
        Ok(credentials)
    }

    /// The SDK's HTTP stack, for [`crate::signed`].
    pub(crate) fn connector(&self) -> Arc<aws_smithy_http_client::Connector> {
        let make = || {
            let settings = aws_smithy_runtime_api::client::http::HttpConnectorSettings::builder()
                .connect_timeout(self.timing().connect)
                .read_timeout(self.timing().answer)
                .build();
            let builder = aws_smithy_http_client::Connector::builder()
                .connector_settings(settings)
                .tls_provider(provider());
            Arc::new(match tls_context() {
                Some(context) => builder.tls_context(context).build(),
                None => builder.build(),
            })
        };
        self.inner.connector.get_or_init(make).clone()
    }

    async fn base(&self) -> &SdkConfig {
        self.inner.base.get_or_init(|| self.load()).await
    }

    async fn load(&self) -> SdkConfig {
        let settings = &self.inner.settings;
        // Always a region: without one the loader asks the instance metadata service.
        let region = Region::new(self.region().await.unwrap_or_else(|| NO_REGION.to_owned()));
        let mut loader: ConfigLoader = aws_config::defaults(BehaviorVersion::latest())
            .region(region.clone())
            .retry_config(self.retry_config())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(self.timing().connect)
                    .read_timeout(self.timing().answer)
                    .build(),
            );
        if let Some(context) = tls_context() {
            let client = aws_smithy_http_client::Builder::new()
                .tls_provider(provider())
                .tls_context(context)
                .build_https();
            loader = loader.http_client(client);
        }
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(files) = self.profile_files() {
            loader = loader.profile_files(files);
        }
        if let Some(name) = app_name(self.user_agent()) {
            loader = loader.app_name(name);
        }
        if let (Some(key), Some(secret)) = (&settings.access_key, &settings.secret_key) {
            let token = settings
                .token
                .as_ref()
                .map(|token| token.expose().to_owned());
            loader = loader.credentials_provider(Credentials::new(
                key,
                secret.expose(),
                token,
                None,
                "provider block",
            ));
        }
        let config = loader.load().await;
        let Some(assume) = &settings.assume_role else {
            return config;
        };
        let sts = match self.endpoint_in(&config, Service::Sts) {
            Some(url) => config.to_builder().endpoint_url(url).build(),
            None => config.clone(),
        };
        let mut role = aws_config::sts::AssumeRoleProvider::builder(&assume.role_arn)
            .configure(&sts)
            .region(region)
            .session_name(
                assume
                    .session_name
                    .as_deref()
                    .unwrap_or("terraform-provider-sustainable"),
            );
        if let Some(id) = &assume.external_id {
            role = role.external_id(id);
        }
        if let Some(duration) = assume.duration {
            role = role.session_length(duration);
        }
        let Some(source) = config.credentials_provider() else {
            return config;
        };
        let provider = role.build_from_provider(source).await;
        config
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(provider))
            .build()
    }

    fn retry_config(&self) -> RetryConfig {
        let config = match self.inner.settings.retry_mode {
            RetryMode::Standard => RetryConfig::standard(),
            RetryMode::Adaptive => RetryConfig::adaptive(),
        };
        // The SDK halves a pause on average, by chance: twice our own.
        config
            .with_initial_backoff(self.timing().first_retry * 2)
            .with_max_backoff(self.timing().longest_retry)
            .with_max_attempts(self.attempts())
    }

    #[expect(
        deprecated,
        reason = "the loader still takes this alias; its target is in a crate that we do not use otherwise"
    )]
    fn profile_files(&self) -> Option<aws_config::profile::profile_file::ProfileFiles> {
        use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
        let (config, credentials) = (
            &self.inner.settings.shared_config_files,
            &self.inner.settings.shared_credentials_files,
        );
        if config.is_empty() && credentials.is_empty() {
            return None;
        }
        let mut files = ProfileFiles::builder()
            .include_default_config_file(config.is_empty())
            .include_default_credentials_file(credentials.is_empty());
        for (kind, paths) in [
            (ProfileFileKind::Config, config),
            (ProfileFileKind::Credentials, credentials),
        ] {
            for path in paths {
                files = files.with_file(kind, home(path));
            }
        }
        Some(files.build())
    }
}

fn provider() -> tls::Provider {
    tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc)
}

/// `AWS_CA_BUNDLE`: certificates to trust beside the machine's own.
fn tls_context() -> Option<tls::TlsContext> {
    let path = std::env::var("AWS_CA_BUNDLE")
        .ok()
        .filter(|path| !path.is_empty())?;
    let pem = match std::fs::read(&path) {
        Ok(pem) => pem,
        Err(error) => {
            tracing::warn!(path, %error, "AWS_CA_BUNDLE cannot be read; the machine's own certificates are used");
            return None;
        }
    };
    let store = tls::TrustStore::default()
        .with_native_roots(true)
        .with_pem_certificate(pem);
    tls::TlsContext::builder()
        .with_trust_store(store)
        .build()
        .ok()
}

/// `~/` as users write it in the provider block.
fn home(path: &str) -> String {
    match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => path.to_owned(),
    }
}

/// The SDK's application name takes few characters besides letters and digits.
fn app_name(text: &str) -> Option<AppName> {
    let legal = |character: char| {
        if character.is_ascii_alphanumeric() || "-._".contains(character) {
            character
        } else {
            '-'
        }
    };
    AppName::new(text.chars().map(legal).take(50).collect::<String>()).ok()
}

fn no_credentials(why: &str) -> Error {
    Error::new(Kind::Credentials, format!("no usable AWS credentials: {why}")).advise(
        "Give them in the provider block, in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, by AWS_PROFILE, or by a role of the machine.",
    )
}
