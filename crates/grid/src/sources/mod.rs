//! The sources, each as a [`Source`](crate::Source).

mod embedded;

use std::sync::Arc;

use async_trait::async_trait;
use catalog::{Catalog, SignalKind};

use crate::source::{Question, Reason};
use crate::{Answer, Failure, Place, Settings, Source, SourceName};

/// The source that the settings name.
pub(crate) fn of(settings: &Settings) -> Arc<dyn Source> {
    match settings.source {
        SourceName::Embedded => Arc::new(embedded::Embedded),
        name => Arc::new(Unasked {
            name,
            kind: settings.kind_in_force(),
        }),
    }
}

/// A source that is declared, but cannot be asked yet.
#[derive(Debug)]
struct Unasked {
    name: SourceName,
    kind: SignalKind,
}

#[async_trait]
impl Source for Unasked {
    fn name(&self) -> SourceName {
        self.name
    }

    fn kind(&self) -> SignalKind {
        self.kind
    }

    fn zone(&self, _: &Catalog, place: &Place) -> Result<String, Failure> {
        Ok(place.name().to_owned())
    }

    async fn ask(&self, _: Question<'_>) -> Result<Answer, Failure> {
        Err(Failure::new(
            Reason::CannotGive,
            "this source cannot be asked yet",
        ))
    }
}

pub(crate) use embedded::{expected, region};
