// What of d3-hierarchy the report's map asks for.
export { hierarchy, partition } from "d3-hierarchy";
