//! Custom resources of operators, for those who look for them.

use async_trait::async_trait;
use bowsprit_host_core::{
    catalogues::{Entry, EntryCatalogue, Served, Standing},
    node_types::{CallError, Descriptor, Json},
};

use super::Pinned;
use crate::{
    convert::inputs,
    functions::catalogue::{DescribeServed, Form, MatchCluster},
};

#[async_trait]
impl EntryCatalogue for Pinned {
    fn edition(&self) -> u64 {
        self.table.edition
    }

    fn list(&self) -> &[Entry] {
        &self.table.entries
    }

    async fn match_cluster(
        &self,
        plugin: &str,
        served: &[Served],
    ) -> Result<Vec<Standing>, CallError> {
        let served = served.iter().map(inputs::served).collect();
        self.call_of(self.plugin(plugin)?, MatchCluster(served)).await
    }

    async fn form(&self, plugin: &str, served: &Served) -> Result<Json, CallError> {
        self.call_of(self.plugin(plugin)?, Form(inputs::served(served))).await
    }

    async fn describe_served(
        &self,
        plugin: &str,
        served: &Served,
    ) -> Result<Descriptor, CallError> {
        self.call_of(self.plugin(plugin)?, DescribeServed(inputs::served(served))).await
    }
}
