// How the pages of html.hpp look, and the script that makes their charts.
#pragma once

#include <string_view>
#include <tinynet/core/language.hpp>

namespace tinynet::detail {

inline constexpr std::string_view html_style = R"css(
:root { --paper: #fff; --ink: #1c1e21; --faint: #6a7078; --rule: #d9dce1; --soft: #f3f4f6; --right: 33,102,172;
  --wrong: 203,24,29; --good: #15803d; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181c; --ink: #e3e5e8; --faint: #9aa1ab; --rule: #353941; --soft: #20242a; --right: 96,165,250;
    --wrong: 248,113,113; --good: #4ade80; --bad: #f87171; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; padding-bottom: .2rem; border-bottom: 1px solid var(--rule); }
p { margin: .5rem 0; }
.faint, .hint { color: var(--faint); font-size: .875rem; }
pre { background: var(--soft); padding: .75rem 1rem; overflow-x: auto; border-radius: .4rem; font-size: .875rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.scroll.more { border-right: 3px solid var(--faint);  /* there is more to the right */
  mask-image: linear-gradient(to left, #000 0 3px, #0004 3px, #000 3.5rem);
  -webkit-mask-image: linear-gradient(to left, #000 0 3px, #0004 3px, #000 3.5rem); }
.banner { background: var(--soft); border-left: .3rem solid var(--bad); padding: .5rem .75rem; font-weight: 600; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th { font-weight: 600; }
th.name, td.name { text-align: left; }
tr:first-child th { white-space: normal; vertical-align: bottom; }
img { image-rendering: pixelated; max-width: 100%; }
.figures { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; margin: .75rem 0; }
.figures div { min-width: 7rem; }
.figures b { display: block; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: .75rem; }
.small.tiles { grid-template-columns: repeat(auto-fill, minmax(4.5rem, 1fr)); gap: .4rem; }
.small .tile img { width: 64px; height: 64px; }
.tile { text-align: center; font-size: .8rem; line-height: 1.35; break-inside: avoid; }
.tile img { width: 84px; height: 84px; display: block; margin: 0 auto .2rem; }
.tile .faint { font-size: inherit; }
summary { cursor: pointer; margin: .75rem 0; }
.tile .bad { color: var(--bad); } .tile .good { color: var(--good); }
figure { margin: .5rem 0; }
.plot { width: 100%; height: 22rem; }
.plot svg { width: 100%; height: auto; }
.switches { display: flex; flex-wrap: wrap; gap: .4rem; justify-content: flex-end; }
button { font: inherit; font-size: .85rem; color: inherit; background: var(--soft); border: 1px solid var(--rule);
  border-radius: .35rem; padding: .15rem .6rem; cursor: pointer; }
button[aria-pressed=true] { background: var(--ink); color: var(--paper); }
.frame { position: relative; }
.values { display: block !important; position: absolute; top: .25rem; right: .25rem; max-width: 60%; z-index: 20;
  padding: 0 .4rem; background: var(--paper); border-radius: .35rem; pointer-events: none; font-size: .875rem;
  font-variant-numeric: tabular-nums; }  /* over the chart: what is below stays where it is while the mouse moves */
.dygraph-axis-label, .dygraph-label { color: var(--ink); font-size: 13px; }
.dygraph-ylabel, .dygraph-xlabel { color: var(--faint); }
@media (max-width: 40rem) { main { padding: .5rem .75rem 3rem; } .plot { height: 16rem; } th, td { padding: .2rem .35rem; }
  .tiles { grid-template-columns: repeat(auto-fill, minmax(5rem, 1fr)); gap: .5rem; } .tile { font-size: .7rem; }
  .small.tiles { grid-template-columns: repeat(auto-fill, minmax(3rem, 1fr)); } .small .tile img { width: 44px; height: 44px; }
  .tile img { width: 76px; height: 76px; } .figures { gap: .5rem 1rem; } .figures div { min-width: 6.5rem; }
  .confusion { width: 100%; font-size: .66rem; } .confusion :is(th, td) { padding: .2rem .1rem; text-align: center; }
  .confusion .long { display: none; } .classes { width: 100%; font-size: .75rem; } .classes :is(th, td) { padding: .2rem .15rem; } }
@media print { .switches, .hint { display: none; } h2 { break-after: avoid; } figure, table { break-inside: avoid; }
  main { max-width: none; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)css";

// Each figure.chart has its data beside it. Without the library what stands in .plot stays.
inline constexpr std::string_view chart_script = R"js(
'use strict';
for (const figure of window.Dygraph ? document.querySelectorAll('figure.chart') : []) {
  const data = JSON.parse(figure.querySelector('script').textContent);
  const plot = figure.querySelector('.plot'), values = figure.querySelector('.values');
  const switches = figure.querySelector('.switches');
  const number = v => Number(v.toPrecision(6)).toString();
  const visible = data.views[0].curves.map(() => true);
  let view = 0, logarithmic = data.logarithmic, chart = null;

  // dygraphs wants a row for each x, with a column for each curve.
  const rows = ({curves}) => {
    let xs = [...new Set(curves.flatMap(curve => curve.x))].sort((a, b) => a - b);
    const shared = curves.length === 1 || xs.length <= 4000;
    if (!shared) {
      const first = xs[0], width = xs[xs.length - 1] - first;
      xs = Array.from({length: 1500}, (_, i) => first + width * i / 1499);
    }
    const columns = curves.map(({x, y}) => {
      let at = 0;
      return xs.map(here => {
        while (at < x.length && (shared ? x[at] < here : x[at + 1] <= here)) ++at;
        const there = at < x.length && (shared ? x[at] === here : x[at] <= here && here <= x[x.length - 1]);
        const value = there ? y[at] : null;
        return value === null || (logarithmic && value <= 0) ? (there ? NaN : null) : value;
      });
    });
    return xs.map((x, row) => [x, ...columns.map(column => column[row])]);
  };

  const legend = ({x, series}) => {
    if (x === undefined) return '';
    const shown = series.filter(s => s.isVisible && s.y !== undefined && Number.isFinite(s.y));
    const near = shown.length > 6 ? shown.filter(s => s.isHighlighted) : shown;
    const text = document.createDocumentFragment();
    text.append(`${data.views[view].x} ${number(x)}`);
    for (const s of near) {
      const name = document.createElement('b');
      name.style.color = s.color;
      name.textContent = `  ${s.label} `;
      text.append(name, number(s.y));
    }
    return text;
  };

  // An axis without numbers has no logarithms.
  const has_log_axis = () => logarithmic && visible.includes(true);

  const draw = () => {
    if (chart) chart.destroy();
    plot.textContent = '';
    const style = getComputedStyle(document.documentElement), {x, curves} = data.views[view];
    chart = new Dygraph(plot, rows(data.views[view]), {
      labels: [x, ...curves.map(curve => curve.name)], colors: curves.map(curve => curve.color), visibility: [...visible],
      xlabel: x, ylabel: data.y, logscale: has_log_axis(), connectSeparatedPoints: true, labelsDiv: values,
      legend: 'onmouseover', legendFormatter: legend, strokeWidth: 1.5, gridLineColor: style.getPropertyValue('--rule'),
      axisLineColor: style.getPropertyValue('--faint'), axes: {y: {axisLabelWidth: 60, axisLabelFormatter: number}},
      highlightSeriesOpts: curves.length > 1 ? {strokeWidth: 3, highlightCircleSize: 4} : null,
      highlightSeriesBackgroundAlpha: 1,
    });
  };

  const button = (text, pressed, act) => {
    const b = document.createElement('button');
    b.type = 'button';
    b.textContent = text;
    const show = () => pressed && b.setAttribute('aria-pressed', pressed());
    b.addEventListener('click', () => { act(); switches.dispatchEvent(new Event('change')); });
    switches.addEventListener('change', show);
    switches.append(b);
    show();
  };
  if (data.views.length > 1)
    data.views.forEach((v, i) => button(v.x, () => view === i, () => { view = i; draw(); }));
  button(data.log, () => logarithmic, () => { logarithmic = !logarithmic; draw(); });
  button(data.reset, null, () => chart.resetZoom());

  figure.show = changes => {
    for (const [curve, yes] of Object.entries(changes)) visible[curve] = yes;
    chart.updateOptions({visibility: [...visible], logscale: has_log_axis()});
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  draw();
}

// A table that is wider than the page shows on which side there is more of it.
for (const box of document.querySelectorAll('.scroll')) {
  const show = () => box.classList.toggle('more', box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  box.tabIndex = 0;
  box.addEventListener('scroll', show);
  new ResizeObserver(show).observe(box);
  show();
}
)js";

}  // namespace tinynet::detail
