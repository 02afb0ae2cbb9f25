"""The style of the parts in `templates/parts.html`: part of the one style sheet that stands in a page.

What a colour says is always said in words as well. Every part keeps to 320 pixels, and to both directions.
"""

from __future__ import annotations

PARTS = """
:root{--good:light-dark(#166534,#86efac);--warning:light-dark(#854d0e,#fde047);--bad:light-dark(#b91c1c,#fca5a5)}
body{overflow-wrap:anywhere}
.button.quiet{background:none;color:var(--brand);border:2px solid var(--brand)}
.button.danger{background:none;color:var(--bad);border:2px solid var(--bad)}
.button:disabled{background:none;color:var(--soft);border:2px dashed var(--soft);cursor:not-allowed}
[hidden]{display:none!important}
.can-copy [data-copy][hidden],.script [data-message][hidden],.can-share .share li[hidden]{display:block!important}
.field{margin-block:1rem}
.field label{display:block;font-weight:600}
.field input:not([type=checkbox]),.field select,.field textarea{inline-size:100%;min-block-size:3rem;padding:.5rem .75rem;font:inherit;
color:inherit;background:var(--card);border:2px solid var(--soft);border-radius:min(var(--round),.75rem)}
.field textarea{display:block}
.field [aria-invalid]{border-color:var(--bad)}
.field :disabled{color:var(--soft);border-style:dashed;cursor:not-allowed}
.field .check{display:flex;gap:.75rem;align-items:start;min-block-size:2.75rem;padding-block:.5rem;font-weight:400}
.field [type=checkbox]{inline-size:1.5rem;block-size:1.5rem;margin:0;flex:none;accent-color:var(--brand)}
.hint{color:var(--soft);margin:0}
.error{color:var(--bad);font-weight:600;margin:.25rem 0 0}
.notice{background:var(--card);border:1px solid var(--line);border-inline-start:.375rem solid var(--brand);border-radius:min(var(--round),.75rem);
padding:.75rem 1rem;margin-block:var(--gap)}
.notice p{margin:0}
.notice.good{border-inline-start-color:var(--good)}.notice.warning{border-inline-start-color:var(--warning)}
.notice.bad{border-inline-start-color:var(--bad)}
.badge{display:inline-block;padding:0 .5rem;border:1px solid;border-radius:1rem;font-size:.875rem;font-weight:600;color:var(--soft)}
.badge.good{color:var(--good)}.badge.warning{color:var(--warning)}.badge.bad{color:var(--bad)}
.progress,.code-box{margin-block:.75rem}
.progress p{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem;margin:0 0 .25rem}
progress{appearance:none;display:block;inline-size:100%;block-size:.75rem;border:1px solid var(--soft);border-radius:1rem;overflow:hidden;
background:var(--card);color:var(--brand)}
progress::-webkit-progress-bar{background:var(--card)}
progress::-webkit-progress-value{background:var(--brand)}
progress::-moz-progress-bar{background:var(--brand)}
.timeline{list-style:none;padding:0;margin-inline-start:.5rem}
.timeline li{position:relative;margin:0;padding-block-end:1rem;padding-inline-start:1.75rem;border-inline-start:2px solid var(--line)}
.timeline li:last-child{border-color:transparent}
.timeline li::before{content:"";position:absolute;inset-block-start:.3rem;inset-inline-start:calc(-.5rem - 1px);inline-size:1rem;
block-size:1rem;border:2px solid var(--soft);border-radius:50%;background:var(--paper)}
.timeline .done::before{background:var(--good);border-color:var(--good)}
.timeline .now::before{border-color:var(--brand);border-width:.3rem}
.timeline .bad::before{background:var(--bad);border-color:var(--bad)}
.timeline p{margin:0}
.field .hint{margin-block-end:.375rem}
.stack{display:grid;gap:.75rem;margin-block:var(--gap)}.stack>p,.stack>form{margin:0}
.gift+form,.gift+.notice{margin-block-start:.75rem}
.signed{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:0 1rem;margin-block-start:3rem;
border-block-start:1px solid var(--line)}
.signed p{margin:0}.signed .button{inline-size:auto;border:0;padding:.5rem 0}
#camera video{display:block;inline-size:100%;border-radius:var(--round)}
.button[aria-busy=true]{cursor:progress}
.code-box .button{margin-block-start:.5rem}
.code{overflow-wrap:anywhere}
.share{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(9rem,45%),1fr));gap:.5rem;list-style:none;padding:0}
.share .button{padding-inline:.5rem}
.share li{margin:0}
.empty{text-align:center;border-style:dashed}
.figure .number{font-size:clamp(1.25rem,7vw,2rem);font-weight:700;line-height:1.3}
.figure p{margin:0}
.facts{margin:0 0 1rem}
.facts div{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem;padding-block:.5rem;border-block-end:1px solid var(--line)}
.facts dt{color:var(--soft)}
.facts dd{margin:0;font-weight:600}
.scroll{overflow-x:auto;margin-block:var(--gap)}
table{border-collapse:collapse;inline-size:100%;overflow-wrap:normal}
caption{text-align:start;font-weight:600;padding-block-end:.5rem}
th,td{text-align:start;padding:.5rem .75rem;border-block-end:1px solid var(--line)}
th{color:var(--soft)}
@media (width<30rem){th,td{padding-inline:.375rem}}
td.number,th.number{text-align:end;font-variant-numeric:tabular-nums}
tr.here{font-weight:700;box-shadow:inset 0 0 0 2px var(--brand)}
.tabs ul{margin-block:1rem;gap:0 1rem;border-block-end:1px solid var(--line)}
.tabs a{display:block;padding-block:.75rem .5rem;border-block-end:.25rem solid transparent;text-decoration:none}
.tabs a[aria-current]{border-color:var(--brand);font-weight:700}
.lines{list-style:none;padding:0}
.lines li{margin:0;padding-block:.75rem;border-block-end:1px solid var(--line)}
.lines a{font-weight:600}
.lines form,form+form{margin-block-start:.5rem}
.scale{border:0;padding:0;margin:1rem 0}
.scale legend{font-weight:600;padding:0}
.scale .ends{display:flex;justify-content:space-between;gap:1rem;margin:0;color:var(--soft)}
.scale .numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(2.75rem,1fr));gap:.25rem}
.scale label{display:grid;justify-items:center;min-block-size:2.75rem;padding:.25rem;border:1px solid var(--line);border-radius:.5rem}
.scale input{inline-size:1.25rem;block-size:1.25rem;margin:0;accent-color:var(--brand)}
.address{overflow-wrap:anywhere}
.chart{display:block;inline-size:100%;block-size:auto;margin-block:var(--gap)}
.chart rect{fill:var(--brand)}.chart line{stroke:var(--soft)}.chart text{fill:currentColor;font:12px var(--font);text-anchor:middle}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(13rem,100%),1fr));gap:.5rem}
nav a[aria-current]{font-weight:700;text-decoration:none}
.own-words{white-space:pre-wrap}
img.qr{display:block;max-inline-size:100%;block-size:auto;margin-inline:auto}
.qr svg{display:block;max-inline-size:100%;block-size:auto;margin-inline:auto}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(9rem,100%),1fr));gap:1rem}
@media print{.share,.tabs{display:none}.card,.notice,.timeline li{break-inside:avoid}.scroll{overflow:visible}}
@media (forced-colors:active){progress::-webkit-progress-value{background:Highlight}.timeline .done::before{background:CanvasText}}
"""
