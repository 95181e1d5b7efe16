//! The address of a service.

/// Scheme, host and leading path of a service; what is printed of it is the host alone.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Base {
    uri: http::Uri,
    text: String,
}

impl Base {
    /// Takes `https://host[:port][/path]`; a user, a query and a fragment are refused, since they are where
    /// secrets stand.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let legal = "an address like https://example.org/api is legal";
        let text = url.trim_end_matches('/').to_owned();
        let uri: http::Uri = text.parse().map_err(|_| format!("{legal}."))?;
        let scheme = uri.scheme_str().unwrap_or_default();
        if !matches!(scheme, "http" | "https") || uri.host().is_none_or(str::is_empty) {
            return Err(format!("{legal}."));
        }
        if uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Err(format!("{legal}, without a user or a password in it."));
        }
        if uri.query().is_some() || url.contains('#') {
            return Err(format!("{legal}, without a query or a fragment."));
        }
        Ok(Self { uri, text })
    }

    /// `host[:port]`, for messages.
    pub(crate) fn host(&self) -> &str {
        self.uri
            .authority()
            .map_or("", |authority| authority.as_str())
    }

    /// Whether it is reached over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// Without a slash at its end.
    pub(crate) fn as_text(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for Base {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.host())
    }
}
