//! Smooth random textures: gradient noise in the plane and in space.
//!
//! *Gradient noise* is zero at the corners of an integer lattice and smooth in between; each corner has a random
//! slope taken from a hash of its coordinates and the seed, so that no table is stored and any point can be asked
//! for. *Fractal* sums it over octaves.

/// One texture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise {
    seed: u32,
}

impl Noise {
    pub(super) fn new(seed: u32) -> Self {
        Self { seed }
    }

    /// The same kind of texture with other values.
    pub(super) fn variant(self, number: u32) -> Self {
        Self { seed: mix(self.seed ^ number.wrapping_mul(0x9E37_79B9)) }
    }

    /// Random bits of a lattice corner.
    pub(super) fn corner(self, x: i32, y: i32, z: i32) -> u32 {
        let mut h = self.seed ^ (x as u32).wrapping_mul(0x8DA6_B343);
        h = h.rotate_left(13) ^ (y as u32).wrapping_mul(0xD816_3841);
        h = h.rotate_left(13) ^ (z as u32).wrapping_mul(0xCB1A_B31F);
        mix(h)
    }

    /// Gradient noise in the plane, about -1..1 (usually within ±0.7).
    pub(super) fn plane(self, x: f32, y: f32) -> f32 {
        let (x0, y0) = (x.floor(), y.floor());
        let (fx, fy) = (x - x0, y - y0);
        let (ix, iy) = (x0 as i32, y0 as i32);
        let (u, v) = (fade(fx), fade(fy));
        let top = lerp(self.slope2(ix, iy, fx, fy), self.slope2(ix.wrapping_add(1), iy, fx - 1.0, fy), u);
        let bottom = lerp(
            self.slope2(ix, iy.wrapping_add(1), fx, fy - 1.0),
            self.slope2(ix.wrapping_add(1), iy.wrapping_add(1), fx - 1.0, fy - 1.0),
            u,
        );
        lerp(top, bottom, v)
    }

    /// Gradient noise in space, about -1..1.
    pub(super) fn space(self, x: f32, y: f32, z: f32) -> f32 {
        let (x0, y0, z0) = (x.floor(), y.floor(), z.floor());
        let (fx, fy, fz) = (x - x0, y - y0, z - z0);
        let (ix, iy, iz) = (x0 as i32, y0 as i32, z0 as i32);
        let (u, v, w) = (fade(fx), fade(fy), fade(fz));
        let mut layers = [0.0_f32; 2];
        for (k, layer) in layers.iter_mut().enumerate() {
            let (jz, gz) = (iz.wrapping_add(k as i32), fz - k as f32);
            let (jx, jy) = (ix.wrapping_add(1), iy.wrapping_add(1));
            let top = lerp(self.slope3(ix, iy, jz, fx, fy, gz), self.slope3(jx, iy, jz, fx - 1.0, fy, gz), u);
            let bottom =
                lerp(self.slope3(ix, jy, jz, fx, fy - 1.0, gz), self.slope3(jx, jy, jz, fx - 1.0, fy - 1.0, gz), u);
            *layer = lerp(top, bottom, v);
        }
        lerp(layers[0], layers[1], w)
    }

    /// Octaves of [`Noise::plane`], each of half the size and half the strength of the one before.
    pub(super) fn fractal(self, x: f32, y: f32, octaves: u32) -> f32 {
        let (mut sum, mut strength, mut frequency) = (0.0, 1.0, 1.0);
        for octave in 0..octaves {
            sum += strength * self.variant(octave).plane(x * frequency, y * frequency);
            strength *= 0.5;
            frequency *= 2.0;
        }
        sum
    }

    fn slope2(self, ix: i32, iy: i32, fx: f32, fy: f32) -> f32 {
        // Eight directions; the diagonal ones have the same length.
        const D: f32 = 0.707_106_77;
        let (gx, gy) = match self.corner(ix, iy, 0) & 7 {
            0 => (1.0, 0.0),
            1 => (-1.0, 0.0),
            2 => (0.0, 1.0),
            3 => (0.0, -1.0),
            4 => (D, D),
            5 => (-D, D),
            6 => (D, -D),
            _ => (-D, -D),
        };
        1.4 * (gx * fx + gy * fy)
    }

    fn slope3(self, ix: i32, iy: i32, iz: i32, fx: f32, fy: f32, fz: f32) -> f32 {
        // The directions to the middles of a cube's edges.
        match self.corner(ix, iy, iz) % 12 {
            0 => fx + fy,
            1 => fx - fy,
            2 => -fx + fy,
            3 => -fx - fy,
            4 => fx + fz,
            5 => fx - fz,
            6 => -fx + fz,
            7 => -fx - fz,
            8 => fy + fz,
            9 => fy - fz,
            10 => -fy + fz,
            _ => -fy - fz,
        }
    }
}

/// Scatters the bits of a word (an integer finaliser of the multiply and shift kind).
pub(super) fn mix(word: u32) -> u32 {
    let mut h = word;
    h ^= h >> 16;
    h = h.wrapping_mul(0x7FEB_352D);
    h ^= h >> 15;
    h = h.wrapping_mul(0x846C_A68B);
    h ^ (h >> 16)
}

fn fade(t: f32) -> f32 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_smooth_bounded_and_centred() {
        let noise = Noise::new(3);
        let (mut sum, mut largest, mut jump) = (0.0_f32, 0.0_f32, 0.0_f32);
        let mut last = noise.plane(-50.0, 0.3);
        for step in 0..10_000 {
            let value = noise.plane(-50.0 + step as f32 * 0.01, 0.3);
            sum += value;
            largest = largest.max(value.abs());
            jump = jump.max((value - last).abs());
            last = value;
        }
        assert!(largest < 1.1 && largest > 0.3, "largest {largest}");
        assert!((sum / 10_000.0).abs() < 0.1, "mean {}", sum / 10_000.0);
        assert!(jump < 0.05, "jump {jump}");
    }

    #[test]
    fn variants_are_unlike_each_other() {
        let noise = Noise::new(3);
        assert_ne!(noise.plane(0.4, 0.7).to_bits(), noise.variant(1).plane(0.4, 0.7).to_bits());
        assert_ne!(noise.space(0.4, 0.7, 0.1).to_bits(), noise.variant(1).space(0.4, 0.7, 0.1).to_bits());
    }
}
