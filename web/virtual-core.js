// What of @tanstack/virtual-core the tables of reports and sweeps ask for.
export { Virtualizer, observeElementRect } from "@tanstack/virtual-core";
