//! How much of the clusters is used.
//!
//! Clusters report the number of their nodes and nothing else yet: what is not
//! known is zero, as the contract has it for a cluster that does not answer
//! (R110).

use serde::Serialize;

use super::{ClusterRecord, ClusterStatus, Clusters, MOST};
use crate::{
    Result,
    access::Caller,
    store::{Direction, Filter, Query},
};

/// All clusters and their sums.
#[derive(Debug, Serialize)]
pub struct Overview {
    clusters: Vec<ClusterUsage>,
    totals: TotalUsage,
}

/// One cluster. Its keys are short where those of the sums are long.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterUsage {
    cluster_name: String,
    status: ClusterStatus,
    cpu_used: u64,
    cpu_capacity: u64,
    cpu_percent: u64,
    mem_used: u64,
    mem_capacity: u64,
    mem_percent: u64,
    stor_used: u64,
    stor_capacity: u64,
    stor_percent: u64,
    node_count: u32,
    pod_count: u32,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct TotalUsage {
    cpu_used: u64,
    cpu_capacity: u64,
    cpu_percent: u64,
    memory_used: u64,
    memory_capacity: u64,
    memory_percent: u64,
    storage_used: u64,
    storage_capacity: u64,
    storage_percent: u64,
    node_count: u32,
    pod_count: u32,
}

/// A row of the resource table: for now one for each cluster.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRow {
    name: String,
    namespace: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    cluster_name: String,
    status: ClusterStatus,
    restarts: u32,
}

impl ClusterUsage {
    fn of(record: ClusterRecord) -> Self {
        Self {
            cluster_name: record.name,
            status: record.status,
            cpu_used: 0,
            cpu_capacity: 0,
            cpu_percent: 0,
            mem_used: 0,
            mem_capacity: 0,
            mem_percent: 0,
            stor_used: 0,
            stor_capacity: 0,
            stor_percent: 0,
            node_count: record.metadata.node_count,
            pod_count: 0,
        }
    }
}

impl Clusters {
    /// The usage of all of the caller's clusters.
    pub async fn usage(&self, caller: &Caller) -> Result<Overview> {
        let clusters: Vec<ClusterUsage> =
            self.all(caller).await?.into_iter().map(ClusterUsage::of).collect();
        let totals = TotalUsage {
            node_count: clusters.iter().map(|it| it.node_count).sum(),
            ..TotalUsage::default()
        };
        Ok(Overview { clusters, totals })
    }

    /// The resource table, of one cluster if it is named.
    pub async fn resource_rows(
        &self,
        caller: &Caller,
        cluster: Option<&str>,
    ) -> Result<Vec<ResourceRow>> {
        let asked = |it: &ClusterRecord| cluster.is_none_or(|name| name == it.name);
        let row = |it: ClusterRecord| ResourceRow {
            name: it.display_name,
            namespace: "",
            kind: "cluster",
            cluster_name: it.name,
            status: it.status,
            restarts: 0,
        };
        Ok(self.all(caller).await?.into_iter().filter(asked).map(row).collect())
    }

    async fn all(&self, caller: &Caller) -> Result<Vec<ClusterRecord>> {
        let query = Query::new(Filter::Eq("user_id", caller.user.into()), MOST)
            .sorted("created_at", Direction::Descending);
        Ok(self.stored.find(&query).await?.into_iter().map(|it| it.value).collect())
    }
}
