//! Panics: in a handler they become a diagnostic, elsewhere they reach the user through Terraform.

use std::{
    any::Any,
    io::Write,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex},
};

/// Where the current handler panicked, if it did.
type Place = Arc<Mutex<Option<String>>>;

tokio::task_local! {
    static HANDLER: Place;
}

/// Sets what happens at a panic. A backtrace never goes to the user: it says nothing to them, and
/// the place is enough for us.
pub(crate) fn catch_panics_in_handlers() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let noted = HANDLER.try_with(|handler| {
            *handler
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(place.clone());
        });
        if noted.is_err() {
            // Terraform looks for lines that begin like this, and prints what follows as "Stack
            // trace from the ... plugin" (pitfall P13). Not eprintln: it would panic itself if
            // nobody reads any more.
            let message = message(info.payload());
            let _ = writeln!(std::io::stderr(), "panic: {message}\n\n{place}");
        }
    }));
}

/// Runs a handler; a panic in it comes back as its message and place.
pub(crate) async fn in_handler<T>(handler: impl Future<Output = T>) -> Result<T, String> {
    let place = Place::default();
    let guarded = CatchUnwind(Box::pin(handler));
    HANDLER
        .scope(place.clone(), guarded)
        .await
        .map_err(|payload| {
            let place = place
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .take();
            match place {
                Some(place) => format!("{} ({place})", message(&*payload)),
                None => message(&*payload),
            }
        })
}

/// What a panic said.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

/// A future that ends with the payload of a panic instead of passing it on.
struct CatchUnwind<F>(std::pin::Pin<Box<F>>);

impl<F: Future> Future for CatchUnwind<F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        // A handler that panicked is never polled again, so nobody sees what it left half done.
        let inner = self.0.as_mut();
        match panic::catch_unwind(AssertUnwindSafe(|| inner.poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => std::task::Poll::Ready(Err(payload)),
        }
    }
}
