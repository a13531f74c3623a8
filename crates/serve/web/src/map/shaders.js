/**
 * Shaders of the ships. A ship under way is an arrow, one that stands still a dot, a dark one has a disc behind it, a silent
 * one is hollow, a listed one has a ring: form tells the same as colour, for eyes that do not tell colours apart.
 */

export const VERTEX = `
precision highp float;
attribute vec4 a_high_low;
attribute vec2 a_style;
uniform vec4 u_centre;
uniform vec2 u_scale;
uniform float u_size;
uniform float u_world;
uniform float u_dimmed;
uniform vec3 u_colours[6];
varying vec3 v_colour;
varying vec2 v_turn;
varying float v_state;
varying float v_listed;
varying float v_moves;
varying float v_size;
varying float v_alpha;

void main() {
  v_listed = step(16.0, a_style.y);
  v_state = a_style.y - 16.0 * v_listed;
  float dark = step(1.5, v_state);
  float on_top = max(dark, v_listed);
  vec2 offset = (a_high_low.xy - u_centre.xy) + (a_high_low.zw - u_centre.zw) + vec2(u_world, 0.0);
  gl_Position = vec4(offset * u_scale, 0.0, 1.0);
  v_moves = step(0.0, a_style.x);
  float turn = radians(a_style.x);
  v_turn = vec2(sin(turn), cos(turn));
  v_size = u_size * mix(1.0, 1.9, dark) * mix(1.0, 1.35, v_listed * (1.0 - dark)) + on_top * 5.0;
  v_alpha = mix(1.0, 0.45, u_dimmed * (1.0 - on_top));
  v_colour = u_colours[int(v_state + 0.5)];
  gl_PointSize = v_size;
}`;

export const FRAGMENT = `
precision highp float;
uniform vec3 u_halo;
uniform vec3 u_listed;
varying vec3 v_colour;
varying vec2 v_turn;
varying float v_state;
varying float v_listed;
varying float v_moves;
varying float v_size;
varying float v_alpha;

float side(vec2 p, vec2 a, vec2 b) {
  vec2 e = b - a;
  return dot(p - a, normalize(vec2(e.y, -e.x)));
}

// Distance to an arrow head that points up: a kite with a notch, symmetric about the axis.
float arrow(vec2 p) {
  p.x = abs(p.x);
  float flank = side(p, vec2(0.0, -0.92), vec2(0.62, 0.80));
  float notch = side(p, vec2(0.62, 0.80), vec2(0.0, 0.46));
  return max(flank, notch);
}

void main() {
  vec2 p = gl_PointCoord * 2.0 - 1.0;
  // So small that no form can be told: a dot, which costs little where there are 50,000.
  if (v_size < 7.5) {
    gl_FragColor = vec4(v_colour, 1.0) * v_alpha * 0.7 * (1.0 - smoothstep(0.3, 0.8, length(p)));
    return;
  }
  float dark = step(1.5, v_state);
  float pixel = 2.0 / v_size;
  // Room for a ring leaves less for the mark itself.
  float zoom = mix(1.0, 1.9, dark) * mix(1.0, 1.35, v_listed * (1.0 - dark));
  vec2 q = p * zoom;
  vec2 r = vec2(q.x * v_turn.y + q.y * v_turn.x, q.y * v_turn.y - q.x * v_turn.x);
  float shape = v_moves > 0.5 ? arrow(r) : length(q) - 0.55;
  float step_size = pixel * zoom;
  float outer = 1.0 - smoothstep(-step_size, step_size * 0.5, shape - step_size * 0.8);
  float inner = 1.0 - smoothstep(-step_size, 0.0, shape);
  float hollow = (v_state > 0.5 && v_state < 2.5) ? 1.0 - smoothstep(-step_size, 0.0, shape + 0.22) : 0.0;
  float radius = length(p);
  float disc = dark * (1.0 - smoothstep(0.92 - pixel, 0.92, radius));
  float rim = dark * (1.0 - smoothstep(pixel * 0.6, pixel * 1.6, abs(radius - 0.90)));
  float ring = v_listed * (1.0 - smoothstep(pixel * 0.7, pixel * 1.7, abs(radius - 0.90)));

  vec4 result = vec4(v_colour, 1.0) * disc * 0.26;
  result = mix(result, vec4(v_colour, 1.0), rim * 0.85);
  result = mix(result, vec4(u_listed, 1.0), ring);
  result = mix(result, vec4(u_halo, 1.0), outer * 0.85);
  result = mix(result, vec4(v_colour, 1.0), inner);
  result = mix(result, vec4(u_halo, 1.0), hollow);
  gl_FragColor = result * v_alpha;
}`;
