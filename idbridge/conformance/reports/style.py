"""How the page of a run looks: on a wide screen and on a phone, by day and by night, and on paper."""

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --ink: #15202b; --soft: #4e5b68; --line: #c9d2da; --paper: #fff; --tint: #f3f6f8; --deep: #0b4f6c;
  --good: #0a6b3d; --good-tint: #e6f4ec; --bad: #a3211b; --bad-tint: #fbeceb; --open: #7a5200; --open-tint: #fdf3dd;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8edf2; --soft: #a7b3bf; --line: #36424e; --paper: #11181f; --tint: #1a232c; --deep: #7cc4e2;
    --good: #79d6a4; --good-tint: #12291e; --bad: #ff9b94; --bad-tint: #331817; --open: #f0c36a; --open-tint: #2e2410;
  }
}
*, *::before, *::after { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif }
main, header, footer { max-width: 64rem; margin: 0 auto; padding: 0 1rem }
header { padding-block: 1rem 0; color: var(--soft) }
footer { padding-block: 1rem 2rem; color: var(--soft); border-top: 1px solid var(--line); margin-top: 2rem }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .5rem }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.25rem 0 .5rem }
h3 { font-size: 1.05rem; line-height: 1.4; margin: 0 0 .5rem }
p { margin: .25rem 0 .75rem }
a { color: var(--deep) }
:focus-visible { outline: 3px solid var(--deep); outline-offset: 2px }
code, pre { font: .85em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace }
.verdict, .card { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; margin: 1rem 0;
  background: var(--tint) }
.verdict { border-width: 2px; border-inline-start-width: .6rem; margin-top: .5rem }
.verdict.good { border-color: var(--good); background: var(--good-tint) }
.verdict.bad { border-color: var(--bad); background: var(--bad-tint) }
.verdict.good h1 { color: var(--good) } .verdict.bad h1 { color: var(--bad) }
h1 .left { display: block; font-size: 1rem; line-height: 1.45; font-weight: 600; margin-top: .25rem }
.verdict ul { margin: .5rem 0 0; padding-inline-start: 1.25rem }
.verdict > :last-child, .card > :last-child { margin-bottom: 0 }
.card.failed { border-inline-start: .4rem solid var(--bad) }
.card.waived { border-inline-start: .4rem solid var(--open) }
.note { border-inline-start: .3rem solid var(--open); padding: .4rem .75rem; background: var(--open-tint) }
.quiet { color: var(--soft); font-size: .95em }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1rem 0 }
dl { display: grid; grid-template-columns: minmax(6.5rem, max-content) 1fr; gap: .35rem 1rem; margin: .5rem 0 }
dt { color: var(--soft) } dd { margin: 0; min-width: 0 } dd p { margin: 0 }
.counts { overflow-wrap: normal }
pre { margin: 0; padding: .6rem .75rem; max-height: 14rem; overflow: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; background: var(--paper); border: 1px solid var(--line); border-radius: .4rem }
table { border-collapse: collapse; width: 100%; font-size: .9rem; line-height: 1.45 }
th, td { text-align: start; vertical-align: top; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line) }
thead th { color: var(--soft); font-weight: 600 }
tbody th { font-weight: 400 }
td.number, th.number { text-align: end; font-variant-numeric: tabular-nums; padding-inline-end: 1rem }
.matrix th:first-child { width: 9.5rem } .matrix td:last-child { width: 9rem; padding-inline-end: 0 }
.matrix code { white-space: nowrap }
.mark { display: inline-block; font-weight: 600; border-radius: .3rem; padding: .05rem .45rem; line-height: 1.4 }
.mark.good { color: var(--good); background: var(--good-tint) }
.mark.bad { color: var(--bad); background: var(--bad-tint) }
.mark.open { color: var(--open); background: var(--open-tint) }
.mark.none { color: var(--soft); background: var(--tint) }
svg { display: block; width: 100%; height: 1.4rem; border-radius: .3rem }
.passed { fill: var(--good) } .failed { fill: var(--bad) } .error { fill: var(--bad); fill-opacity: .55 }
.expected-failure { fill: var(--open) } .not-implemented { fill: var(--line) }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; margin: .5rem 0 1rem }
.legend svg { display: inline-block; width: .9rem; height: .9rem; vertical-align: -.1rem; margin-inline-end: .35rem }
.bar { display: grid; grid-template-columns: 11rem 1fr; gap: .25rem 1rem; align-items: center; margin: .5rem 0 }
@media (max-width: 40rem) {
  .bar { grid-template-columns: 1fr }
  .counts, .counts tbody { display: block } .counts tbody th { grid-column: 1 / -1; border: 0; font-weight: 600 }
  .counts tr { display: grid; grid-template-columns: 1fr 1fr; border-bottom: 1px solid var(--line); padding: .25rem 0 }
  .counts td.number { display: flex; justify-content: space-between; gap: .5rem; border: 0;
    padding: .15rem 1rem .15rem 0 }
  .counts td.number::before { content: attr(data-head); color: var(--soft); text-align: start }
  dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .5rem }
  .matrix, .matrix tbody, .matrix tr, .matrix td, .matrix tbody th { display: block; width: auto !important }
  .matrix thead, .counts thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .matrix tr { border-bottom: 1px solid var(--line); padding: .5rem 0 }
  .matrix td, .matrix tbody th { border: 0; padding: .1rem 0 }
}
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #333; --line: #999; --paper: #fff; --tint: #fff; --deep: #000;
    --good: #0a6b3d; --good-tint: #fff; --bad: #a3211b; --bad-tint: #fff; --open: #7a5200; --open-tint: #fff }
  body { font-size: 9.5pt }
  main, header, footer { max-width: none; padding-inline: 0 }
  nav { display: none }
  pre { max-height: none }
  tr, .card, .bar { break-inside: avoid } .card pre { break-inside: auto }
  h2, h3 { break-after: avoid }
  svg { print-color-adjust: exact; -webkit-print-color-adjust: exact }
}
"""
