// Draws the charts of a report page from the JSON beside each canvas. The page is complete without: captions, marks and values are HTML.
"use strict";
(() => {
  const charts = [];
  const color = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const seriesColor = index => color("series-" + (index % 6 + 1));
  const number = value => Number.isInteger(value) ? String(value) : Number(value).toPrecision(6).replace(/\.?0+($|e)/, "$1");
  const overLabels = form => form === "bar" || form === "stacked-bar" || form === "interval";

  // A logarithmic axis has no place for 0 and below.
  const plottable = (value, data) => value === null || (data.log && value <= 0) ? null : value;

  function labels(data) {
    const known = new Set();
    for (const series of data.series) {
      for (const point of series.points) {
        known.add(point.label ?? String(point.x));
      }
    }
    return [...known];
  }

  function byLabel(series, all, pick) {
    const values = new Map(series.points.map(point => [point.label ?? String(point.x), pick(point)]));
    return all.map(label => values.get(label) ?? null);
  }

  function datasets(data) {
    if (data.form === "interval") {
      const all = labels(data);
      return data.series.flatMap((series, index) => [
        {
          type: "line", label: series.name, xAxisID: "x", yAxisID: "y", showLine: false, pointRadius: 4, pointStyle: "rectRot", order: 0,
          borderColor: seriesColor(index), backgroundColor: seriesColor(index),
          data: byLabel(series, all, point => plottable(point.y, data)).map((value, at) => ({ x: value, y: all[at] })).filter(point => point.x !== null),
        },
        {
          type: "bar", label: series.name + " interval", barThickness: 3, order: 1, borderWidth: 0, backgroundColor: seriesColor(index) + "80",
          data: byLabel(series, all, point => point.low === undefined || point.low === null || point.high === null ? null : [point.low, point.high]),
        },
      ]);
    }
    if (overLabels(data.form)) {
      const all = labels(data);
      return data.series.map((series, index) => ({
        label: series.name, backgroundColor: seriesColor(index), maxBarThickness: 48, data: byLabel(series, all, point => plottable(point.y, data)),
      }));
    }
    return data.series.map((series, index) => ({
      label: series.name, parsing: false, borderColor: seriesColor(index), backgroundColor: seriesColor(index), borderWidth: 1.3,
      pointRadius: data.form === "scatter" ? 2.5 : series.points.length < 60 ? 2 : 0, pointHitRadius: 6,
      data: series.points.filter(point => point.x !== null).map(point => ({ x: point.x, y: plottable(point.y, data) })),
    }));
  }

  function range(data) {
    let [from, to] = [Infinity, -Infinity];
    for (const series of data.series) {
      for (const point of series.points) {
        if (point.x !== null) {
          from = Math.min(from, point.x);
          to = Math.max(to, point.x);
        }
      }
    }
    return { from, to };
  }

  function extent(data) {
    const { from, to } = range(data);
    return to - from || 1;
  }

  function annotations(data) {
    if (overLabels(data.form)) {
      return {};
    }
    const narrow = extent(data) / 250;
    const wide = extent(data) / 2;
    const marks = {};
    data.marks.forEach((mark, index) => {
      const line = mark.to - mark.from < narrow;
      marks["mark" + index] = {
        type: line ? "line" : "box", borderColor: color(mark.severity), borderWidth: line ? 1.5 : 1, drawTime: "beforeDatasetsDraw",
        // What covers most of a run is told by its frame; a strong tint would hide the curve.
        backgroundColor: color(mark.severity) + (mark.to - mark.from > wide ? "0d" : "26"),
        xMin: line ? (mark.from + mark.to) / 2 : mark.from, xMax: line ? (mark.from + mark.to) / 2 : mark.to,
        label: {
          display: data.marks.length <= 16, content: mark.finding, position: line ? "end" : { x: "start", y: "start" },
          // Neighbours stand below each other, so that both can be read.
          yAdjust: index % 4 * 14, drawTime: "afterDatasetsDraw",
          backgroundColor: color("card"), color: color(mark.severity), font: { size: 10, weight: "bold" }, padding: 2,
        },
        click: () => { location.hash = mark.finding; },
        enter: context => { context.chart.canvas.style.cursor = "pointer"; },
        leave: context => { context.chart.canvas.style.cursor = ""; },
      };
    });
    return marks;
  }

  function axis(title, logarithmic, extra) {
    return {
      type: logarithmic ? "logarithmic" : "linear", title: { display: title !== "", text: title, color: color("soft") },
      grid: { color: color("line") }, ticks: { color: color("soft"), maxTicksLimit: 8, includeBounds: false, callback: number, maxRotation: 0 }, ...extra,
    };
  }

  function labelAxis(title, all) {
    return {
      type: "category", labels: all, title: { display: title !== "", text: title, color: color("soft") },
      grid: { display: false }, ticks: { color: color("soft"), autoSkip: all.length > 40 },
    };
  }

  function config(data) {
    const all = overLabels(data.form) ? labels(data) : [];
    const interval = data.form === "interval";
    const stacked = data.form === "stacked-bar";
    const { from, to } = range(data);
    const scales = interval
      ? { x: axis(data.y, data.log, {}), y: labelAxis(data.x, all) }
      : {
        x: overLabels(data.form) ? labelAxis(data.x, all) : axis(data.x, false, from < to ? { min: from, max: to } : {}),
        y: axis("", data.log, {}),
      };
    if (stacked) {
      scales.x.stacked = true;
      scales.y.stacked = true;
    }
    return {
      type: overLabels(data.form) ? "bar" : data.form,
      data: { labels: all, datasets: datasets(data) },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, indexAxis: interval ? "y" : "x", scales,
        interaction: { mode: "nearest", axis: interval ? "y" : "x", intersect: false },
        plugins: {
          legend: {
            display: data.series.length > 1,
            labels: { color: color("ink"), boxWidth: 12, boxHeight: 8, filter: item => !interval || !item.text.endsWith(" interval") },
          },
          annotation: { annotations: annotations(data) },
        },
      },
    };
  }

  function drawAll() {
    for (const drawn of charts.splice(0)) {
      drawn.destroy();
    }
    for (const canvas of document.querySelectorAll(".plot canvas")) {
      const data = JSON.parse(document.getElementById(canvas.id + "-data").textContent);
      if (overLabels(data.form)) {
        const rows = labels(data).length;
        if (data.form === "interval") {
          canvas.parentElement.style.height = Math.min(80, Math.max(8, 5 + 1.5 * rows)) + "rem";
        }
      }
      charts.push(new Chart(canvas, config(data)));
    }
    document.documentElement.dataset.charts = String(charts.length);
  }

  // A print-out and a changed colour scheme take their colours from the style sheet anew.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  matchMedia("print").addEventListener("change", drawAll);
  drawAll();
})();
