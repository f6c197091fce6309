"""The page's HTML, as a Jinja2 template: how it is built, and nothing of what it says."""

TEMPLATE = """\
{% macro linked(cell) %}
{% if cell.href %}<a href="{{ cell.href }}">{{ cell.text }}</a>{% else %}{{ cell.text }}{% endif %}
{% endmacro %}
{% macro filled(cell) %}
{% if cell.tone != "plain" %}<span class="pill {{ cell.tone }}">{{ linked(cell)|trim }}</span>\
{% else %}{{ linked(cell)|trim }}{% endif %}
{% if cell.note %}<span class="note">{{ cell.note }}</span>{% endif %}
{% endmacro %}
{% macro grid(table, rows, label) %}
<div class="scroll" role="region" aria-label="{{ label }}" tabindex="0">
<table role="table"{% if table.sums %} class="sums"{% endif %}>
<thead role="rowgroup"><tr role="row">
{% for column in table.columns %}
<th role="columnheader" scope="col"{% if column.number %} class="number"{% endif %}>{{ column.name }}</th>
{% endfor %}
</tr></thead>
<tbody role="rowgroup">
{% for row in rows %}
<tr role="row"{% if row.id %} id="{{ row.id }}"{% endif %}>
{% for cell in row.cells %}
<td role="cell" data-label="{{ table.columns[loop.index0].name }}"\
{% if table.columns[loop.index0].number %} class="number"{% elif table.columns[loop.index0].wide %} class="wide"{% endif %}>\
<span class="cell">{{ filled(cell)|trim }}</span></td>
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
</div>
{% endmacro %}
{% macro listed(table) %}
<section class="list" id="{{ table.id }}" aria-labelledby="{{ table.id }}-title">
<h{{ table.level }} id="{{ table.id }}-title">{{ table.title }}</h{{ table.level }}>
{% if table.lead %}<p class="lead">{{ table.lead }}</p>{% endif %}
{% if not table.rows %}
<p class="none">{{ table.empty }}</p>
{% else %}
{{ grid(table, table.first, table.title) }}
{% if table.others %}
<details><summary>{{ table.others|length|grouped }} more</summary>
{{ grid(table, table.others, table.title ~ ", continued") }}
</details>
{% endif %}
{% endif %}
{% if table.others %}
<p class="rest paper">The first {{ table.first|length|grouped }} of {{ table.total|grouped }}; the page itself has more.</p>
{% endif %}
{% if table.cut %}
<p class="rest{% if table.others %} screen{% endif %}">{{ table.rows|length|grouped }} of {{ table.total|grouped }} are shown{% if table.rest %}; \
all are in <code>{{ table.rest }}</code>{% endif %}.</p>
{% elif table.rest %}
<p class="rest">From <code>{{ table.rest }}</code>.</p>
{% endif %}
</section>
{% endmacro %}
{% macro drawn(chart, drawing) %}
{% set name = chart.id ~ "-" ~ drawing.size %}
<svg class="{{ drawing.size }}" viewBox="0 0 {{ drawing.width }} {{ drawing.height }}" role="img" \
aria-labelledby="{{ name }}-title {{ name }}-desc">
<title id="{{ name }}-title">{{ chart.title }}</title>
<desc id="{{ name }}-desc">{{ chart.says }}</desc>
{% for y in drawing.grid %}
<line class="grid{% if loop.first %} base{% endif %}" x1="46" x2="{{ drawing.width - 14 }}" y1="{{ y }}" y2="{{ y }}"/>
{% endfor %}
{% for rect in drawing.rects %}
<rect class="{{ rect.style }}" x="{{ rect.x }}" y="{{ rect.y }}" width="{{ rect.width }}" \
height="{{ rect.height }}"><title>{{ rect.told }}</title></rect>
{% endfor %}
{% if drawing.path %}<path class="line" d="{{ drawing.path }}"/>{% endif %}
{% for dot in drawing.dots %}
<circle class="dot" cx="{{ dot.x }}" cy="{{ dot.y }}" r="3.5"><title>{{ dot.told }}</title></circle>
{% endfor %}
{% for text in drawing.texts %}
<text class="{{ text.style }}" x="{{ text.x }}" y="{{ text.y }}" text-anchor="{{ text.anchor }}">{{ text.text }}</text>
{% endfor %}
</svg>
{% endmacro %}
{% macro charted(chart) %}
<figure class="chart" id="{{ chart.id }}">
<figcaption><strong>{{ chart.title }}</strong><span>{{ chart.says }}</span></figcaption>
{% for drawing in chart.drawings %}
{{ drawn(chart, drawing) }}
{% endfor %}
{% if chart.legend|length > 1 %}
<ul class="legend">
{% for style, name in chart.legend %}
<li><svg viewBox="0 0 14 14" aria-hidden="true"><rect class="{{ style }}" width="14" height="14" rx="2"/></svg>{{ name }}</li>
{% endfor %}
</ul>
{% endif %}
<details><summary>The numbers</summary>
<div class="scroll" role="region" aria-label="{{ chart.title }}, the numbers" tabindex="0"><table class="numbers">
<thead><tr><th scope="col">UTC day</th>{% for name in chart.head %}<th scope="col" class="number">{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in chart.data|reverse %}
{% set href = chart.hrefs[chart.data|length - 1 - loop.index0] if chart.hrefs else "" %}
<tr><th scope="row">{% if href %}<a href="{{ href }}">{{ row[0] }}</a>{% else %}{{ row[0] }}{% endif %}</th>\
{% for value in row[1:] %}<td class="number">{{ value }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
</details>
</figure>
{% endmacro %}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{{ page.headline }} \u2013 {{ page.title }}</title>
<style>{{ style|safe }}</style>
</head>
<body>
<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false"><defs>
<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
<rect class="hatch-ground" width="6" height="6"/><rect class="hatch-stroke" width="2" height="6"/></pattern>
<pattern id="dots" width="5" height="5" patternUnits="userSpaceOnUse">\
<rect class="dots-ground" width="5" height="5"/><circle class="dots-mark" cx="2.5" cy="2.5" r="1.1"/></pattern>
</defs></svg>
<header class="top">
<p class="title">{{ page.title }}</p>
<dl class="facts">
{% for name, value in page.facts %}
<div><dt>{{ name }}</dt><dd>{{ value }}</dd></div>
{% endfor %}
</dl>
</header>
<main>
<section class="verdict {{ page.tone }}" aria-labelledby="verdict">
<p class="word">{{ page.word }}</p>
<h1 id="verdict">{{ page.headline }}</h1>
<p class="detail">{{ page.detail }}</p>
</section>
{% if page.warnings %}
<div class="unread">
{{ listed(page.warnings) }}
</div>
{% endif %}
{% if page.figures %}
<ul class="figures" aria-label="In figures">
{% for figure in page.figures %}
<li class="{{ figure.tone }}"><a href="{{ figure.href }}"><span class="label">{{ figure.label }}</span> \
<span class="value">{{ figure.value }}</span> <span class="note">{{ figure.note }}</span></a></li>
{% endfor %}
</ul>
{% endif %}
{% if page.steps %}
<section id="first" class="steps" aria-labelledby="first-title">
<h2 id="first-title">What to do first</h2>
<ol>
{% for step in page.steps %}
<li class="{{ step.tone }}"><div><h3><a href="{{ step.href }}">{{ step.title }}</a></h3><p>{{ step.detail }}</p></div>\
{% if step.count %}<p class="count">{{ step.count }}</p>{% endif %}</li>
{% endfor %}
</ol>
</section>
{% endif %}
{% if page.sections %}
<nav aria-label="On this page"><ul>
{% for section in page.sections %}
<li><a href="#{{ section.id }}">{{ section.title }}</a></li>
{% endfor %}
</ul></nav>
{% endif %}
{% for section in page.sections %}
<section id="{{ section.id }}" class="part" aria-labelledby="{{ section.id }}-title">
<h2 id="{{ section.id }}-title">{{ section.title }}</h2>
<p class="lead">{{ section.lead }}</p>
{% if section.charts %}
<div class="charts">
{% for chart in section.charts %}
{{ charted(chart) }}
{% endfor %}
</div>
{% endif %}
{% for table in section.tables %}
{{ listed(table) }}
{% endfor %}
{% if section.notes %}
<dl class="notes">
{% for name, meaning in section.notes %}
<div><dt>{{ name }}</dt><dd>{{ meaning }}</dd></div>
{% endfor %}
</dl>
{% endif %}
</section>
{% endfor %}
</main>
<footer>
{% for line in page.foot %}
<p>{{ line }}</p>
{% endfor %}
</footer>
</body>
</html>
"""
