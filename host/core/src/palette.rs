//! The palette: what people can put on a canvas, and which plugins they have
//! asked for.
//!
//! The twelve types the web frontend draws itself are everybody's. All others
//! are offered in the form the frontend has for plugins, one plugin for each
//! catalogue entry and for each other package with node types.

mod choices;
mod entry;
mod form;
mod offer;

use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;

use crate::{
    Error, Result, access::Caller, custom_kinds::KeptKinds, node_types::NodeTypes,
    search::PluginHit, store::Documents,
};
pub use choices::USER_PLUGINS;
use choices::{Choice, Choices};
pub(crate) use form::typed;
use offer::{Offer, Offered, entry_json};

/// For whom plugins are that do not say it themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// For everybody who does not turn them off.
    Everybody,
    /// For those who turn them on.
    OnRequest,
}

/// Lists what can be put on a canvas.
#[derive(Clone)]
pub struct Palette {
    node_types: Arc<dyn NodeTypes>,
    choices: Choices,
    custom: KeptKinds,
    audience: Audience,
    latest: Arc<RwLock<Option<Arc<Offer>>>>,
}

/// What one caller has chosen.
struct Mine(choices::Mine, Audience);

impl Mine {
    fn has(&self, plugin: &Offered) -> bool {
        let by_default = self.1 == Audience::Everybody && !plugin.opt_in;
        self.0.get(&plugin.id).map_or(by_default, Choice::is_enabled)
    }

    /// The plugin's JSON with what it is to the caller.
    fn listed(&self, plugin: &Offered) -> String {
        let mut json = plugin.json.strip_suffix('}').unwrap_or_default().to_owned();
        json.push_str(&format!(r#","enabled":{}"#, self.has(plugin)));
        if let Some(at) = self.0.get(&plugin.id).and_then(Choice::enabled_at) {
            json.push_str(&format!(r#","enabledAt":"{at}""#));
        }
        json.push('}');
        json
    }
}

impl Palette {
    /// The palette of these node types and of what people keep of custom kinds;
    /// choices are kept in `store`.
    pub fn new(
        node_types: Arc<dyn NodeTypes>,
        store: &Arc<dyn Documents>,
        custom: KeptKinds,
        audience: Audience,
    ) -> Self {
        let choices = Choices::new(store);
        Self { node_types, choices, custom, audience, latest: Arc::default() }
    }

    /// What the caller can draw, a JSON list: what the frontend draws itself, by
    /// name, then the types of the caller's plugins, then those the caller made of
    /// custom kinds.
    pub async fn entries(&self, caller: &Caller) -> Result<String> {
        let (offer, mine) = (self.offer(), self.mine(caller).await?);
        let chosen = offer.plugins.iter().filter(|it| mine.has(it));
        let catalogue = self.node_types.catalogue();
        let own = self.custom.types_of(caller.user, &*catalogue).await?;
        let own: Vec<String> = own.iter().map(entry_json).collect();
        let listed = offer.native.iter().chain(chosen.flat_map(|it| &it.entries));
        Ok(list(listed.chain(&own)))
    }

    /// All plugins with what they are to the caller, a JSON list in byte order of
    /// their titles.
    pub async fn plugins(&self, caller: &Caller) -> Result<String> {
        let (offer, mine) = (self.offer(), self.mine(caller).await?);
        Ok(list(offer.plugins.iter().map(|it| mine.listed(it))))
    }

    /// The caller's plugins, a JSON list in byte order of their titles.
    pub async fn enabled(&self, caller: &Caller) -> Result<String> {
        let (offer, mine) = (self.offer(), self.mine(caller).await?);
        Ok(list(offer.plugins.iter().filter(|it| mine.has(it)).map(|it| &it.json)))
    }

    /// The categories plugins are of, each once.
    pub fn categories(&self) -> Vec<String> {
        self.offer().categories()
    }

    /// One plugin, a JSON object, and whether it is the caller's.
    pub async fn plugin(&self, caller: &Caller, id: &str) -> Result<(String, bool)> {
        let (offer, mine) = (self.offer(), self.mine(caller).await?);
        let found = offer.find(id).ok_or_else(|| Error::not_found("plugin", id))?;
        Ok((found.json.clone(), mine.has(found)))
    }

    /// Puts a plugin's types into the caller's palette, or takes them out. Nodes
    /// that are drawn already are run either way.
    pub async fn turn(&self, caller: &Caller, id: &str, on: bool) -> Result<()> {
        self.offer().find(id).ok_or_else(|| Error::not_found("plugin", id))?;
        self.choices.turn(caller.user, id, on).await
    }

    /// The first plugins, by id, whose words contain a folded text.
    pub(crate) fn search(&self, text: &str, most: usize) -> Vec<PluginHit> {
        self.offer().search(text, most)
    }

    async fn mine(&self, caller: &Caller) -> Result<Mine> {
        Ok(Mine(self.choices.of(caller.user).await?, self.audience))
    }

    /// What the present catalogue has to offer.
    fn offer(&self) -> Arc<Offer> {
        let catalogue = self.node_types.catalogue();
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(offer) = latest.filter(|it| it.edition == catalogue.edition()) {
            return offer;
        }
        let offer = Arc::new(Offer::of(&*catalogue));
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        *latest = Some(Arc::clone(&offer));
        offer
    }
}

/// Joins JSON texts to a list.
fn list<T: AsRef<str>>(items: impl Iterator<Item = T>) -> String {
    let mut text = String::from("[");
    for it in items {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(it.as_ref());
    }
    text.push(']');
    text
}
