//! The cells of H3 at resolution 5 as points of twenty flat lattices.
//!
//! H3 projects the sphere onto the faces of an icosahedron from its centre (gnomonic projection) and lays a lattice
//! of hexagons on each face. Two things follow that the index of a cell hides and that sea distance lives on: within
//! a face a great circle is a straight line, and the neighbours of a cell are at fixed steps. Across an edge the
//! lattices of two faces fit when both are folded flat. A [`Place`] is such a lattice point; that places and H3 agree
//! is held by tests. Constants are those of H3's `faceijk.c`.
//!
//! This file stands for itself, without the rest of the crate, as `xtask` makes the mask of water with it.

/// A point of the unit sphere: x to 0° N 0° E, y to 0° N 90° E, z to the north pole.
pub type Vector = [f64; 3];

/// Faces of the icosahedron.
pub const FACES: usize = 20;

/// Lattice coordinates of a face and of the cells just beyond its edges are within ± this.
const REACH: i32 = 304;

/// Slots of a row of a face.
const WIDTH: i32 = 2 * REACH;

/// Slots of all faces; most lie beyond the edges of their face and are never a cell's own.
pub const SLOTS: usize = FACES * (WIDTH * WIDTH) as usize;

/// How far apart the rows of a lattice are.
const SIN_60: f64 = 0.866_025_403_784_438_6;

/// Steps to the six neighbours of a lattice point, counter-clockwise.
pub const STEPS: [(i32, i32); 6] = [(1, 0), (0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1)];

/// Gnomonic radius of one unit of resolution 0.
const RESOLUTION_0_UNIT: f64 = 0.381_966_011_250_105;

/// √7⁵, how much finer resolution 5 is than resolution 0.
const FINENESS: f64 = 129.641_814_242_164_94;

/// Lattices of odd resolutions are turned against the face by this, radians.
const TURN: f64 = 0.333_473_172_251_832_1;

/// Centres of the faces, and the azimuth there of vertex 0, radians.
const CENTRES: [(Vector, f64); FACES] = [
    ([0.219_930_779_140_460_6, 0.658_369_178_027_499_6, 0.719_847_537_892_618_2], 5.619_958_268_523_939_5),
    ([-0.213_923_483_450_142_1, 0.147_817_182_955_070_3, 0.965_601_793_521_420_5], 5.760_339_081_714_187_5),
    ([0.109_262_527_878_479_7, -0.481_195_157_287_321, 0.869_777_512_128_725_3], 0.780_213_654_393_43),
    ([0.742_856_730_158_679_1, -0.359_394_167_827_802_8, 0.564_800_593_651_703_3], 0.430_469_363_979_999_9),
    ([0.811_253_470_914_096_9, 0.344_895_323_763_938_4, 0.472_138_773_641_393], 6.130_269_123_335_111),
    ([-0.105_549_814_961_392_1, 0.979_445_729_641_141_3, 0.171_887_461_000_936_5], 2.692_877_706_530_643),
    ([-0.807_540_757_997_009_2, 0.153_355_248_589_881_8, 0.569_526_199_488_268_8], 2.982_963_003_477_244),
    ([-0.284_614_806_978_790_7, -0.864_408_097_265_420_6, 0.414_479_255_247_353_9], 3.532_912_002_790_141),
    ([0.740_562_147_385_448_2, -0.667_329_956_456_552_4, -0.078_983_764_632_673_7], 3.494_305_004_259_568),
    ([0.851_230_398_647_429_3, 0.472_234_378_858_268_1, -0.228_913_738_868_780_8], 3.003_214_169_499_538_2),
    ([-0.740_562_147_385_448_1, 0.667_329_956_456_552_4, 0.078_983_764_632_673_7], 5.930_472_956_509_812),
    ([-0.851_230_398_647_429_2, -0.472_234_378_858_268_2, 0.228_913_738_868_780_8], 0.138_378_484_090_254_86),
    ([0.105_549_814_961_391_9, -0.979_445_729_641_141_3, -0.171_887_461_000_936_5], 0.448_714_947_059_150_4),
    ([0.807_540_757_997_009_2, -0.153_355_248_589_881_9, -0.569_526_199_488_268_8], 0.158_629_650_112_549_37),
    ([0.284_614_806_978_790_8, 0.864_408_097_265_420_4, -0.414_479_255_247_353_9], 5.891_865_957_979_238),
    ([-0.742_856_730_158_679_1, 0.359_394_167_827_802_7, -0.564_800_593_651_703_3], 2.711_123_289_609_793),
    ([-0.811_253_470_914_097, -0.344_895_323_763_938_2, -0.472_138_773_641_393], 3.294_508_837_434_268),
    ([-0.219_930_779_140_460_7, -0.658_369_178_027_499_6, -0.719_847_537_892_618_2], 3.804_819_692_245_44),
    ([0.213_923_483_450_142, -0.147_817_182_955_070_4, -0.965_601_793_521_420_5], 3.664_438_879_055_192_3),
    ([-0.109_262_527_878_479_6, 0.481_195_157_287_321, -0.869_777_512_128_725_3], 2.361_378_999_196_363),
];

/// A lattice point of a face. Each cell has one place that is its own, on the face that holds its centre; the slots
/// just beyond the edges of a face stand for cells of other faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the face.
    pub face: usize,
    /// Steps in the direction of x.
    pub a: i32,
    /// Steps in the direction 60° counter-clockwise of x.
    pub b: i32,
}

impl Place {
    /// The number of its slot, below [`SLOTS`].
    pub fn slot(self) -> u32 {
        ((self.face as i32 * WIDTH + self.b + REACH) * WIDTH + self.a + REACH) as u32
    }

    /// The place with that number.
    pub fn of_slot(slot: u32) -> Place {
        let (row, a) = (slot as i32 / WIDTH, slot as i32 % WIDTH - REACH);
        Place { face: (row / WIDTH) as usize, a, b: row % WIDTH - REACH }
    }

    /// The place one step away, on the same face.
    pub fn step(self, direction: usize) -> Place {
        let (a, b) = STEPS[direction];
        Place { face: self.face, a: self.a + a, b: self.b + b }
    }

    /// Its position in the plane of the face.
    pub fn plane(self) -> [f64; 2] {
        let (a, b) = (f64::from(self.a), f64::from(self.b));
        [a + b / 2.0, b * SIN_60]
    }
}

/// Tiles of 16 × 16 slots.
pub const TILES: usize = SLOTS / 256;

/// The tile that holds a slot, and the slot's number within it.
pub fn tile(slot: u32) -> (usize, usize) {
    let (row, column) = (slot as usize / WIDTH as usize, slot as usize % WIDTH as usize);
    ((row / 16) * (WIDTH as usize / 16) + column / 16, (row % 16) * 16 + column % 16)
}

/// The direction, of the two between which a way in the plane leads, that comes first counter-clockwise.
pub fn sector([x, y]: [f64; 2]) -> usize {
    let b = y / SIN_60;
    let a = x - b / 2.0;
    match (a >= 0.0, b >= 0.0, a + b >= 0.0) {
        (true, true, _) => 0,
        (false, true, true) => 1,
        (false, true, false) => 2,
        (false, false, _) => 3,
        (true, false, false) => 4,
        (true, false, true) => 5,
    }
}

/// By how much slots differ from that of a cell to those of its neighbours.
pub fn slot_step(direction: usize) -> i32 {
    let (a, b) = STEPS[direction];
    b * WIDTH + a
}

/// The lattice point whose hexagon holds a point of the plane.
pub fn round([x, y]: [f64; 2]) -> (i32, i32) {
    let b = y / SIN_60;
    nearest(x - b / 2.0, b)
}

/// The same by its coordinates along the axes of the lattice.
pub fn nearest(a: f64, b: f64) -> (i32, i32) {
    let c = -a - b;
    let (whole_a, whole_b, whole_c) = (libm::round(a), libm::round(b), libm::round(c));
    let (off_a, off_b, off_c) = (libm::fabs(whole_a - a), libm::fabs(whole_b - b), libm::fabs(whole_c - c));
    // The three must add up to nothing: the one that was rounded most follows from the others.
    if off_a > off_b && off_a > off_c {
        ((-whole_b - whole_c) as i32, whole_b as i32)
    } else if off_b > off_c {
        (whole_a as i32, (-whole_a - whole_c) as i32)
    } else {
        (whole_a as i32, whole_b as i32)
    }
}

/// One face, ready to project.
#[derive(Clone, Copy, Debug)]
struct Face {
    centre: Vector,
    /// Where x and y of the plane point, scaled so that one lattice step has the length 1.
    x: Vector,
    y: Vector,
    /// The faces across edges 0 → 1, 1 → 2 and 2 → 0.
    across: [Across; 3],
    /// For each vertex the face to whose cells it belongs, and the number that it has there.
    vertex_of: [(usize, usize); 3],
}

/// How the lattice goes on beyond an edge: turn about the vertex where the edge begins, then shift.
#[derive(Clone, Copy, Debug, Default)]
struct Across {
    face: usize,
    /// The number that the edge has there.
    edge: usize,
    /// Turns of 60° counter-clockwise.
    turns: u32,
}

/// The twenty faces and how they hang together.
#[derive(Clone, Debug)]
pub struct Lattice {
    faces: [Face; FACES],
    /// The vertices of a face as lattice points, the same for all, counter-clockwise.
    vertices: [(i32, i32); 3],
    /// How far a point is inside each edge, as factors of x, y and 1.
    insides: [[f64; 3]; 3],
}

impl Default for Lattice {
    fn default() -> Self {
        Lattice::new()
    }
}

impl Lattice {
    /// Sets up the faces.
    pub fn new() -> Lattice {
        let vertices = [0.0, 1.0, 2.0].map(|third| {
            let (sin, cos) = libm::sincos(third * 2.0 * core::f64::consts::FRAC_PI_3 - TURN);
            round([2.0 * FINENESS * cos, 2.0 * FINENESS * sin])
        });
        let faces = CENTRES.map(|(centre, azimuth)| Face::new(centre, azimuth));
        let mut lattice = Lattice { faces, vertices, insides: insides(vertices) };
        let corners: [[Vector; 3]; FACES] =
            core::array::from_fn(|face| vertices.map(|(a, b)| lattice.centre(Place { face, a, b })));
        for face in 0..FACES {
            for edge in 0..3 {
                lattice.faces[face].across[edge] = find_across(&corners, &vertices, face, edge);
                lattice.faces[face].vertex_of[edge] = find_owner(&corners, corners[face][edge]);
            }
        }
        lattice
    }

    /// The face whose centre is nearest.
    pub fn face_of(&self, point: Vector) -> usize {
        let mut best = (0, -2.0);
        for (number, face) in self.faces.iter().enumerate() {
            let nearness = dot(face.centre, point);
            if nearness > best.1 {
                best = (number, nearness);
            }
        }
        best.0
    }

    /// The cell that holds a point.
    pub fn locate(&self, point: Vector) -> Place {
        let face = self.face_of(point);
        let (a, b) = round(self.project(face, point));
        self.own(Place { face, a, b })
    }

    /// A point in the plane of a face; it must lie within 90° of the centre of the face.
    pub fn project(&self, face: usize, point: Vector) -> [f64; 2] {
        let Face { centre, x, y, .. } = &self.faces[face];
        let depth = dot(*centre, point);
        [dot(*x, point) / depth, dot(*y, point) / depth]
    }

    /// A point in the plane of a face, unless it is about 80° or more from the centre of the face.
    pub fn project_near(&self, face: usize, point: Vector) -> Option<[f64; 2]> {
        const MIN_DEPTH: f64 = 0.17;
        (dot(self.faces[face].centre, point) > MIN_DEPTH).then(|| self.project(face, point))
    }

    /// The point of the sphere behind a point of the plane of a face.
    pub fn lift(&self, face: usize, [x, y]: [f64; 2]) -> Vector {
        let face = &self.faces[face];
        let scale = 1.0 / dot(face.x, face.x);
        normal(core::array::from_fn(|i| face.centre[i] + (x * face.x[i] + y * face.y[i]) * scale))
    }

    /// The centre of a cell.
    pub fn centre(&self, place: Place) -> Vector {
        self.lift(place.face, place.plane())
    }

    /// The place that is the cell's own, for one that may lie just beyond an edge of its face.
    pub fn own(&self, mut place: Place) -> Place {
        loop {
            if let Some(vertex) = self.vertices.iter().position(|vertex| *vertex == (place.a, place.b)) {
                let (face, vertex) = self.faces[place.face].vertex_of[vertex];
                let (a, b) = self.vertices[vertex];
                return Place { face, a, b };
            }
            let depths: [i64; 3] = core::array::from_fn(|edge| self.depth(edge, place));
            let (edge, depth) = if depths[0] <= depths[1] && depths[0] <= depths[2] {
                (0, depths[0])
            } else if depths[1] <= depths[2] {
                (1, depths[1])
            } else {
                (2, depths[2])
            };
            // A cell on an edge belongs to the face with the lower number.
            if depth > 0 || (depth == 0 && self.faces[place.face].across[edge].face > place.face) {
                return place;
            }
            place = self.unfold(place, edge);
        }
    }

    /// The face across an edge, and the number of the edge there.
    pub fn across(&self, face: usize, edge: usize) -> (usize, usize) {
        let across = &self.faces[face].across[edge];
        (across.face, across.edge)
    }

    /// How far a point of the plane is inside an edge of its face; negative beyond it.
    pub fn inside(&self, edge: usize, [x, y]: [f64; 2]) -> f64 {
        let [by_x, by_y, constant] = self.insides[edge];
        by_x * x + by_y * y + constant
    }

    /// The centre of a face, and the vectors that a point has as much of as it has coordinates, if it is as deep as the centre.
    pub fn axes(&self, face: usize) -> (Vector, Vector, Vector) {
        let Face { centre, x, y, .. } = self.faces[face];
        let b = y.map(|part| part / SIN_60);
        (centre, core::array::from_fn(|i| x[i] - b[i] / 2.0), b)
    }

    /// The cells of a row of a face that are at their own places, as a range of slots.
    pub fn row(&self, face: usize, b: i32) -> core::ops::Range<u32> {
        let is_own = |a: i32| {
            let place = Place { face, a, b };
            self.own(place) == place
        };
        let (low, high) = self.span(b);
        let first = (low..=high).find(|a| is_own(*a));
        let last = (low..=high).rev().find(|a| is_own(*a));
        match (first, last) {
            (Some(first), Some(last)) => {
                Place { face, a: first, b }.slot()..Place { face, a: last, b }.slot() + 1
            }
            (None, _) | (_, None) => 0..0,
        }
    }

    /// Rows of a face.
    pub fn rows() -> core::ops::Range<i32> {
        -REACH + 1..REACH - 1
    }

    /// The part of a row that lies within the triangle of a face, its edges included.
    fn span(&self, b: i32) -> (i32, i32) {
        let (mut low, mut high) = (-REACH + 1, REACH - 2);
        for edge in 0..3 {
            let at_zero = self.depth(edge, Place { face: 0, a: 0, b });
            let slope = self.depth(edge, Place { face: 0, a: 1, b }) - at_zero;
            // at_zero + slope · a ≥ 0
            if slope > 0 {
                low = low.max((-at_zero.div_euclid(slope)) as i32);
            } else {
                high = high.min((at_zero.div_euclid(-slope)) as i32);
            }
        }
        (low, high)
    }

    /// How far a place is inside an edge, in units of that edge's own; exact.
    fn depth(&self, edge: usize, place: Place) -> i64 {
        let (from, to) = (self.vertices[edge], self.vertices[(edge + 1) % 3]);
        let along = (i64::from(to.0 - from.0), i64::from(to.1 - from.1));
        along.0 * i64::from(place.b - from.1) - along.1 * i64::from(place.a - from.0)
    }

    fn unfold(&self, place: Place, edge: usize) -> Place {
        let across = self.faces[place.face].across[edge];
        let from = self.vertices[edge];
        let to = self.vertices[(across.edge + 1) % 3];
        let (a, b) = turn((place.a - from.0, place.b - from.1), across.turns);
        Place { face: across.face, a: a + to.0, b: b + to.1 }
    }
}

impl Face {
    fn new(centre: Vector, azimuth: f64) -> Face {
        let north = normal([-centre[2] * centre[0], -centre[2] * centre[1], 1.0 - centre[2] * centre[2]]);
        let east = cross(north, centre);
        let scale = FINENESS / RESOLUTION_0_UNIT;
        let towards = |azimuth: f64| -> Vector {
            let (sin, cos) = libm::sincos(azimuth);
            core::array::from_fn(|i| scale * (cos * north[i] + sin * east[i]))
        };
        let x = azimuth - TURN;
        Face {
            centre,
            x: towards(x),
            y: towards(x - core::f64::consts::FRAC_PI_2),
            across: [Across::default(); 3],
            vertex_of: [(0, 0); 3],
        }
    }
}

/// By 60° counter-clockwise, some times.
fn turn((a, b): (i32, i32), times: u32) -> (i32, i32) {
    (0..times).fold((a, b), |(a, b), _| (-b, a + b))
}

fn insides(vertices: [(i32, i32); 3]) -> [[f64; 3]; 3] {
    let corners = vertices.map(|(a, b)| Place { face: 0, a, b }.plane());
    core::array::from_fn(|edge| {
        let ([from_x, from_y], [to_x, to_y]) = (corners[edge], corners[(edge + 1) % 3]);
        let length = libm::sqrt((to_x - from_x) * (to_x - from_x) + (to_y - from_y) * (to_y - from_y));
        let (by_x, by_y) = (-(to_y - from_y) / length, (to_x - from_x) / length);
        [by_x, by_y, -by_x * from_x - by_y * from_y]
    })
}

fn is_same(a: Vector, b: Vector) -> bool {
    dot(a, b) > 1.0 - 1e-9
}

/// The other face with this edge, which runs the other way there.
fn find_across(
    corners: &[[Vector; 3]; FACES],
    vertices: &[(i32, i32); 3],
    face: usize,
    edge: usize,
) -> Across {
    let (from, to) = (corners[face][edge], corners[face][(edge + 1) % 3]);
    let along = difference(vertices[(edge + 1) % 3], vertices[edge]);
    for (other, others) in corners.iter().enumerate() {
        for back in 0..3 {
            if is_same(others[back], to) && is_same(others[(back + 1) % 3], from) {
                let there = difference(vertices[back], vertices[(back + 1) % 3]);
                let turns = (0..6).find(|turns| turn(along, *turns) == there).unwrap_or(0);
                return Across { face: other, edge: back, turns };
            }
        }
    }
    unreachable!("every edge of an icosahedron has two faces")
}

/// Of the five faces that meet in a vertex the one with the lowest number.
fn find_owner(corners: &[[Vector; 3]; FACES], vertex: Vector) -> (usize, usize) {
    for (face, others) in corners.iter().enumerate() {
        if let Some(number) = others.iter().position(|other| is_same(*other, vertex)) {
            return (face, number);
        }
    }
    unreachable!("a vertex is one of its own face")
}

fn difference(a: (i32, i32), b: (i32, i32)) -> (i32, i32) {
    (a.0 - b.0, a.1 - b.1)
}

/// The point of the sphere at a longitude and latitude in radians.
pub fn point(lon: f64, lat: f64) -> Vector {
    let ((sin_lon, cos_lon), (sin_lat, cos_lat)) = (libm::sincos(lon), libm::sincos(lat));
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

/// The scalar product.
pub fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The vector product.
pub fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// The same direction with length 1.
pub fn normal(a: Vector) -> Vector {
    let scale = 1.0 / libm::sqrt(dot(a, a));
    a.map(|part| part * scale)
}
