// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where buffers come from: what is proposed upstream, and which pool of downstream's is taken.

use super::imp::{CAT, RirnDeblur};
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_video::{VideoInfo, VideoMeta};
use std::sync::atomic::Ordering;

impl RirnDeblur {
    /// Tells upstream that strides of its own are welcome, and how many buffers are held back.
    pub(super) fn propose(&self, query: &mut gst::query::Allocation) {
        query.add_allocation_meta::<VideoMeta>(None);
        let held = self.with_running(|running| running.delay()).unwrap_or(0);
        let (Some(caps), _) = query.get_owned() else {
            return;
        };
        if let (1.., Ok(info)) = (held, VideoInfo::from_caps(&caps)) {
            let size = u32::try_from(info.size()).unwrap_or(u32::MAX);
            query.add_allocation_pool(None::<&gst::BufferPool>, size, held.saturating_add(1), 0);
        }
    }

    /// Makes output buffers come from a pool that knows GstVideoMeta: downstream's if it offers one.
    pub(super) fn decide(&self, query: &mut gst::query::Allocation) -> Result<(), glib::BoolError> {
        // The base class takes metas out of the query that it does not know itself.
        let strides_below = query.find_allocation_meta::<VideoMeta>().is_some();
        self.strides_below.store(strides_below, Ordering::Relaxed);
        let (Some(caps), _) = query.get_owned() else {
            return Err(glib::bool_error!("allocation query without caps"));
        };
        let info = VideoInfo::from_caps(&caps)?;
        let own_size = u32::try_from(info.size()).unwrap_or(u32::MAX);
        let offered = query.allocation_pools().next();
        let is_offered = offered.is_some();
        let (pool, size, min, max) = offered.unwrap_or((None, own_size, 0, 0));
        let pool = pool.unwrap_or_else(|| gst_video::VideoBufferPool::new().upcast());
        let size = size.max(own_size);
        let mut config = pool.config();
        config.set_params(Some(&caps), size, min, max);
        config.add_option(gst_video::BUFFER_POOL_OPTION_VIDEO_META.as_str());
        if let Err(error) = pool.set_config(config) {
            // It is in use, or has changed what it was asked for: the base class asks again, and
            // makes a pool of its own where that does not help.
            gst::debug!(CAT, imp = self, "Downstream's pool: {error}");
        }
        if is_offered {
            query.set_nth_allocation_pool(0, Some(&pool), size, min, max);
        } else {
            query.add_allocation_pool(Some(&pool), size, min, max);
        }
        Ok(())
    }
}
