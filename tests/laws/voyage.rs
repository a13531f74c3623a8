//! Where a ship is at any time: calls, passages, anchor watches, excursions of about 20 nm.

use sim::random::Random;

/// A minute in milliseconds.
pub const MINUTE: i64 = 60_000;
/// An hour in milliseconds.
pub const HOUR: i64 = 60 * MINUTE;

/// A place in the plane of the world, kilometres.
pub type Place = (f64, f64);

/// The way of one ship.
#[derive(Debug)]
pub struct Voyage {
    knots: Vec<(i64, Place)>,
    /// When it came to or left somewhere.
    pub turns: Vec<i64>,
}

impl Voyage {
    /// A way from `start` to `end`.
    pub fn random(random: &mut Random, berths: &[Place], (start, end): (i64, i64)) -> Voyage {
        let begin = if random.below(2) == 0 { *random.pick(berths) } else { at_sea(random) };
        let mut voyage = Voyage { knots: vec![(start, begin)], turns: Vec::new() };
        while voyage.now() < end {
            let here = voyage.here();
            match random.below(10) {
                0..=4 => {
                    let berth = *random.pick(berths);
                    let spot = (berth.0 + random.between(-0.5, 0.5), berth.1 + random.between(-0.5, 0.5));
                    voyage.sail(random, spot);
                    voyage.stay(random);
                }
                5 => {
                    let spot = at_sea(random);
                    voyage.sail(random, spot);
                }
                6 => {
                    let berth = *random.pick(berths);
                    voyage.sail(random, berth);
                    voyage.sail(random, (here.0 - berth.0 + 3.0, here.1 - berth.1 - 3.0));
                }
                7 | 8 => {
                    let angle = random.between(0.0, std::f64::consts::TAU);
                    let reach = random.between(36.7, 38.5);
                    voyage.sail(random, (here.0 + reach * angle.cos(), here.1 + reach * angle.sin()));
                    voyage.sail(random, here);
                    voyage.stay(random);
                }
                _ => voyage.stay(random),
            }
        }
        voyage
    }

    /// Where it is at `t`, and how fast, in knots.
    pub fn at(&self, t: i64) -> (Place, f64) {
        let after = self.knots.partition_point(|(knot, _)| *knot <= t).clamp(1, self.knots.len() - 1);
        let ((from_t, from), (to_t, to)) = (self.knots[after - 1], self.knots[after]);
        let share = ((t - from_t) as f64 / (to_t - from_t) as f64).clamp(0.0, 1.0);
        let km = (to.0 - from.0).hypot(to.1 - from.1);
        let speed_kn = km / 1.852 / ((to_t - from_t) as f64 / HOUR as f64);
        ((from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1)), speed_kn)
    }

    fn now(&self) -> i64 {
        self.knots[self.knots.len() - 1].0
    }

    fn here(&self) -> Place {
        self.knots[self.knots.len() - 1].1
    }

    fn go(&mut self, to: Place, speed_kn: f64) {
        let here = self.here();
        let hours = (to.0 - here.0).hypot(to.1 - here.1) / 1.852 / speed_kn;
        self.knots.push((self.now() + ((hours * HOUR as f64) as i64).max(1_000), to));
    }

    fn sail(&mut self, random: &mut Random, to: Place) {
        let speed_kn = random.between(7.0, 22.0);
        self.turns.push(self.now());
        self.go(to, speed_kn);
        self.turns.push(self.now());
    }

    /// At a berth, swinging at anchor, or shifting berth.
    fn stay(&mut self, random: &mut Random) {
        let until = self.now() + *random.pick(&[10, 20, 60, 180, 480, 900]) * MINUTE;
        let spot = self.here();
        let kind = random.below(4);
        while self.now() < until {
            match kind {
                0 | 1 => self.knots.push((until, spot)),
                // Slowly around the limits of 300 and 500 m, then at rest there for a while.
                2 => {
                    let (off, angle) =
                        (*random.pick(&[0.295, 0.495, 0.505]), random.between(0.0, std::f64::consts::TAU));
                    let to = (spot.0 + off * angle.cos(), spot.1 + off * angle.sin());
                    self.go(to, 0.4);
                    for _ in 0..6 {
                        self.go(
                            (to.0 + random.between(-0.008, 0.008), to.1 + random.between(-0.008, 0.008)),
                            0.1,
                        );
                    }
                }
                _ => {
                    self.knots.push((self.now() + 25 * MINUTE, self.here()));
                    let to = (spot.0 + random.between(-1.2, 1.2), spot.1 + random.between(-1.2, 1.2));
                    self.go(to, random.between(0.8, 3.0));
                }
            }
        }
    }
}

fn at_sea(random: &mut Random) -> Place {
    (random.between(-90.0, 90.0), random.between(-90.0, 90.0))
}
