"""How the page looks: on a desk, on a phone, in the dark and on paper.

Colours are custom properties, named for what they say; a test computes the contrast of each pair.
"""

LIGHT = """\
  --ground: #f4f6f8; --card: #ffffff; --raised: #eef1f5; --text: #18212d; --muted: #536072;
  --rule: #dce2e9; --link: #0b57a4; --focus: #0b57a4;
  --good: #176b43; --warn: #7d5200; --bad: #b02318; --unknown: #64409b;
  --good-tint: #e4f3ea; --warn-tint: #fcf0d6; --bad-tint: #fce8e5; --unknown-tint: #f0e9f9;
  --ok-mark: #6391c1; --failed-mark: #b02318; --failed-ground: #f3bcb5; --warned-mark: #8a6100;
  --warned-ground: #f3d48c; --cancelled-mark: #7a8494; --line-mark: #0b57a4; --axis: #536072;
  --grid: #e3e8ee;
"""
DARK = """\
  --ground: #10151b; --card: #182029; --raised: #202a35; --text: #e7ecf2; --muted: #a5b1c0;
  --rule: #2d3845; --link: #86bcf7; --focus: #86bcf7;
  --good: #77d5a3; --warn: #f0c067; --bad: #ff9b90; --unknown: #c9aef5;
  --good-tint: #173528; --warn-tint: #3a2e13; --bad-tint: #47221f; --unknown-tint: #31264a;
  --ok-mark: #5b86b3; --failed-mark: #ff9b90; --failed-ground: #7d2f27; --warned-mark: #f0c067;
  --warned-ground: #6b5215; --cancelled-mark: #8a95a5; --line-mark: #86bcf7; --axis: #a5b1c0;
  --grid: #2a343f;
"""

SCREEN = """\
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0 auto; max-width: 76rem; padding: 1.75rem clamp(1rem, 3vw, 2.5rem) 4rem; background: var(--ground);
  color: var(--text); font: 400 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
h1, h2, h3, h4, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
ul, ol { list-style: none; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .18em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
code { font: .875em/1.4 ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "Noto Sans Mono", monospace; }
.patterns { position: absolute; }
.cell, .note, .steps h3, .steps p, .list h3, .list h4, .rest { unicode-bidi: plaintext; }
.verdict h1 { unicode-bidi: isolate; }

.top { display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: baseline; justify-content: space-between; margin-bottom: 1rem; }
.top .title { font-weight: 650; font-size: 1.0625rem; }
.facts { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; color: var(--muted); font-size: .875rem; }
.facts div { display: flex; gap: .4rem; }
.facts dd { color: var(--text); }

.verdict { background: var(--card); border: 1px solid var(--rule); border-left: .5rem solid var(--tone); border-radius: .75rem;
  padding: clamp(1.25rem, 3vw, 2rem); }
.verdict .word { display: inline-block; background: var(--tint); color: var(--tone); border-radius: 99px; padding: .125rem .75rem;
  font-size: .875rem; font-weight: 650; }
.verdict h1 { font-size: clamp(1.625rem, 1.1rem + 2.2vw, 2.5rem); line-height: 1.15; font-weight: 680; letter-spacing: -.015em;
  margin: .625rem 0 .5rem; text-wrap: balance; }
.verdict .detail { color: var(--muted); font-size: 1.0625rem; max-width: 80ch; text-wrap: pretty; }
.good { --tone: var(--good); --tint: var(--good-tint); }
.warn { --tone: var(--warn); --tint: var(--warn-tint); }
.bad { --tone: var(--bad); --tint: var(--bad-tint); }
.unknown { --tone: var(--unknown); --tint: var(--unknown-tint); }
.plain { --tone: var(--text); --tint: var(--raised); }

.unread { margin-top: 1rem; background: var(--card); border: 1px solid var(--unknown); border-radius: .75rem; padding: 1rem 1.25rem; }
.unread .list { margin-top: 0; border: 0; padding: 0; }
.unread h2, .unread h3 { color: var(--unknown); font-size: 1.0625rem; }

.figures { display: grid; grid-template-columns: repeat(4, 1fr); gap: .75rem; margin-top: 1rem; }
.figures a { display: flex; flex-direction: column; height: 100%; background: var(--card); border: 1px solid var(--rule);
  border-radius: .75rem; padding: .875rem 1rem; text-decoration: none; color: var(--text); }
.figures a:hover { border-color: var(--link); }
.figures .label { color: var(--muted); font-size: .875rem; }
.figures .value { font-size: 1.875rem; line-height: 1.2; font-weight: 650; letter-spacing: -.02em; color: var(--tone); margin: .125rem 0 .25rem; }
.figures .note { color: var(--muted); font-size: .8125rem; line-height: 1.35; margin-top: auto; }

.steps { margin-top: 2.25rem; }
h2 { font-size: 1.375rem; line-height: 1.25; font-weight: 660; letter-spacing: -.01em; }
.steps ol { margin-top: .75rem; background: var(--card); border: 1px solid var(--rule); border-radius: .75rem; counter-reset: step; }
.steps li { display: grid; grid-template-columns: 2.25rem 1fr auto; gap: .25rem .75rem; padding: .875rem 1.25rem; align-items: start; counter-increment: step; }
.steps li + li { border-top: 1px solid var(--rule); }
.steps li::before { content: counter(step); width: 1.75rem; height: 1.75rem; border-radius: 99px; display: grid; place-items: center;
  background: var(--tint); color: var(--tone); font-weight: 650; font-size: .875rem; }
.steps h3 { font-size: 1rem; line-height: 1.5; font-weight: 600; }
.steps p { color: var(--muted); font-size: .9375rem; max-width: 90ch; }
.steps .count { color: var(--text); font-weight: 600; white-space: nowrap; padding-top: .1rem; }

nav { margin-top: 2.25rem; border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); padding: .5rem 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .125rem 1.25rem; }
nav a { display: inline-block; padding: .25rem 0; text-decoration: none; font-size: .9375rem; }
nav a:hover { text-decoration: underline; }

.part { margin-top: 2.75rem; scroll-margin-top: 1rem; }
.lead { color: var(--muted); max-width: 88ch; margin-top: .375rem; text-wrap: pretty; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: .75rem; margin-top: 1rem; }
.chart { background: var(--card); border: 1px solid var(--rule); border-radius: .75rem; padding: 1rem 1.25rem .75rem; min-width: 0; }
.chart figcaption strong { display: block; font-weight: 620; }
.chart figcaption span { color: var(--muted); font-size: .875rem; }
.chart > svg { display: block; width: 100%; height: auto; margin-top: .5rem; }
.chart > svg.narrow { display: none; }
.chart text { font-size: 12px; fill: var(--axis); font-variant-numeric: tabular-nums; }
.chart text.value { fill: var(--text); font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.chart .grid { stroke: var(--grid); stroke-width: 1; }
.chart .grid.base { stroke: var(--axis); }
.chart .line { fill: none; stroke: var(--line-mark); stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
.chart .dot { fill: var(--card); stroke: var(--line-mark); stroke-width: 2; }
rect.succeeded, rect.count { fill: var(--ok-mark); }
rect.failed { fill: url(#hatch); stroke: var(--failed-mark); stroke-width: 1; }
rect.warned { fill: url(#dots); stroke: var(--warned-mark); stroke-width: 1; }
rect.cancelled { fill: var(--cancelled-mark); }
rect.running { fill: var(--card); stroke: var(--cancelled-mark); stroke-width: 1.25; stroke-dasharray: 3 2; }
.hatch-ground { fill: var(--failed-ground); } .hatch-stroke { fill: var(--failed-mark); }
.dots-ground { fill: var(--warned-ground); } .dots-mark { fill: var(--warned-mark); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.125rem; font-size: .875rem; color: var(--muted); margin-top: .25rem; }
.legend li { display: flex; align-items: center; gap: .4rem; }
.legend svg { width: .875rem; height: .875rem; flex: none; }

.list { margin-top: 1.75rem; scroll-margin-top: 1rem; }
h3, h4 { font-size: 1.0625rem; line-height: 1.35; font-weight: 640; }
h4 { font-size: 1rem; }
.list .lead { font-size: .9375rem; }
.none { background: var(--card); border: 1px dashed var(--rule); border-radius: .75rem; padding: .75rem 1.25rem; color: var(--muted); margin-top: .625rem; }
.rest { color: var(--muted); font-size: .875rem; margin-top: .5rem; }
.paper { display: none; }
details { margin-top: .5rem; }
summary { color: var(--link); cursor: pointer; font-size: .9375rem; padding: .25rem 0; width: fit-content; }
.chart summary { font-size: .875rem; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--rule); border-radius: .75rem; margin-top: .625rem; }
.chart .scroll { margin-top: .25rem; border-radius: .5rem; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem; }
th:first-child, td:first-child { padding-left: 1.25rem; }
th:last-child, td:last-child { padding-right: 1.25rem; }
thead th { color: var(--muted); font-weight: 560; font-size: .8125rem; border-bottom: 1px solid var(--rule); vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid var(--rule); }
tbody th { font-weight: 400; }
.number { text-align: right; }
td.number { white-space: nowrap; }
td.wide { min-width: 17rem; }
.cell { display: block; min-width: 0; }
td .note { display: block; color: var(--muted); font-size: .8125rem; line-height: 1.4; }
.pill { display: inline-block; background: var(--tint); color: var(--tone); border-radius: 99px; padding: 0 .625rem; font-size: .875rem; font-weight: 560; }
.pill a { color: inherit; }
:target { outline: 2px solid var(--link); outline-offset: 4px; border-radius: .25rem; }
tr:target { outline-offset: -2px; background: var(--raised); }
.notes { margin-top: .75rem; display: grid; gap: .75rem 2.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.notes dt { font-weight: 600; }
.notes dd { color: var(--muted); font-size: .9375rem; max-width: 66ch; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--rule); color: var(--muted); font-size: .875rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
"""

PHONE = """\
@media (max-width: 44rem) {
  body { padding-top: 1.125rem; }
  .figures { grid-template-columns: 1fr 1fr; gap: .5rem; }
  .figures a { padding: .75rem .875rem; }
  .figures .value { font-size: 1.5rem; }
  .chart { padding: .875rem .875rem .5rem; }
  .chart > svg.wide { display: none; }
  .chart > svg.narrow { display: block; }
  .steps li { grid-template-columns: 2.25rem 1fr; padding: .875rem 1rem; }
  .steps .count { grid-column: 2; }
  nav a { padding: .4375rem 0; }
  summary { padding: .5rem 0; }
  table[role=table] thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table[role=table], table[role=table] tbody, table[role=table] tr { display: block; }
  table[role=table] tr { padding: .625rem 1rem; }
  table[role=table] tr + tr { border-top: 1px solid var(--rule); }
  table[role=table] td, table[role=table] td:first-child { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: .75rem; padding: .125rem 0; border: 0;
    text-align: left; white-space: normal; min-width: 0; }
  table[role=table] td::before { content: attr(data-label); color: var(--muted); font-size: .8125rem; line-height: 1.8; }
  table[role=table] td:first-child { display: block; font-weight: 600; padding-bottom: .25rem; }
  table[role=table] td:first-child::before { content: none; }
  table[role=table] td .note { font-weight: 400; }
  table.sums[role=table] tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .25rem .75rem; }
  table.sums[role=table] td { display: block; }
  table.sums[role=table] td:first-child { grid-column: 1 / -1; padding-bottom: 0; }
  table.sums[role=table] td::before { display: block; line-height: 1.4; }
}
"""

PAPER = """\
@media print {
  :root { --ground: #ffffff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, .list details, .chart details, .rest.screen { display: none; }
  .rest.paper { display: block; }
  .part, .list, .steps { margin-top: 1.25rem; }
  .charts { grid-template-columns: 1fr 1fr; }
  .chart > svg.wide { display: block; }
  .chart > svg.narrow { display: none; }
  .verdict, .chart, .figures li, .steps li, tr, .none { break-inside: avoid; }
  h2, h3, .lead { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
  .scroll { overflow: visible; }
  .figures { grid-template-columns: repeat(4, 1fr); }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  @page { margin: 14mm; }
}
"""

STYLE = (
    f":root {{\n  color-scheme: light dark;\n{LIGHT}}}\n"
    f"@media screen and (prefers-color-scheme: dark) {{\n:root {{\n{DARK}}}\n}}\n"
    f"{SCREEN}{PHONE}{PAPER}"
)
