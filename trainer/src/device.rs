//! Where the arithmetic runs: the processor, or a graphics card when its backend was built in.
//!
//! The choice is made at run time by name: `flex` (pure Rust on the processor, always there), `wgpu` (any GPU through
//! WGSL, also Mesa's software device), `vulkan` (any GPU with a Vulkan driver), `cuda` or `cuda:N` (NVIDIA).

use std::{fmt, str::FromStr};

use burn::tensor::Device;

/// A device by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The processor.
    Flex,
    /// A GPU through WGSL.
    Wgpu,
    /// A GPU through SPIR-V.
    Vulkan,
    /// NVIDIA card number N.
    Cuda(usize),
}

/// Why a device can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// Not one of the names.
    #[error("unknown device {found:?}, expected flex, wgpu, vulkan, cuda or cuda:N")]
    Unknown {
        /// The name as found.
        found: String,
    },
    /// The backend is not in this binary.
    #[error(
        "device {choice} is not built in: build the trainer with `--features {feature}`, or use one of: {available}"
    )]
    NotBuilt {
        /// The device asked for.
        choice: DeviceChoice,
        /// The cargo feature that builds it.
        feature: &'static str,
        /// What is built in.
        available: String,
    },
}

impl DeviceChoice {
    /// The devices built into this binary, by name.
    pub fn available() -> Vec<&'static str> {
        let mut names = vec!["flex"];
        if cfg!(feature = "wgpu") {
            names.push("wgpu");
        }
        if cfg!(feature = "vulkan") {
            names.push("vulkan");
        }
        if cfg!(feature = "cuda") {
            names.push("cuda");
        }
        names
    }

    /// True where results are reproducible bit for bit on one machine.
    pub fn is_deterministic(self) -> bool {
        self == DeviceChoice::Flex
    }

    /// Opens the device.
    ///
    /// # Errors
    /// When the backend is not built in.
    pub fn open(self) -> Result<Device, DeviceError> {
        match self {
            DeviceChoice::Flex => Ok(Device::flex()),
            #[cfg(feature = "wgpu")]
            DeviceChoice::Wgpu => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(feature = "vulkan")]
            DeviceChoice::Vulkan => Ok(Device::vulkan(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(feature = "cuda")]
            DeviceChoice::Cuda(index) => Ok(Device::cuda(index)),
            #[cfg(not(feature = "wgpu"))]
            DeviceChoice::Wgpu => Err(self.not_built("wgpu")),
            #[cfg(not(feature = "vulkan"))]
            DeviceChoice::Vulkan => Err(self.not_built("vulkan")),
            #[cfg(not(feature = "cuda"))]
            DeviceChoice::Cuda(_) => Err(self.not_built("cuda")),
        }
    }

    #[cfg(not(all(feature = "wgpu", feature = "vulkan", feature = "cuda")))]
    fn not_built(self, feature: &'static str) -> DeviceError {
        DeviceError::NotBuilt { choice: self, feature, available: Self::available().join(", ") }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceChoice::Flex => f.write_str("flex"),
            DeviceChoice::Wgpu => f.write_str("wgpu"),
            DeviceChoice::Vulkan => f.write_str("vulkan"),
            DeviceChoice::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Unknown { found: text.to_owned() };
        match text {
            "flex" => Ok(DeviceChoice::Flex),
            "wgpu" => Ok(DeviceChoice::Wgpu),
            "vulkan" => Ok(DeviceChoice::Vulkan),
            "cuda" => Ok(DeviceChoice::Cuda(0)),
            other => match other.strip_prefix("cuda:") {
                Some(index) => index.parse().map(DeviceChoice::Cuda).map_err(|_| unknown()),
                None => Err(unknown()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for name in ["flex", "wgpu", "vulkan", "cuda:0", "cuda:3"] {
            assert_eq!(name.parse::<DeviceChoice>().unwrap().to_string(), name);
        }
        assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(0)));
    }

    #[test]
    fn an_unknown_device_lists_the_known_ones() {
        let error = "tpu".parse::<DeviceChoice>().unwrap_err().to_string();
        assert!(error.contains("\"tpu\"") && error.contains("flex") && error.contains("vulkan"), "{error}");
        assert!("cuda:x".parse::<DeviceChoice>().is_err());
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_that_is_not_built_in_names_its_feature() {
        let error = DeviceChoice::Cuda(0).open().unwrap_err().to_string();
        assert!(error.contains("--features cuda") && error.contains("flex"), "{error}");
    }
}
