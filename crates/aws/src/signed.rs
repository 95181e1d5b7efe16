//! One small client for every service but S3: JSON 1.0 and 1.1, REST-JSON and query protocol, over the SDK's own
//! signer and HTTP stack.
//!
//! These services need a few calls each, with small documents in and out, and every SDK crate costs minutes of build time
//! and half a megabyte. CloudWatch's speaks RPC v2 CBOR only, which no AWS emulator serves. And a training job's request
//! is one JSON document that is also written into the run manifest, so that what was sent and what was recorded cannot
//! differ. S3 has streams, checksums and redirects: that is its crate's.

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::clients::Aws;
use crate::clock;
use crate::error::{Error, Kind};
use crate::naming;
use crate::retry::spread;
use crate::settings::Service;

/// Characters of a proxy's or an emulator's own page that an error shows.
const SHOWN_OF_A_PAGE: usize = 160;

/// Everything but the unreserved characters of RFC 3986.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Tries of a call that nothing depends on, some four seconds: an apply does not wait out an outage of Service Quotas.
const TRIES_OF_A_LOOK: u32 = 4;

/// How a service is addressed: host, signing name and region, and its protocol's constant.
struct Address<'a> {
    host: String,
    signing_name: &'static str,
    signing_region: &'a str,
    /// Prefix of `X-Amz-Target`, or version of the query API; empty where the path says what is meant.
    constant: &'static str,
}

/// One request, before it is signed.
struct Request<'a> {
    method: &'static str,
    /// Path and query, percent-encoded, from the first slash on.
    path: String,
    headers: &'a [(&'a str, &'a str)],
    body: String,
}

fn address(service: Service, region: &str) -> Option<Address<'_>> {
    if service == Service::Iam {
        return Some(iam(region));
    }
    let (prefix, signing_name, constant) = match service {
        Service::Sagemaker => ("api.sagemaker", "sagemaker", "SageMaker"),
        Service::Cloudwatch => ("monitoring", "monitoring", "2010-08-01"),
        Service::Events => ("events", "events", "AWSEvents"),
        Service::Logs => ("logs", "logs", "Logs_20140328"),
        Service::Servicequotas => ("servicequotas", "servicequotas", "ServiceQuotasV20190624"),
        Service::Pricing => ("api.pricing", "pricing", "AWSPriceListService"),
        Service::Ec2 => ("ec2", "ec2", "2016-11-15"),
        Service::Fsx => ("fsx", "fsx", "AWSSimbaAPIService_v20180301"),
        Service::Scheduler => ("scheduler", "scheduler", ""),
        Service::Sqs => ("sqs", "sqs", "AmazonSQS"),
        Service::Sts => ("sts", "sts", "2011-06-15"),
        _ => return None,
    };
    Some(Address {
        host: format!("https://{prefix}.{region}.{}", naming::dns_suffix(region)),
        signing_name,
        signing_region: region,
        constant,
    })
}

/// Where the FIPS endpoints are follows no rule that holds for every service and region (AWS General Reference, service
/// endpoints). A call to another one would break what the setting promises.
fn no_fips(service: Service) -> Error {
    Error::new(
        Kind::Invalid,
        format!("AWS_USE_FIPS_ENDPOINT (use_fips_endpoint) is set, and the FIPS endpoint of {} is not known here", service.key()),
    )
    .advise(format!(
        "Name it: endpoints {{ {} = \"https://...\" }} in the provider block, or AWS_ENDPOINT_URL_... in the environment. AWS lists them at aws.amazon.com/compliance/fips.",
        service.key()
    ))
}

/// One address for a partition (AWS General Reference, "IAM endpoints and quotas").
fn iam(region: &str) -> Address<'static> {
    let (host, signing_region) = match naming::partition(region) {
        "aws-cn" => ("https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        "aws-us-gov" => ("https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
        _ => ("https://iam.amazonaws.com", "us-east-1"),
    };
    Address {
        host: host.to_owned(),
        signing_name: "iam",
        signing_region,
        constant: "2010-05-08",
    }
}

impl Aws {
    /// A JSON call, 1.1 or for SQS 1.0.
    pub(crate) async fn json(
        &self,
        service: Service,
        region: &str,
        operation: &'static str,
        body: &Value,
    ) -> Result<Value, Error> {
        let address = address(service, region).ok_or_else(|| unknown(service))?;
        let target = format!("{}.{operation}", address.constant);
        let version = match service {
            Service::Sqs => "application/x-amz-json-1.0",
            _ => "application/x-amz-json-1.1",
        };
        let request = Request {
            method: "POST",
            path: "/".to_owned(),
            headers: &[("content-type", version), ("x-amz-target", target.as_str())],
            body: body.to_string(),
        };
        let answer = self.send(service, operation, &address, &request).await?;
        read_json(service, operation, &answer)
    }

    /// A REST-JSON call. `segments` make the path and are encoded here; without a `body` none is sent.
    pub(crate) async fn rest(
        &self,
        service: Service,
        region: &str,
        (method, operation): (&'static str, &'static str),
        segments: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let address = address(service, region).ok_or_else(|| unknown(service))?;
        let mut path = String::new();
        for segment in segments {
            path.push('/');
            path.extend(utf8_percent_encode(segment, QUERY));
        }
        for (number, (key, value)) in query.iter().enumerate() {
            path.push(if number == 0 { '?' } else { '&' });
            path.push_str(key);
            path.push('=');
            path.extend(utf8_percent_encode(value, QUERY));
        }
        let request = Request {
            method,
            path,
            headers: match body {
                Some(_) => &[("content-type", "application/json")],
                None => &[],
            },
            body: body.map(Value::to_string).unwrap_or_default(),
        };
        let answer = self.send(service, operation, &address, &request).await?;
        read_json(service, operation, &answer)
    }

    /// A query-protocol call; the answer is XML ([`tag`] reads it).
    pub(crate) async fn query(
        &self,
        service: Service,
        region: &str,
        operation: &'static str,
        parameters: &[(&str, &str)],
    ) -> Result<String, Error> {
        let address = address(service, region).ok_or_else(|| unknown(service))?;
        let mut body = format!("Action={operation}&Version={}", address.constant);
        for (key, value) in parameters {
            body.push('&');
            body.push_str(key);
            body.push('=');
            body.extend(utf8_percent_encode(value, QUERY));
        }
        let request = Request {
            method: "POST",
            path: "/".to_owned(),
            headers: &[(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )],
            body,
        };
        self.send(service, operation, &address, &request).await
    }

    async fn send(
        &self,
        service: Service,
        operation: &'static str,
        address: &Address<'_>,
        request: &Request<'_>,
    ) -> Result<String, Error> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.send_once(service, operation, address, request).await {
                Err(error) if attempt < self.tries(service, &error) => {
                    tracing::debug!(operation, attempt, error = %error, "trying again");
                    tokio::time::sleep(spread(self.timing().retry(attempt))).await;
                }
                other => return other,
            }
        }
    }

    /// How often a call that ends in this error is made in all.
    fn tries(&self, service: Service, error: &Error) -> u32 {
        let all = self.attempts();
        match error.kind() {
            Kind::Throttled => all,
            _ if !is_outage(error) => 1,
            _ if service.only_informs() => all.min(TRIES_OF_A_LOOK),
            _ => all,
        }
    }

    async fn send_once(
        &self,
        service: Service,
        operation: &'static str,
        address: &Address<'_>,
        asked: &Request<'_>,
    ) -> Result<String, Error> {
        let broken = |text: String| {
            Error::answer(service, operation, None, None, text, None).of_kind(Kind::Network)
        };
        let identity = self.credentials().await?.into();
        let endpoint = match self.endpoint(service).await {
            Some(given) => given,
            None if self.wants_fips().await => return Err(no_fips(service)),
            None => address.host.clone(),
        };
        let uri = format!("{}{}", endpoint.trim_end_matches('/'), asked.path);
        let mut request = http::Request::builder()
            .method(asked.method)
            .uri(&uri)
            .header("user-agent", self.user_agent());
        for (name, value) in asked.headers {
            request = request.header(*name, *value);
        }
        let mut request = request
            .body(SdkBody::from(asked.body.as_str()))
            .map_err(|error| broken(format!("{uri} is no usable endpoint: {error}")))?;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(address.signing_region)
            .name(address.signing_name)
            .time(clock::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| broken(error.to_string()))?
            .into();
        let signable = SignableRequest::new(
            asked.method,
            uri.as_str(),
            asked.headers.iter().copied(),
            SignableBody::Bytes(asked.body.as_bytes()),
        )
        .map_err(|error| broken(error.to_string()))?;
        let (instructions, _) = sign(signable, &params)
            .map_err(|error| broken(error.to_string()))?
            .into_parts();
        instructions.apply_to_request_http1x(&mut request);
        let request = HttpRequest::try_from(request).map_err(|error| broken(error.to_string()))?;
        let response = self.connector().call(request).await.map_err(|error| {
            let text = aws_smithy_types::error::display::DisplayErrorContext(&error).to_string();
            Error::answer(
                service,
                operation,
                None,
                None,
                text.split(" (").next().unwrap_or_default().to_owned(),
                None,
            )
            .of_kind(Kind::Network)
            .advise("Check the network, the region's name and the endpoints block of the provider.")
        })?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).map(str::to_owned);
        let request_id = header("x-amzn-requestid").or_else(|| header("x-amz-request-id"));
        let error_type = header("x-amzn-errortype");
        if let Some(date) = header("date") {
            self.tell_time(&date);
        }
        let bytes = collect(response.into_body()).await.map_err(broken)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if (200..300).contains(&status) {
            return Ok(text);
        }
        let (code, message, id) = read_error(&text);
        let code = code.or(error_type).map(|code| {
            code.rsplit('#')
                .next()
                .unwrap_or(&code)
                .split(':')
                .next()
                .unwrap_or_default()
                .to_owned()
        });
        Err(Error::answer(
            service,
            operation,
            Some(status),
            code,
            message,
            request_id.or(id),
        ))
    }
}

fn read_json(service: Service, operation: &'static str, answer: &str) -> Result<Value, Error> {
    if answer.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(answer).map_err(|error| {
        Error::answer(
            service,
            operation,
            Some(200),
            None,
            format!("the answer is no JSON: {error}"),
            None,
        )
        .of_kind(Kind::Network)
    })
}

async fn collect(body: SdkBody) -> Result<Vec<u8>, String> {
    let stream = aws_smithy_types::byte_stream::ByteStream::new(body);
    stream
        .collect()
        .await
        .map(aws_smithy_types::byte_stream::AggregatedBytes::to_vec)
        .map_err(|error| format!("the answer broke off: {error}"))
}

/// Code, message and request id of an error body: JSON, or the XML that gateways and IAM denials use.
fn read_error(text: &str) -> (Option<String>, String, Option<String>) {
    if let Ok(Value::Object(body)) = serde_json::from_str::<Value>(text) {
        let field = |names: [&str; 2]| {
            names
                .iter()
                .find_map(|name| body.get(*name))
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        return (
            field(["__type", "code"]),
            field(["message", "Message"]).unwrap_or_default(),
            None,
        );
    }
    if let Some(code) = tag(text, "Code") {
        let id = tag(text, "RequestId").or_else(|| tag(text, "RequestID"));
        return (Some(code), tag(text, "Message").unwrap_or_default(), id);
    }
    let start: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = match start.char_indices().nth(SHOWN_OF_A_PAGE) {
        _ if start.is_empty() => "the answer is empty".to_owned(),
        None => format!("the answer is no AWS error: {start}"),
        Some((end, _)) => format!("the answer is no AWS error: {} ...", &start[..end]),
    };
    (None, message, None)
}

/// Text of the first element of this name. The answers read with it are flat and known.
pub(crate) fn tag(xml: &str, name: &str) -> Option<String> {
    let rest = &xml[xml.find(&format!("<{name}>"))? + name.len() + 2..];
    let text = &rest[..rest.find(&format!("</{name}>"))?];
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#10;", "\n"),
        ("&amp;", "&"),
    ];
    Some(
        plain
            .iter()
            .fold(text.to_owned(), |text, (entity, character)| {
                text.replace(entity, character)
            }),
    )
}

/// What an answer has to hold. Something between here and AWS may answer 200 with a page of its own.
pub(crate) fn element(
    service: Service,
    operation: &'static str,
    xml: &str,
    name: &str,
) -> Result<String, Error> {
    tag(xml, name)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| {
            let text = format!("the answer has no {name}");
            Error::answer(service, operation, Some(200), None, text, None).of_kind(Kind::Network)
        })
}

/// The service did not answer, or answered that it cannot at the moment.
fn is_outage(error: &Error) -> bool {
    match error.kind() {
        Kind::Network => true,
        Kind::Other => matches!(error.status(), Some(500 | 502..=504)),
        _ => false,
    }
}

fn unknown(service: Service) -> Error {
    Error::new(
        Kind::Other,
        format!("{} has no address here", service.title()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_a_proxy_is_no_answer() {
        let account = |xml: &str| element(Service::Sts, "GetCallerIdentity", xml, "Account");
        let answer =
            "<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>";
        assert_eq!(account(answer).unwrap(), "123456789012");
        for page in ["", "<html>Sign in</html>", "<Account></Account>"] {
            let error = account(page).unwrap_err();
            assert_eq!(error.kind(), Kind::Network, "{page}");
            assert_eq!(error.summary(), "STS GetCallerIdentity failed");
        }
    }
}
