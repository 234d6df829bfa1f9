// The script of sweep.html: the style, sorting it, showing and hiding curves.
#pragma once

#include <string_view>

namespace sweep {

// A row's data-curve is the number of its curve, and cells of the class `same` say what all rows say. The chart's own
// script comes later in the page.
inline constexpr std::string_view page_script = R"js(<script>
'use strict';
{
  document.head.append(Object.assign(document.createElement('style'), {textContent: `
    #runs { font-size: .75rem; }
    #runs :is(th, td) { padding: .25rem .3rem; }
    #runs tbody tr { cursor: pointer; }
    #runs tbody tr:hover { background: var(--soft); }
    #runs button { all: unset; cursor: pointer; }
    #runs button:focus-visible { outline: 2px solid var(--faint); }
    #runs [aria-sort=ascending] button::after { content: ' ▴'; }
    #runs [aria-sort=descending] button::after { content: ' ▾'; }
    @media (max-width: 40rem) { #runs .same { display: none; } }
    @media print { #runs { font-size: .6rem; } #runs .same { display: none; } .scroll { overflow: visible; } }
  `}));

  const table = document.getElementById('runs'), body = table.tBodies[0], chart = document.getElementById('curves');
  const rows = [...body.rows], heads = [...table.tHead.rows[0].cells];

  // wanted(row, i): whether the curve of the i-th row shall be seen. All are drawn once.
  const is_shown = mark => mark.getAttribute('aria-pressed') === 'true';
  const show = (some, wanted) => {
    const changes = {};
    some.forEach((row, i) => {
      const mark = row.querySelector('button'), yes = mark && wanted(mark, i);
      if (!mark || !chart.show || is_shown(mark) === yes) return;
      mark.setAttribute('aria-pressed', yes);
      mark.textContent = yes ? '●' : '○';
      changes[row.dataset.curve] = yes;
    });
    if (Object.keys(changes).length > 0) chart.show(changes);
  };
  for (const row of rows) row.addEventListener('click', () => show([row], mark => !is_shown(mark)));
  for (const button of document.querySelectorAll('button[data-first]'))
    button.addEventListener('click', () => show([...body.rows], (_, i) => i < Number(button.dataset.first)));

  // Words in the order of the alphabet, numbers in theirs, and what is none at the end either way.
  heads.forEach((head, column) => head.querySelector('button')?.addEventListener('click', () => {
    const down = head.getAttribute('aria-sort') === 'ascending', words = head.classList.contains('name');
    heads.forEach(other => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const key = row => {
      const text = row.cells[column].textContent;
      return words ? text : text === '' ? NaN : Number(text.replace(' %', ''));
    };
    const compare = (a, b) => words ? a.localeCompare(b, 'en', {numeric: true})
      : Number.isNaN(a) || Number.isNaN(b) ? 0 : a - b;
    const keyed = rows.map(row => [key(row), row]);
    keyed.sort(([a], [b]) => Number.isNaN(a) - Number.isNaN(b) || (down ? -1 : 1) * compare(a, b));
    body.append(...keyed.map(([, row]) => row));
  }));

  // Losses that end in infinity would leave no room for the others: their curves are hidden at first.
  addEventListener('DOMContentLoaded', () => show(rows.filter(row => 'diverged' in row.dataset), () => false));
}
</script>
)js";

}  // namespace sweep
