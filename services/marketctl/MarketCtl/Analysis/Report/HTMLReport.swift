import ServiceKit

/// An analysis as one page: no scripts, nothing from elsewhere, light or dark as the reader's system is.
struct HTMLReport {
    private let report: AnalysisReport

    init(_ report: AnalysisReport) { self.report = report }

    var text: String {
        let plots = AnalysisPlots(report)
        let title = report.title.escapedForHTML
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(title)</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            <main>
            <header>
            <h1>\(title)</h1>
            <p>\(report.subtitle.escapedForHTML)</p>
            </header>
            \(figure("Price and volume", plots.price, Self.priceCaption))
            \(figure("Drawdown", plots.drawdown, "Closes under the highest close before."))
            <div class="pair">
            \(figure("Returns per candle", plots.returns, Self.returnCaption))
            \(figure("Volume by price", plots.profile, Self.profileCaption))
            </div>
            \(figuresTable)
            \(report.tables.map(section).joined(separator: "\n"))
            <footer><p>\(AnalysisReport.exactness.escapedForHTML)</p>
            <p>marketctl \(Version.text.escapedForHTML)</p></footer>
            </main>
            </body>
            </html>

            """
    }

    private static let priceCaption = "Line: closes. Thin strokes: lowest to highest price. Bars: volume."
    private static let returnCaption = "Logarithmic; the outermost bars hold what lies beyond them."
    private static let profileCaption =
        "Each candle's volume is spread over its prices. Strongest: point of control; middle: value area (70 %)."

    private func figure(_ heading: String, _ plot: String, _ caption: String) -> String {
        """
        <section>
        <h2>\(heading.escapedForHTML)</h2>
        <figure>
        \(plot)
        <figcaption>\(caption.escapedForHTML)</figcaption>
        </figure>
        </section>
        """
    }

    private var figuresTable: String {
        let rows = report.figures.map { figure in
            "<tr><th scope=\"row\">\(figure.name.escapedForHTML)</th><td class=\"number\">"
                + "\(figure.value.escapedForHTML)</td><td class=\"note\">\(figure.note.escapedForHTML)</td></tr>"
        }
        return """
            <section>
            <h2>Figures</h2>
            <div class="wide"><table>
            <thead>
            <tr><th scope="col">figure</th><th scope="col" class="number">value</th><th scope="col">note</th></tr>
            </thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table></div>
            </section>
            """
    }

    private func section(_ table: AnalysisReport.Table) -> String {
        guard !table.rows.isEmpty else {
            return "<section><h2>\(table.title.escapedForHTML)</h2><p>There are none.</p></section>"
        }
        func style(_ index: Int) -> String { table.numeric.contains(index) ? " class=\"number\"" : "" }
        let header = table.header.enumerated().map { index, text in
            "<th scope=\"col\"\(style(index))>\(text.escapedForHTML)</th>"
        }
        let rows = table.rows.map { row in
            "<tr>"
                + row.enumerated().map { "<td\(style($0.offset))>\($0.element.escapedForHTML)</td>" }.joined() + "</tr>"
        }
        return """
            <section>
            <h2>\(table.title.escapedForHTML)</h2>
            <div class="wide"><table>
            <thead><tr>\(header.joined())</tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table></div>
            </section>
            """
    }
}
