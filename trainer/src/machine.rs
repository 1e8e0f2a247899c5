//! What computer this is, as people name it: for `check`, and for a run's own record of where it was trained.

use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, System};

/// A computer. What the system does not tell is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Its name in the network.
    pub host: Option<String>,
    /// Operating system with its version, as in "Linux (Debian GNU/Linux 13)".
    pub system: Option<String>,
    /// The kernel's version.
    pub kernel: Option<String>,
    /// Instruction set, as in "x86_64".
    pub architecture: String,
    /// The processor's brand.
    pub processor: Option<String>,
    /// Cores that this process may use.
    pub cores: usize,
    /// Memory in bytes.
    pub memory: u64,
}

impl Machine {
    /// The one this runs on.
    pub fn here() -> Self {
        let mut system = System::new();
        system.refresh_memory();
        system.refresh_cpu_list(CpuRefreshKind::nothing());
        let brand = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
        Machine {
            host: System::host_name(),
            system: System::long_os_version(),
            kernel: System::kernel_version(),
            architecture: System::cpu_arch(),
            processor: brand.filter(|brand| !brand.is_empty()),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory: system.total_memory(),
        }
    }
}
