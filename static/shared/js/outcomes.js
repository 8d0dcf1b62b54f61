// How a request ended, in the words of its problem document; of sources, `codes.js` has the words.
import { reason } from "./codes.js";

const OUTCOMES = {
  answered: "answered", all_providers_failed: "every source failed", no_provider_available: "no source available", deadline_exceeded: "out of time", overloaded: "too busy",
};

export const outcome = (code) => OUTCOMES[code] ?? reason(code);
