//! The place of the serial protocol shared by host, simulator and firmware. Nothing is in it yet.
#![no_std]
