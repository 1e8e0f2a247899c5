//! The worklist: who is expected today, asked of the clinic's system.
//!
//! Not here: the service itself (`crate::interchange::dicom::net`), when it is asked and what is kept of it
//! (`crate::shell`).

use super::{archive, secure::Files, way::SetUpError};
use crate::{
    config::Config,
    interchange::dicom::net::{self, Check, NetError, Peer, Plan, Query},
    station::Expected,
    store::Stamp,
};

/// Who has the worklist, and what is asked for there.
#[derive(Debug)]
pub struct WorklistPeer {
    peer: Peer,
    query: Query,
}

impl WorklistPeer {
    /// As configured; none where nobody is asked.
    ///
    /// # Errors
    /// When certificates can't be used.
    pub fn of(config: &Config) -> Result<Option<Self>, SetUpError> {
        let dicom = &config.dicom;
        let listed = &dicom.worklist;
        if listed.host.is_empty() {
            return Ok(None);
        }
        let tls = Files::read(archive::NAME, &dicom.tls)?.map(|files| files.client()).transpose()?;
        let station = listed.this_device_only.then(|| dicom.calling_ae.clone());
        let peer = archive::peer(dicom, &listed.host, listed.port, &listed.called_ae, tls);
        Ok(Some(WorklistPeer { peer, query: Query { station, ..Query::default() } }))
    }

    /// Who is expected today in the system's time zone; on any day where the clock is not set.
    ///
    /// # Errors
    /// When the peer cannot be asked, does not want to be, or fails.
    pub fn fetch(&self) -> Result<Vec<Expected>, NetError> {
        let found = net::find(&self.peer, &self.today())?;
        if found.unusable > 0 {
            log::warn!("{} entries of the worklist can't be read, or have no patient's number", found.unusable);
        }
        if found.has_more {
            log::warn!("the worklist has more than {} entries: the others are not listed", self.query.entries_max);
        }
        Ok(found.entries)
    }

    /// Tries it out.
    pub(super) fn check(&self) -> Check {
        net::check(&self.peer, Plan { worklist: Some(&self.today()), ..Plan::default() })
    }

    fn today(&self) -> Query {
        let today = jiff::ZonedDateTime::now().date().to_string();
        let days = Stamp::now().clock_is_set.then(|| [today.clone(), today]);
        Query { days, ..self.query.clone() }
    }
}
