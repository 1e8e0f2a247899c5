//! Photographs in S3-compatible storage: `--root s3://BUCKET/PREFIX` is fetched once into a folder of this machine and read there.
//!
//! What a manifest names is fetched before a verb begins, so a training never waits for a network, and a network that is down
//! is told at once. What lies there already, as long and as old as in the bucket, is not fetched again. Access is given as to
//! other programs: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`.
//!
//! Needs the feature `s3`. Not here: writing into a bucket, which this program never does.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::cli::Ui;

/// What a root in a bucket begins with.
const SCHEME: &str = "s3://";

/// Why photographs in a bucket are not at hand.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The program has no part that speaks to buckets.
    #[error("{root}: this program was built without it; build with --features s3")]
    NotBuiltIn {
        /// The root that was asked for.
        root: String,
    },
    /// No bucket is named.
    #[error("{root}: expected s3://BUCKET or s3://BUCKET/PREFIX")]
    Address {
        /// The root that was asked for.
        root: String,
    },
    /// There is no folder to keep them in.
    #[error("nowhere to keep photographs of a bucket: set OCELLUS_CACHE to a folder with room for them")]
    NoCache,
    /// The storage can't be reached, or refuses.
    #[error(
        "{root}: {what}; expected AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, elsewhere than at Amazon, \
         AWS_ENDPOINT_URL in the environment"
    )]
    Storage {
        /// The root that was asked for.
        root: String,
        /// What the storage or the network said.
        what: String,
    },
    /// A photograph can't be kept here.
    #[error("{}: cannot be kept: {source}; make room, or set OCELLUS_CACHE to another folder, then run this again", path.display())]
    Keep {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl BucketError {
    /// Whether it was asked for wrongly.
    pub fn is_usage(&self) -> bool {
        !matches!(self, BucketError::Storage { .. } | BucketError::Keep { .. })
    }
}

/// Which files of a bucket are wanted.
#[derive(Debug)]
pub enum Wanted<'a> {
    /// All below the prefix.
    All,
    /// These, by their names below the prefix.
    These(Vec<&'a str>),
}

impl<'a> Wanted<'a> {
    /// Those that rows of a manifest name.
    pub fn of_rows(rows: impl IntoIterator<Item = &'a crate::manifest::Row>) -> Self {
        Wanted::These(rows.into_iter().map(|row| row.file.as_str()).collect())
    }
}

/// The folder from which a root's photographs can be read: the root itself, or, for one in a bucket, a folder of this machine
/// into which they were fetched. A photograph that the bucket has not is warned of and missing there, as in any folder.
///
/// # Errors
/// [`BucketError`]; what was fetched before stays and is not fetched again.
pub fn at_hand(root: &Path, wanted: Wanted<'_>, ui: &Ui) -> Result<PathBuf, BucketError> {
    match root.to_str().filter(|root| root.starts_with(SCHEME)) {
        None => Ok(root.to_owned()),
        Some(root) => fetch(root, wanted, ui),
    }
}

#[cfg(not(feature = "s3"))]
fn fetch(root: &str, _: Wanted<'_>, _: &Ui) -> Result<PathBuf, BucketError> {
    Err(BucketError::NotBuiltIn { root: root.to_owned() })
}

#[cfg(feature = "s3")]
use fetching::fetch;

#[cfg(feature = "s3")]
mod fetching {
    use std::{
        collections::HashMap,
        env, fs,
        fs::File,
        path::{Component, Path, PathBuf},
        time::{Duration, SystemTime},
    };

    use futures_util::{StreamExt, TryStreamExt, stream};
    use object_store::{
        BackoffConfig, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig,
        aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey},
        path::Path as Key,
    };

    use super::{BucketError, SCHEME, Wanted};
    use crate::{cli::Ui, error::chain};

    /// Photographs that are fetched at the same time.
    const AT_ONCE: usize = 16;
    /// How long a request is tried again that fails in a way that may pass.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A bucket and what names in it begin with.
    #[derive(Debug, PartialEq, Eq)]
    struct Address<'a> {
        bucket: &'a str,
        /// Without slashes at its ends; empty for the whole bucket.
        prefix: &'a str,
    }

    impl<'a> Address<'a> {
        fn of(root: &'a str) -> Option<Self> {
            let rest = root.strip_prefix(SCHEME)?;
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            (!bucket.is_empty()).then(|| Address { bucket, prefix: prefix.trim_matches('/') })
        }
    }

    pub(super) fn fetch(root: &str, wanted: Wanted<'_>, ui: &Ui) -> Result<PathBuf, BucketError> {
        let address = Address::of(root).ok_or_else(|| BucketError::Address { root: root.to_owned() })?;
        let storage = |error: &(dyn std::error::Error + 'static)| BucketError::Storage {
            root: root.to_owned(),
            what: chain(error),
        };
        let cache = cache()?;
        // A second call finds it there already.
        let _there = rustls::crypto::ring::default_provider().install_default();
        let (store, endpoint) = open(&address).map_err(|error| storage(&error))?;
        let mirror = cache.join("s3").join(plain(&endpoint)).join(address.bucket).join(address.prefix);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| storage(&error))?;
        runtime.block_on(async {
            let listed = list(&store, &address).await.map_err(|error| storage(&error))?;
            let objects = chosen(&listed, &wanted, ui);
            let fetching = cache.join("s3").join(".fetching");
            make(&mirror)?;
            make(&fetching)?;
            let stale: Vec<_> = objects.into_iter().filter(|(name, meta)| !is_kept(&mirror.join(name), meta)).collect();
            let progress = ui.progress("fetching photographs", stale.len() as u64);
            let each = stream::iter(stale.into_iter().enumerate()).map(|(number, (name, meta))| {
                let (store, progress, path) = (&store, &progress, mirror.join(name));
                let part = fetching.join(format!("{}-{number}", std::process::id()));
                async move {
                    let found = store.get(&meta.location).await.map_err(|error| storage(&error))?;
                    let bytes = found.bytes().await.map_err(|error| storage(&error))?;
                    keep(&bytes, &part, &path, meta)?;
                    progress.inc(1);
                    Ok::<_, BucketError>(())
                }
            });
            each.buffer_unordered(AT_ONCE).try_collect::<()>().await
        })?;
        Ok(mirror)
    }

    /// Opens a bucket with what the environment says; tells the server as well.
    fn open(address: &Address<'_>) -> Result<(AmazonS3, String), object_store::Error> {
        let builder = AmazonS3Builder::from_env().with_bucket_name(address.bucket);
        let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint).unwrap_or_else(|| "amazon".to_owned());
        // Whoever names such a server wants it.
        let builder = builder.with_allow_http(endpoint.starts_with("http://"));
        let retry = RetryConfig { backoff: BackoffConfig::default(), max_retries: 6, retry_timeout: PATIENCE };
        Ok((builder.with_retry(retry).build()?, endpoint))
    }

    /// What lies below the prefix, by the names that manifests know it by.
    async fn list(store: &AmazonS3, address: &Address<'_>) -> Result<HashMap<String, ObjectMeta>, object_store::Error> {
        let prefix = Key::parse(address.prefix)?;
        let within = Some(&prefix).filter(|_| !address.prefix.is_empty());
        let named = store.list(within).map_ok(|meta| {
            let name = meta.location.as_ref();
            let name = name.strip_prefix(address.prefix).unwrap_or(name).trim_start_matches('/');
            (name.to_owned(), meta)
        });
        named.try_collect().await
    }

    /// The objects that are wanted. One that could lie elsewhere than below the folder is not.
    fn chosen<'a>(
        listed: &'a HashMap<String, ObjectMeta>,
        wanted: &Wanted<'_>,
        ui: &Ui,
    ) -> Vec<(&'a str, &'a ObjectMeta)> {
        let is_below = |name: &str| Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        let found = |(name, meta): (&'a String, &'a ObjectMeta)| is_below(name).then_some((name.as_str(), meta));
        match wanted {
            Wanted::All => listed.iter().filter_map(found).collect(),
            Wanted::These(names) => {
                let missing: Vec<_> = names.iter().filter(|&&name| !listed.contains_key(name)).collect();
                if let Some(first) = missing.first() {
                    ui.warn(format_args!("{} photographs are not in the bucket, the first is {first}", missing.len()));
                }
                let there = names.iter().filter_map(|&name| listed.get_key_value(name));
                let mut chosen: Vec<_> = there.filter_map(found).collect();
                // A manifest may name one photograph in several rows.
                chosen.sort_unstable_by_key(|(name, _)| *name);
                chosen.dedup_by_key(|(name, _)| *name);
                chosen
            }
        }
    }

    /// Whether the file is the object as it is now: as long, and stamped with its time.
    fn is_kept(path: &Path, meta: &ObjectMeta) -> bool {
        fs::metadata(path).is_ok_and(|file| {
            file.len() == meta.size && file.modified().is_ok_and(|modified| modified == changed(meta))
        })
    }

    fn changed(meta: &ObjectMeta) -> SystemTime {
        let seconds = u64::try_from(meta.last_modified.timestamp()).unwrap_or(0);
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// Writes a file that is there as a whole or not at all.
    fn keep(bytes: &[u8], part: &Path, path: &Path, meta: &ObjectMeta) -> Result<(), BucketError> {
        if let Some(folder) = path.parent() {
            make(folder)?;
        }
        let write = || {
            fs::write(part, bytes)?;
            File::options().write(true).open(part)?.set_modified(changed(meta))?;
            fs::rename(part, path)
        };
        write().map_err(|source| BucketError::Keep { path: path.to_owned(), source })
    }

    fn make(folder: &Path) -> Result<(), BucketError> {
        fs::create_dir_all(folder).map_err(|source| BucketError::Keep { path: folder.to_owned(), source })
    }

    /// Where this program keeps what can be had again.
    fn cache() -> Result<PathBuf, BucketError> {
        let folder = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        folder("OCELLUS_CACHE")
            .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("ocellus")))
            .or_else(|| folder("HOME").map(|home| home.join(".cache/ocellus")))
            .ok_or(BucketError::NoCache)
    }

    /// A server's address as the name of a folder.
    fn plain(endpoint: &str) -> String {
        let address = endpoint.split_once("://").map_or(endpoint, |(_, address)| address);
        address.chars().map(|c| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '_' }).collect()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_root_names_a_bucket_and_may_name_a_prefix() {
            let address = |bucket, prefix| Some(Address { bucket, prefix });
            assert_eq!(Address::of("s3://eyes"), address("eyes", ""));
            assert_eq!(Address::of("s3://eyes/"), address("eyes", ""));
            assert_eq!(Address::of("s3://eyes/2026/clinic a/"), address("eyes", "2026/clinic a"));
            assert_eq!(Address::of("s3:///eyes"), None);
            assert_eq!(plain("http://127.0.0.1:9000/x"), "127.0.0.1_9000_x");
        }
    }
}
