// What of @tanstack/virtual-core the report's table asks for.
export { Virtualizer, elementScroll, observeElementOffset, observeElementRect } from "@tanstack/virtual-core";
