/** Leaves out of the bundle what uPlot brings and no chart of this page uses: a quarter of its size. */

import type { Plugin } from "vite";

/**
 * What is cut, by the text of its statement in uPlot's module. The bundler cannot see that these parts are unused, since
 * options switch them on while the page runs. A chart that needs one of them takes its line out of this list.
 */
const UNUSED: readonly [statement: RegExp, instead: string][] = [
  // The legend: charts here name their values in the page.
  [/const showLegend = legend\.show;/g, "const showLegend = false;"],
  [/let multiValLegend = false;/g, "const multiValLegend = false;"],
  [/multiValLegend = getMultiVals .*;/g, ""],
  [/legendCols = multiValLegend .*;/g, ""],
  // Its own calendar: scales say `time: false`, axes bring their marks.
  [/let isTime = .*;/g, "const isTime = false;"],
  [/const _time(AxisSplits|AxisVals|SeriesVal) .*;/g, ""],
  [/const _(tz|fmt)Date .*;/g, ""],
  [/const \[ timeIncrs.* = genTimeStuffs\(.*\);/g, ""],
  // Logarithmic and other bent scales.
  [/\b((sc|scale|scaleX|wsc)\.)?distr *(==|>=) *(3|4|100)\b/g, "false"],
  // Shapes other than bars, and what plug-ins of others would ask for.
  [/\(paths\.(linear|stepped|spline) .*\);/g, ""],
  [/const (linear|points)Path = .*;/g, "const $1Path = null;"],
  [/uPlot\.paths = \{\s*points,\s*\};/g, "uPlot.paths = {};"],
  [/uPlot\.(assign|fmtNum|rangeNum|rangeLog|rangeAsinh|orient|join|addGap|clipGaps|fmtDate|tzDate|sync) .*;/g, ""],
];

/** Fails where a statement is not found, so that another release of uPlot cannot bring the parts back unseen. */
export function usedPartsOfUplot(): Plugin {
  return {
    name: "used-parts-of-uplot",
    apply: "build",
    transform(code, id) {
      if (!/\/uPlot\.esm\.js$/.test(id)) return null;
      const cut = UNUSED.reduce((text, [statement, instead]) => {
        const rest = text.replace(statement, instead);
        if (rest === text) this.error(`uPlot has no statement like ${statement}: look at uplot-parts.ts again`);
        return rest;
      }, code);
      return { code: cut, map: null };
    },
  };
}
