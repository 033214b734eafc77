// The schedules of the report are drawn by this, on a canvas.
export { default as Plot } from "uplot";
