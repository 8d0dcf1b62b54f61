// One way to write numbers for the axis, the legend, the chips, the headline and the table.
import { NONE, number } from "../../shared/js/format.js";
import { compact } from "../../shared/js/money.js";

const known = (value) => typeof value === "number" && Number.isFinite(value);

// How many digits a price of this size asks for: the same for every price of one market.
export function digitsOf(size) {
  const of = Math.abs(size ?? 0);
  if (of >= 100 || of === 0) return 2;
  if (of >= 1) return 4;
  return Math.min(12, 4 - Math.floor(Math.log10(of)));
}

// With the minus sign that changes are written with, too.
export const fixed = (value, digits) => number(value, digits, digits).replace("-", "−");

// An indicator's digits, by the largest of its values; null: so large that it is shortened.
export function reach(values) {
  let most = 0;
  for (const value of values) if (known(value) && Math.abs(value) > most) most = Math.abs(value);
  if (most >= 1e6) return null;
  if (most >= 10 || most === 0) return 2;
  return most >= 1 ? 3 : Math.min(12, 3 - Math.floor(Math.log10(most)));
}

export const figure = (value, digits) => (!known(value) ? NONE : digits === null ? compact(value).replace("-", "−") : fixed(value, digits));

// What an indicator can reach by its definition: its pane shows all of it.
const BOUNDS = {
  rsi: [0, 100], stoch: [0, 100], stochf: [0, 100], stochrsi: [0, 100], "stoch-rsi": [0, 100], mfi: [0, 100],
  adx: [0, 100], adxr: [0, 100], dx: [0, 100], "plus-di": [0, 100], "minus-di": [0, 100], aroon: [0, 100],
  ultosc: [0, 100], imi: [0, 100], percentrank: [0, 100], willr: [-100, 0], aroonosc: [-100, 100], cmo: [-100, 100], bop: [-1, 1],
};

export const boundsOf = (name) => BOUNDS[name] ?? null;

// The outputs as traders call them.
const OUTPUTS = {
  slowk: "%K", fastk: "%K", slowd: "%D", fastd: "%D", k: "%K", d: "%D", macdsignal: "signal", macdhist: "histogram",
  upperband: "upper", middleband: "middle", lowerband: "lower", aroonup: "up", aroondown: "down",
};

export const outputName = (name) => OUTPUTS[name] ?? name.replaceAll("_", " ");

const PARAMETERS = { nbdev: "Deviations", nbdevup: "Deviations up", nbdevdn: "Deviations down", matype: "Average", vfactor: "Volume factor", maximum: "Greatest step" };
const CODED = /^(fastk|fastd|slowk|slowd|fast|slow|signal|time|min|max|)_?(period|matype|limit)(\d?)$/;
const HEADS = { fastk: "Fast %K", fastd: "Fast %D", slowk: "Slow %K", slowd: "Slow %D", fast: "Fast", slow: "Slow", signal: "Signal", time: "", min: "Shortest", max: "Longest", "": "" };
const TAILS = { period: "period", matype: "MA kind", limit: "limit" };

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// A parameter's label: its description, unless that is its bare name or another parameter has the same.
export function parameterLabel(parameter, all) {
  const told = parameter.description ?? "";
  const twice = all.some((other) => other !== parameter && other.description === told);
  const bare = told.replaceAll(" ", "").toLowerCase() === parameter.name.replaceAll("_", "").toLowerCase();
  if (told && !twice && !bare) return told;
  if (PARAMETERS[parameter.name] && !twice) return PARAMETERS[parameter.name];
  const [, head, tail, number_] = CODED.exec(parameter.name) ?? [];
  if (tail === undefined) return PARAMETERS[parameter.name] ?? capital(parameter.name.replaceAll("_", " "));
  return capital(`${HEADS[head]} ${TAILS[tail]} ${number_}`.trim());
}
