//! Whose account this is.

use async_trait::async_trait;

use super::Step;
use crate::error::{Error, Kind};
use crate::run::Run;

pub(crate) struct Account;

#[async_trait]
impl Step for Account {
    fn name(&self) -> &'static str {
        "account"
    }

    async fn act(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let account = run.aws.account_id().await?;
        if let Some(previous) = run.previous {
            same_account(&previous.account_id, &account)?;
        }
        run.handle.account_id = account;
        Ok(())
    }
}

/// Buckets of the same name in another account are somebody else's: better no call than a wrong one.
pub(crate) fn same_account(recorded: &str, now: &str) -> Result<(), Error> {
    if recorded.is_empty() || recorded == now {
        return Ok(());
    }
    Err(Error::new(
        Kind::Invalid,
        format!("the run belongs to account {recorded}, but the credentials are of account {now}"),
    )
    .advise("Use credentials of the account that the run was created in."))
}
