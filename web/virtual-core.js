// What of @tanstack/virtual-core the report's table asks for.
export { Virtualizer, observeElementRect } from "@tanstack/virtual-core";
