//! `bowsprit db move`: a store's documents, copied to another store.
//!
//! A note in the target says that a move into it is not finished. It lets an
//! interrupted move be repeated, and keeps a host from serving half a store.

use anyhow::{Context as _, bail};
use bowsprit_host_core::store::{Documents, Filter};
use bowsprit_host_store::transfer::{copy, tally};
use clap::Args;
use serde_json::json;

use crate::{
    output::say,
    store::{
        COLLECTIONS,
        address::{Address, Opened},
        unfinished::{MOVES, UNFINISHED, unfinished_from},
    },
};

/// Copies a store to another one and compares the two. No host may use either.
#[derive(Debug, Args)]
pub(crate) struct Move {
    /// The store to read: a `mongodb://` address, a file, or a data folder.
    #[arg(long, value_name = "STORE")]
    from: Address,
    /// The store to fill.
    #[arg(long, value_name = "STORE")]
    to: Address,
    /// Remove what the target holds first.
    #[arg(long)]
    replace: bool,
}

impl Move {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        if let Address::File(path) = &self.from
            && !path.exists()
        {
            bail!("there is no store at {}", path.display());
        }
        let from = self.from.open().await?;
        let to = self.to.open().await?;
        // A file has tables only for what was prepared; a server is read as it is.
        if let Opened::File(file) = &from {
            file.prepare(COLLECTIONS).await.context("the source cannot be read")?;
        }
        self.begin(&*to.clone().documents()).await?;
        let moved = fill(&from, &to).await?;
        to.transfer().remove_if(&MOVES, UNFINISHED, None).await?;
        say(format_args!(
            "{moved} documents moved from {} to {}; both hold the same",
            self.from, self.to
        ));
        to.transfer().close().await;
        from.transfer().close().await;
        Ok(())
    }

    /// Sees to it that the target is empty, or half of an earlier attempt.
    async fn begin(&self, to: &dyn Documents) -> anyhow::Result<()> {
        to.prepare(COLLECTIONS).await.context("the target's indexes cannot be made")?;
        to.prepare(&[&MOVES]).await?;
        let source = self.from.to_string();
        match unfinished_from(to).await? {
            Some(earlier) if earlier == source => {
                say(format_args!("going on with an earlier move from {source}"));
                return Ok(());
            }
            Some(earlier) if !self.replace => bail!(
                "the target holds half of a move from {earlier}; repeat that one, or pass --replace"
            ),
            _ => {}
        }
        require_empty(to, self.replace).await?;
        to.remove_if(&MOVES, UNFINISHED, None).await?;
        let note = json!({ "from": source }).to_string();
        to.insert(&MOVES, UNFINISHED, &note, None).await?;
        Ok(())
    }
}

/// Fails if the store holds documents; removes them if told to.
pub(super) async fn require_empty(store: &dyn Documents, replace: bool) -> anyhow::Result<()> {
    for of in COLLECTIONS {
        let found = store.count(of, &Filter::All).await?;
        if found > 0 && !replace {
            let name = of.name;
            bail!(
                "the target holds {found} documents of `{name}`; name an empty one, or pass --replace"
            );
        }
        if found > 0 {
            store.remove_all(of, &Filter::All).await?;
        }
    }
    Ok(())
}

/// Copies every collection and compares what was read with what is there.
/// Answers the number of documents.
pub(super) async fn fill(from: &Opened, to: &Opened) -> anyhow::Result<u64> {
    let mut total = 0;
    for of in COLLECTIONS {
        let read = copy(from.transfer(), to.transfer(), of)
            .await
            .with_context(|| format!("`{}` was not copied", of.name))?;
        let written = tally(to.transfer(), of).await?;
        if read != written {
            bail!(
                "`{}` differs: {} documents ({}) were read, {} ({}) are there; was the source \
                 in use, or the target not empty?",
                of.name,
                read.documents,
                read.hex(),
                written.documents,
                written.hex()
            );
        }
        say(format_args!("{:<24} {:>8} documents  {}", of.name, read.documents, read.hex()));
        total += read.documents;
    }
    Ok(total)
}
