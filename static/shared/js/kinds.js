// Kinds of sources in words. What is not here is written as it is called.
import { words } from "./format.js";

const KINDS = { defi: "DeFi", onchain: "on-chain" };

export const kindOf = (kind) => KINDS[kind] ?? words(kind);
