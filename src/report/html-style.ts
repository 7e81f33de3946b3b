/** Style of the report page. System fonts, both colour schemes, readable on paper. */
export const REPORT_CSS = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f6f7f9, #14171c);
  --card: light-dark(#ffffff, #1c2027);
  --line: light-dark(#dfe3e8, #30363f);
  --text: light-dark(#1b2128, #e4e8ee);
  --muted: light-dark(#5b6673, #98a3b0);
  --good: light-dark(#12703f, #58c98a);
  --good-back: light-dark(#e0f4e8, #15362a);
  --warn: light-dark(#8a5200, #f0b35a);
  --warn-back: light-dark(#fdf0d9, #3a2c14);
  --bad: light-dark(#a8231c, #ff8a80);
  --bad-back: light-dark(#fde4e1, #401d1b);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.55 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
header { margin-bottom: 1.75rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: .6rem 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 .75rem; }
h3 { font-size: 1rem; margin: 0 0 .35rem; }
p { margin: 0 0 .6rem; }
p:last-child { margin-bottom: 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1.25rem 1.4rem; margin-top: 1rem; }
code, pre, .key, .value { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; font-size: .87em; }
code { overflow-wrap: anywhere; }
pre { overflow-x: auto; background: var(--page); border: 1px solid var(--line); border-radius: .4rem; padding: .8rem 1rem; margin: .6rem 0 0; }
.lead { font-size: 1.1rem; margin: 0 0 .2rem; }
.muted { color: var(--muted); font-weight: normal; }
.badge { display: inline-block; margin: 0; padding: .2rem .75rem; border-radius: 1rem; font-weight: 600; font-size: .87rem; }
.badge.good { color: var(--good); background: var(--good-back); }
.badge.warn { color: var(--warn); background: var(--warn-back); }
.badge.bad { color: var(--bad); background: var(--bad-back); }
.good { color: var(--good); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1px; padding: 0; overflow: hidden; }
.tile { outline: 1px solid var(--line); padding: 1rem 1.2rem; }
.tile strong { display: block; font-size: 1.55rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile span { color: var(--muted); font-size: .87rem; }
.tile.bad strong { color: var(--bad); }
.tile.good strong { color: var(--good); }
dl { margin: 0; }
dt { color: var(--muted); font-size: .87rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem; }
.facts > div { display: grid; grid-template-columns: 11rem 1fr; gap: .2rem 1rem; padding: .3rem 0; border-top: 1px solid var(--line); }
.facts > div:first-child { border-top: 0; }
.stack { display: flex; gap: 2px; height: .8rem; border-radius: .4rem; overflow: hidden; }
.stack span { min-width: 3px; }
.m0 { background: #3f7fd9; } .m1 { background: #35a58f; } .m2 { background: #d9953f; }
.m3 { background: #9a6fd0; } .m4 { background: #c75c7a; } .m5 { background: #7b8794; }
.legend { list-style: none; margin: .9rem 0 0; padding: 0; }
.legend li { display: flex; align-items: baseline; gap: .6rem; padding: .15rem 0; font-variant-numeric: tabular-nums; }
.legend b { margin-left: auto; }
.legend li > .muted { width: 4rem; text-align: right; }
.dot { width: .7rem; height: .7rem; border-radius: 50%; flex: none; }
.scroll { overflow: auto; max-height: 34rem; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th { text-align: left; color: var(--muted); font-weight: 500; font-size: .87rem; position: sticky; top: 0; background: var(--card); }
th, td { padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
.key { overflow-wrap: anywhere; }
.value { overflow-wrap: anywhere; min-width: 6rem; max-width: 16rem; }
.control { color: var(--warn); background: var(--warn-back); border-radius: .25rem; padding: 0 .2rem; font-size: .8em; }
.hash { background: var(--page); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem 1rem; }
.failure { border-top: 1px solid var(--line); padding: .9rem 0; }
.failure:first-of-type { border-top: 0; padding-top: 0; }
.failure p { margin: 0; }
.failure b { display: inline-block; min-width: 4.5rem; color: var(--muted); font-weight: 500; }
.failure ul { margin: .4rem 0 0; padding-left: 1.1rem; }
@media (max-width: 40rem) {
  .facts > div { grid-template-columns: 1fr; }
  thead { display: none; }
  tr { display: block; border-bottom: 1px solid var(--line); padding: .5rem 0; }
  td { display: block; border: 0; padding: 0; }
  td:empty { display: none; }
  .value { max-width: none; }
  td[data-of]::before { content: attr(data-of) ' '; color: var(--muted); font-family: system-ui, sans-serif; }
}
@media print { body { background: none; } .scroll { max-height: none; } section { break-inside: avoid; } }
`;
