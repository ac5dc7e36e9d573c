//! A node without threads or cameras, moved by hand: for demonstrations and tests by virtual time. It enrols, speaks
//! HTTPS, keeps its list and judges like any other. Must not do anything a running node does not.

use std::sync::Arc;

use tapal_domain::{id::EntryId, screening::Judgement};
use tapal_vision::Pack;

use super::{EdgeError, EdgeOptions, Node, assemble};
use crate::{
    centre::Signed,
    clock::Clock,
    identity::{self, Identity},
    reckoning::Reckoning,
    worker::lock,
};

/// The node.
pub struct ByHand {
    node: Arc<Node>,
    talked: u64,
}

impl ByHand {
    /// Opens the node's folder, enrolling it when needed.
    pub fn start(
        options: EdgeOptions,
        clock: Arc<dyn Clock>,
        pack: &Pack,
    ) -> Result<Self, EdgeError> {
        super::options::make_folder(&options.data)?;
        let https = options.client()?;
        let own = Identity::open(&options.data, &https, options.token.as_deref())?;
        let (owner, centre_key) = ((own.site, own.edge), own.centre_key);
        let sealer = identity::sealer(&options.data)?;
        let reckoning = Arc::new(Reckoning::open(&options.data, sealer, owner, clock));
        let centre = Box::new(Signed {
            https,
            edge: own.edge,
            key: own.key,
            clock: reckoning.clone(),
        });
        let (edge, name) = ((owner, centre_key), "by hand".to_owned());
        let node = assemble(options, reckoning, pack, name, edge, centre)?;
        Ok(ByHand {
            node: Arc::new(node),
            talked: 0,
        })
    }

    /// One exchange with the centre, as a running node has every second. Says why it failed.
    pub fn talk(&mut self) -> Result<(), String> {
        self.talked += 1;
        let talked = self.node.exchange(self.talked);
        talked.map_err(|error| error.to_string())
    }

    /// One look of the keeper, as a running node has four times a second. Why nothing may be searched, if so.
    pub fn keep(&self) -> Option<String> {
        self.node.keep_once();
        lock(&self.node.refused).clone()
    }

    /// Entries held.
    pub fn holds(&self) -> usize {
        self.node.gallery.len()
    }

    /// For whom somebody with this template would raise an alert now.
    pub fn matches(&self, template: &[f32]) -> Vec<EntryId> {
        let Some(lists) = self.node.room.lists() else {
            return Vec::new();
        };
        let (model_id, clock) = (self.node.gallery.model_id(), self.node.clock.as_ref());
        let judged = lists.judged(model_id, &[template], clock);
        let raised = judged
            .unwrap_or_default()
            .into_iter()
            .flat_map(|one| match one.judgement {
                Judgement::Unknown => Vec::new(),
                Judgement::Raise { best, others, .. } => {
                    [best].into_iter().chain(others).map(|c| c.entry).collect()
                }
            });
        raised.collect()
    }
}
