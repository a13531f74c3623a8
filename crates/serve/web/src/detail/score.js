/** The judgement: grade, cause, the score against its limits, and a chart of the bins that a person can check. */

/** @import { Alert } from "../types.js" */
/** @import { Check, CheckedBin } from "../score.js" */
import { el, svg } from "../dom.js";
import { HOUR, clock, day, share, utc } from "../format.js";
import { checkScore, numberOf } from "../score.js";
import { CAUSES, GRADES, GRADE_MEANING } from "../words.js";

/** Scores at which the grades begin. */
const LIMITS = [[2, "suspected"], [4, "probable"], [6, "strong"]];
/** Beyond this a higher sum says no more: the scale ends here, and the figure stands beside it. */
const SCALE_END = 10;
const WIDTH = 400;
const HEIGHT = 96;
/** Room right of the bins for the names of the limits. */
const MARGIN = 74;

/** @param {Alert} alert */
export function judgement(alert) {
  if (alert.grade === null && alert.cause === null) return null;
  const grade = alert.grade;
  return el("section", { class: "part", testid: "judgement" },
    el("h3", {}, "Judgement"),
    el("div", { class: "judgement-head" },
      grade ? el("span", { class: `grade grade-${grade.replace("_", "-")}` }, GRADES[grade]) : null,
      el("p", {}, grade ? GRADE_MEANING[grade] : ""),
    ),
    alert.cause ? el("p", { class: "cause" }, el("span", { class: "muted" }, "Cause: "), CAUSES[alert.cause] ?? alert.cause) : null,
    alert.score === null || alert.kind === "sighting" ? null : meter(alert.score, grade),
    notYet(alert),
    chart(alert),
  );
}

/**
 * Why a score that is high enough has not raised the grade. Without this the figure and the word seem to disagree.
 * @param {Alert} alert
 */
function notYet({ kind, grade, cause, score, evidence }) {
  const next = grade === "suspected" ? { limit: 4, hours: 1, name: "probable" } : grade === "probable" ? { limit: 6, hours: 6, name: "strong" } : null;
  if (kind !== "dark" || !next || score === null || score < next.limit) return null;
  const silent = numberOf(evidence, "silent_ms");
  const capped = cause === "coverage_exit" || cause === "interference";
  const why = capped ? "with this cause it is never graded above suspected"
    : silent !== null && silent < next.hours * HOUR ? `${next.name} also needs ${next.hours} h of silence` : null;
  return why ? el("p", { class: "muted small", testid: "not-yet" }, `The score would be enough for ${next.name}; ${why}.`) : null;
}

/** @param {number} score @param {import("../types.js").Grade | null} grade */
function meter(score, grade) {
  const most = SCALE_END;
  const at = (/** @type {number} */ value) => (value / most) * WIDTH;
  return el("div", { class: "meter" },
    el("div", { class: "meter-label" }, el("span", {}, "Silence score S"), el("strong", { testid: "score" }, score.toFixed(2))),
    svg("svg", { viewBox: `0 0 ${WIDTH} 26`, class: "meter-svg", role: "img", "aria-label": `Score ${score.toFixed(2)}; 2 suspects, 4 is probable, 6 is strong` },
      svg("rect", { x: 0, y: 3, width: WIDTH, height: 6, rx: 3, class: "meter-track" }),
      svg("rect", { x: 0, y: 3, width: Math.max(2, at(Math.min(score, most))), height: 6, rx: 3, class: `meter-fill fill-${grade ?? "none"}` }),
      ...LIMITS.flatMap(([limit, name]) => [
        svg("line", { x1: at(Number(limit)), x2: at(Number(limit)), y1: 0, y2: 12, class: "meter-limit" }),
        svg("text", { x: at(Number(limit)), y: 23, class: "meter-text" }, `${limit} ${name}`),
      ]),
    ),
  );
}

/** @param {Alert} alert */
function chart(alert) {
  const check = checkScore(alert.evidence);
  if (!check) return null;
  const { bins } = check;
  const start = bins[0].t;
  const slots = Math.round((bins[bins.length - 1].t - start) / 600_000) + 1;
  const slot = (WIDTH - MARGIN) / Math.max(slots, 6);
  const most = Math.min(SCALE_END, Math.max(6.5, check.sum));
  const x = (/** @type {number} */ t) => ((t - start) / 600_000) * slot;
  const y = (/** @type {number} */ value) => HEIGHT - (value / most) * HEIGHT;
  const line = bins.map((bin) => `${(x(bin.t) + slot).toFixed(1)},${y(Math.min(most, bin.sum)).toFixed(1)}`).join(" ");
  return el("div", { class: "bins", testid: "bins" },
    el("h4", {}, `Score by bins of 10 min, ${utc(start)} on`),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + 16}`, class: "bins-svg", role: "img", "aria-label": `${bins.length} bins; their sum rises to ${check.sum.toFixed(2)}. The table below has all.` },
      ...LIMITS.filter(([limit]) => Number(limit) <= most).flatMap(([limit, name]) => [
        svg("line", { x1: 0, x2: WIDTH - MARGIN + 4, y1: y(Number(limit)), y2: y(Number(limit)), class: `bins-limit stroke-${name}` }),
        svg("text", { x: WIDTH - MARGIN + 8, y: y(Number(limit)) + 3.5, class: "bins-limit-text" }, `${limit} ${name}`),
      ]),
      ...bins.map((bin) => bar(bin, x(bin.t), slot)),
      svg("polyline", { points: `0,${HEIGHT} ${line}`, class: "bins-sum" }),
      svg("text", { x: 0, y: HEIGHT + 13, class: "bins-time" }, clock(start)),
      svg("text", { x: Math.min(WIDTH - MARGIN, x(bins[bins.length - 1].t) + slot), y: HEIGHT + 13, class: "bins-time end" }, clock(bins[bins.length - 1].t)),
    ),
    el("ul", { class: "key" },
      el("li", {}, el("span", { class: "key-bar" }), "score of a bin (full height is 1)"),
      el("li", {}, el("span", { class: "key-line" }), "sum"),
      el("li", {}, el("span", { class: "key-none" }), "reception not known"),
    ),
    verdict(check),
    table(check),
  );
}

/** @param {CheckedBin} bin @param {number} left @param {number} slot */
function bar(bin, left, slot) {
  const unknown = bin.q === null || bin.alive === null;
  const height = unknown ? 4 : Math.max(1, bin.score * HEIGHT);
  return svg("rect", {
    x: (left + slot * 0.12).toFixed(2), y: (HEIGHT - height).toFixed(2), width: (slot * 0.76).toFixed(2), height: height.toFixed(2),
    class: unknown ? "bin bin-none" : "bin",
  }, svg("title", {}, `${clock(bin.t)}: ${unknown ? "not known" : bin.score.toFixed(4)}`));
}

/** Says whether the page comes to the same sum. @param {Check} check */
function verdict({ bins, told, recomputed, checked, agrees }) {
  const rest = bins.length - checked;
  const part = rest ? `first ${checked} of ${bins.length} bins` : `${checked} bins`;
  const text = agrees
    ? `Recomputed here from the ${part}: ${recomputed.toFixed(2)}, the same.`
    : `Recomputed here from the ${part}: ${recomputed.toFixed(2)}, but the alert says ${told.toFixed(2)}.`;
  const why = rest ? " After a single report its own share was measured anew, which the evidence does not hold." : "";
  return el("p", { class: agrees ? "verdict agrees" : "verdict differs", testid: "score-check" }, text + why);
}

/** @param {Check} check */
function table({ bins }) {
  const head = ["Bin (UTC)", "q", "own", "alive", "Score", "Sum"];
  const value = (/** @type {number | null} */ v) => (v === null ? "–" : share(v));
  const details = el("details", { class: "fold", testid: "bins-table" }, el("summary", {}, "All bins, to check by hand"));
  // Rows are made when somebody looks: a day has 144 of them.
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    details.append(
      el("p", { class: "muted" }, "Each bin adds min(1, −log₁₀(1 − q · own · alive)). q: share of bins in which ships in that cell are heard. own: the same for this ship. alive: 1 if others were heard as expected."),
      el("div", { class: "table-frame", attrs: { tabindex: 0, role: "region", "aria-label": "Bins" } },
        el("table", {}, el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { attrs: { scope: "col" } }, text)))),
          el("tbody", {}, ...bins.map((bin) => el("tr", {},
            ...[`${day(bin.t)} ${clock(bin.t)}`, value(bin.q), value(bin.own), value(bin.alive), bin.score.toFixed(4), bin.sum.toFixed(2)].map((text) => el("td", {}, text))))),
        )),
    );
  });
  return details;
}
