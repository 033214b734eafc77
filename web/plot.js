// What of Observable Plot the report's picture along the model asks for.
export { axisX, axisY, dot, gridY, lineY, plot, text } from "@observablehq/plot";
