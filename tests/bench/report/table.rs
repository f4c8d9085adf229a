//! The report for people: a line per figure.

use std::fmt;

use super::{Measured, Report, Row};

const HEAD: [&str; 7] = ["", "", "figure", "limit", "ratio", "target", "met"];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<Line> = self.rows.iter().flat_map(lines).collect();
        let cells = lines.iter().filter_map(|it| match it {
            Line::Cells(cells) => Some(cells),
            Line::Text(_) => None,
        });
        let mut widths = HEAD.map(|it| it.chars().count());
        for cells in cells {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        write_cells(f, &HEAD.map(str::to_owned), &widths)?;
        for line in &lines {
            match line {
                Line::Cells(cells) => write_cells(f, cells, &widths)?,
                Line::Text(text) => writeln!(f, "{text}")?,
            }
        }
        let void = self.rows.iter().filter(|it| it.outcome.is_err()).count();
        match (self.rows.len(), void) {
            (0, _) => writeln!(f, "no row's name contains {}", self.filters.join(" or ")),
            (rows, 0) => writeln!(f, "{rows} rows"),
            (rows, void) => writeln!(f, "{rows} rows, {void} of them VOID"),
        }
    }
}

enum Line {
    Cells([String; 7]),
    Text(String),
}

fn lines(row: &Row) -> Vec<Line> {
    let name = format!("{}: {}", row.group, row.name);
    let Measured { limit, note, figures } = match &row.outcome {
        Ok(measured) => measured,
        Err(why) => return vec![Line::Text(format!("{name}  VOID: {why}"))],
    };
    let mut lines = Vec::new();
    for (index, figure) in figures.iter().enumerate() {
        let with_unit = |value: f64| format!("{} {}", number(value), figure.unit);
        lines.push(Line::Cells([
            if index == 0 { name.clone() } else { String::new() },
            figure.name.to_owned(),
            with_unit(figure.value),
            figure.limit.map(with_unit).unwrap_or_default(),
            figure.ratio().map(number).unwrap_or_default(),
            figure.target().unwrap_or_default(),
            figure.is_met().map(|it| if it { "yes" } else { "NO" }.to_owned()).unwrap_or_default(),
        ]));
    }
    let more: Vec<_> = [("limit: ", *limit), ("", note.as_str())]
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(what, text)| format!("{what}{text}"))
        .collect();
    if !more.is_empty() {
        lines.push(Line::Text(format!("    {}", more.join("; "))));
    }
    lines
}

/// Names to the left, numbers to the right.
fn write_cells(
    f: &mut fmt::Formatter<'_>,
    cells: &[String; 7],
    widths: &[usize; 7],
) -> fmt::Result {
    let mut line = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        match column {
            2..=4 => line.push_str(&format!("{cell:>width$}  ")),
            _ => line.push_str(&format!("{cell:<width$}  ")),
        }
    }
    writeln!(f, "{}", line.trim_end())
}

/// Three digits that matter, and thousands apart.
pub(super) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        least if least >= 100.0 => 0,
        least if least >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && left % 3 == 0 && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if rest.is_empty() || rest.chars().all(|it| it == '0') {
        return grouped;
    }
    format!("{grouped}.{rest}")
}
